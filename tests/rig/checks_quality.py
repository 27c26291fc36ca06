"""Faces that are covered, in fog or upside down before the camera of a door in operation, with their own badge."""

import re
import time
from pathlib import Path

import cv2
import numpy as np

from convert.measuring.degradations import degrade
from device.images import read_image
from device.settings.tables import VisionSettings
from device.vision.faces import load_analyzer
from device.vision.models import shipped_models_dir
from tests.rig.camera import GRACE
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import AGAIN_S, BADGES, Rig, new_rig

CHECKS = Room("quality")
NEW = "17:1010"
SETTLE_S = 1.5
WORSE = {
    "mask-white": {"face-covered", "face-unclear"},
    "mask-black": {"face-covered", "face-unclear"},
    "glasses": {"eyes-covered"},
    "contrast-0.15": {"face-foggy"},
    "turned-180": {"picture-turned", "face-unclear"},
}
"""Each condition, and the reasons that fit it at the door."""
NO_REFERENCES = (*WORSE, "hat", "jpeg-5", "noise-40")
"""Those that no reference may have; at the door a hat is no hindrance to the holder."""


@CHECKS.check(
    "the holder comes masked, with dark glasses, in fog, upside down",
    "0 grants, each time with a reason that fits; uncovered again, granted",
    Size(small=1, full=3),
)
def worse(times: int) -> Finding:
    figures, refused, granted = Figures(), 0, 0
    with new_rig(strike_time_s=0.2) as rig:
        pictures = _pictures(rig.folder)
        rig.start()
        for _ in range(times):
            for name, reasons in WORSE.items():
                rig.camera.shows_picture(pictures[name])
                refused += _reason(rig, BADGES[GRACE]) in reasons
            figures.true("the strike stayed secure", "the strike was released", kept=not rig.board.is_released())
            rig.camera.shows(GRACE)
            granted += _reason(rig, BADGES[GRACE]) == "match"
    figures.count("refused with a fitting reason", refused, times * len(WORSE))
    figures.count("granted uncovered", granted, times)
    return figures.finding(times)


@CHECKS.check(
    "pictures for enrollment that are masked, with dark glasses, noisy, in fog, upside down",
    "none becomes a reference, each is named with its reason; the clean one does",
    Size(small=1, full=3),
)
def references(times: int) -> Finding:
    figures, left_out, kept = Figures(), 0, 0
    for _ in range(times):
        with new_rig() as rig:
            pictures = _pictures(rig.folder)
            clean = shipped_models_dir() / "portraits" / f"{GRACE}.jpg"
            done = rig.lintel("enroll", NEW, *pictures.values(), clean, "--name", "Ada", "--basis", "law")
            left_out += sum(Path(picture).name in done.out + done.err for picture in pictures.values())
            kept += bool(re.search(r"\b1 reference\b", done.out + done.err))
    figures.count("left out and named", left_out, times * len(NO_REFERENCES))
    figures.count("one reference kept", kept, times)
    return figures.finding(times)


def _pictures(folder: Path) -> dict[str, str]:
    """The portrait in each condition, as a file."""
    analyzer = load_analyzer(VisionSettings(threads=1))
    portrait = read_image(shipped_models_dir() / "portraits" / f"{GRACE}.jpg")
    mesh = analyzer.mesh.locate(portrait, analyzer.detector.detect(portrait)[0])
    paths = {name: str(folder / f"{name}.png") for name in NO_REFERENCES}
    for name, path in paths.items():
        cv2.imwrite(path, np.ascontiguousarray(degrade(name, portrait, mesh, seed=0)[..., ::-1]))
    return paths


def _reason(rig: Rig, badge: str) -> str:
    time.sleep(SETTLE_S)
    _, answer = rig.swiped(badge)
    time.sleep(AGAIN_S)
    found = re.search(r"\(([a-z-]+)\)", answer)
    return found.group(1) if found else answer
