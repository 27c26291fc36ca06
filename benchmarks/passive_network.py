"""What a presentation-attack network says of live people and of attacks, by windows of 2 s.

    python benchmarks/passive_network.py [--network attack-networks/minifasnet-v2] [--data ../shared/data]

Six frames a second of the first 30 s of each clip. A frame counts if it shows one face, frontal within 25 degrees of
yaw and pitch, with 1.2 face boxes of room around it. A window is 2 s of a clip with at least 8 such frames; its value
is the mean probability of a live face. Windows of one clip are one presentation, so the clips are counted as well: a
clip is taken for live if any of its windows is. The network and its terms are the owner's; none comes with Lintel.
Without one, or without data, only the crops of the two portraits that came with Lintel are timed.
"""

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from device.cameras.files import video_frames
from device.images import image_files, read_image
from device.records import Box, Image
from device.settings.tables import VisionSettings
from device.vision.attack.passive import PassiveNetwork, Room, crop_around, load_passive
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.models import shipped_models_dir
from device.vision.quality.pose import pose

KINDS = {
    "live": ("a/real.mp4", "b/real.mp4", "more/live/*"),
    "monitor": ("a/fake.mp4",),
    "phone, bezel in view": ("b/fake.mp4", "more/phone/*"),
    "phone fills the view": ("more/phone-full-view/*",),
}
STILLS = {
    "live stills": ("more/live-stills/*", "stills/image_T*"),
    "print stills": ("more/print-stills/*",),
    "other attack stills": ("stills/image_F*",),
}
RATE_FPS = 6
CLIP_S = 30
WINDOW_S = 2
LEAST_FRAMES = 8
FRONTAL = 25.0
"""Degrees of yaw and pitch."""
USUAL_SCALE = 2.7
ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Clip:
    """The mean probability of a live face in each window, and frames that were asked about or had too little room."""

    windows: tuple[float, ...]
    frames: int
    too_near: int


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--network", type=Path, help="the pair, without .tflite")
    arguments.add_argument("--data", default=os.environ.get("LINTEL_DATA", ""), help="none: the portraits")
    chosen = arguments.parse_args()
    analyzer = load_analyzer(VisionSettings(threads=1))
    network = load_passive(chosen.network.name, chosen.network.parent) if chosen.network else None
    report_cost(analyzer, network)
    if network is None or not chosen.data:
        return
    folder = Path(chosen.data) / "attack"
    print(f"live from {network.threshold:g} on; windows: lowest, median, highest mean; in doubt from 0.3")
    for kind, patterns in KINDS.items():
        report_clips(kind, list(files(folder, patterns)), analyzer, network)
    for kind, patterns in STILLS.items():
        report_stills(kind, list(files(folder, patterns)), analyzer, network)


def files(folder: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(folder.glob(pattern))


def report_clips(kind: str, paths: list[Path], analyzer: FaceAnalyzer, network: PassiveNetwork) -> None:
    clips = [watched(path, analyzer, network) for path in paths]
    for path, clip in zip(paths, clips, strict=True):
        values = np.array(clip.windows)
        known = (values.min(), np.median(values), values.max()) if len(values) else ()
        spread = ", ".join(f"{value:.2f}" for value in known) or "none"
        near = f", {clip.too_near} without a verdict" if clip.too_near else ""
        print(
            f"  {path.parent.name}/{path.name:12s} {len(clip.windows):3d} windows {spread} ({clip.frames} frames{near})"
        )
    windows = np.concatenate([clip.windows for clip in clips])
    taken = sum(any(value >= network.threshold for value in clip.windows) for clip in clips)
    live = int((windows >= network.threshold).sum())
    doubt = int(((windows >= 0.3) & (windows < network.threshold)).sum())
    judged = sum(bool(clip.windows) for clip in clips)
    print(f"{kind}: {live} of {len(windows)} windows live, {doubt} in doubt; {taken} of {judged} clips")


def report_stills(kind: str, paths: list[Path], analyzer: FaceAnalyzer, network: PassiveNetwork) -> None:
    said = [answer(read_image(path), analyzer, network) for path in paths]
    judged = [live for live in said if live is not None]
    taken = sum(live >= network.threshold for live in judged)
    print(f"{kind}: {taken} of {len(judged)} live, {len(said) - len(judged)} without a verdict")


def watched(path: Path, analyzer: FaceAnalyzer, network: PassiveNetwork) -> Clip:
    """What the network says of a clip, window by window."""
    capture = cv2.VideoCapture(str(path))
    fps = capture.get(cv2.CAP_PROP_FPS) or 30.0
    capture.release()
    said: dict[int, list[float]] = defaultdict(list)
    frames = too_near = 0
    for number, image in enumerate(video_frames(path)):
        at = number / fps
        if at >= CLIP_S:
            break
        if int(at * RATE_FPS) == int((number - 1) / fps * RATE_FPS) and number:
            continue
        box = frontal_face(image, analyzer)
        if box is None:
            continue
        live = network.live(image, box)
        frames, too_near = frames + 1, too_near + (live is None)
        if live is not None:
            said[int(at / WINDOW_S)].append(live)
    windows = tuple(float(np.mean(lives)) for _, lives in sorted(said.items()) if len(lives) >= LEAST_FRAMES)
    return Clip(windows, frames, too_near)


def answer(image: Image, analyzer: FaceAnalyzer, network: PassiveNetwork) -> float | None:
    """What the network says of a still, frontal or not; None without a face or room."""
    faces = analyzer.detector.detect(image)
    return network.live(image, faces[0].box) if faces else None


def frontal_face(image: Image, analyzer: FaceAnalyzer) -> Box | None:
    """The box of the only face, if it looks ahead."""
    faces = analyzer.detector.detect(image)
    if len(faces) != 1:
        return None
    yaw, pitch, _ = pose(analyzer.mesh.locate(image, faces[0]))
    return faces[0].box if max(abs(yaw), abs(pitch)) <= FRONTAL else None


def report_cost(analyzer: FaceAnalyzer, network: PassiveNetwork | None) -> None:
    """The crops of the portraits, and the time that a verdict takes."""
    for path in image_files(shipped_models_dir() / "portraits"):
        image = read_image(path)
        box = analyzer.detector.detect(image)[0].box
        scale = network.spec.crop_scale if network else USUAL_SCALE
        crop = crop_around(box, image.shape[:2], scale)
        assert crop.room is Room.ENOUGH
        begin = time.perf_counter()
        for _ in range(ROUNDS):
            if network is None:
                cv2.resize(crop.of(image), (80, 80))
            else:
                network.live(image, box)
        spent_ms = (time.perf_counter() - begin) / ROUNDS * 1000
        what = "a crop" if network is None else "a verdict"
        print(f"{path.stem}: {crop.scale:.2f} face boxes of {scale:g}, {what} in {spent_ms:.2f} ms")


if __name__ == "__main__":
    main()
