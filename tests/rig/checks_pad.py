"""Presentation attacks: what a door demands by its wires, what asks for a turn, and what is kept of its empty view."""

import os
import re
import shutil
import time
from pathlib import Path

import cv2
import msgspec
import numpy as np

from device.records import DoorStatus
from device.vision.manifest import read_manifest, write_manifest
from device.vision.models import EMBEDDING, shipped_models_dir
from tests.rig.board import STRIKE
from tests.rig.camera import EILEEN, GRACE
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import BADGES, Rig, Wanted, device, new_rig
from tests.rig.strace import kill_at_rename_in

CHECKS = Room("pad")
LEFT, RIGHT = 5, 6
FIRST_VERSION = """
[door]
pin = {strike}
active_high = true
strike_time_s = 0.5
[reader]
source = "{badges}"
[camera]
source = "{camera}"
width = 640
height = 480
max_age_s = 0.5
[vision]
threads = 1
[access]
probes = 3
face_timeout_s = 2.0
[store]
state_dir = "{state}"
"""
LAMPS = """
[[doors.outputs]]
signal = "turn-left"
pin = {left}
[[doors.outputs]]
signal = "turn-right"
pin = {right}
"""
NOT_STOPPED = "presentation attack detection passive; no prompt: a print is not stopped"
LEARNT_S = 90.0
"""Within this long without a person an empty view is known: a minute's pictures, one each 10 s."""
MOVED = Wanted("the view changed", lambda status: any("view has changed" in one for one in status.troubles))


def swiped_by_line(rig: Rig, badges: Path, badge: str) -> str:
    """Writes a badge into the reader's FIFO; what was answered."""
    count = len(rig.answers())
    descriptor = os.open(badges, os.O_WRONLY)
    os.write(descriptor, f"{badge}\n".encode())
    os.close(descriptor)
    return rig.answer_after(count)


@CHECKS.check(
    "settings of the first version, on today's Lintel",
    "each holder granted, each stranger denied, and the start says that a print is not stopped",
    Size(small=1, full=5),
)
def upgraded(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        badges = rig.folder / "badges"
        os.mkfifo(badges)
        words = {"strike": STRIKE, "badges": badges, "camera": device(rig.folder / "video0"), "state": rig.state}
        rig.settings.write_text(FIRST_VERSION.format(**words))
        rig.camera.shows(EILEEN)
        rig.start()
        time.sleep(2.0)
        own, other = [], []
        for number in range(times):
            time.sleep(4.0 if number else 0.0)  # the default hold time
            own.append(swiped_by_line(rig, badges, BADGES[EILEEN]))
            other.append(swiped_by_line(rig, badges, BADGES[GRACE]))
        said, status = rig.running.errors(), rig.lintel("door", "status").out
    figures.count("grants", sum("GRANTED (match)" in one for one in own), times)
    figures.count("strangers denied", sum("DENIED" in one for one in other), times)
    is_said = NOT_STOPPED in said and "presentation attacks: passive; no prompt: a print is not stopped" in status
    figures.true("start and status say it", "start or status do not say it", kept=is_said)
    return figures.finding(times)


@CHECKS.check(
    "a print of the holder at a door with two lamps",
    "0 grants, a lamp lit for each try, never both",
    Size(small=1, full=5),
    in_suite=True,
)
def prompted(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        said = rig.settings.read_text()
        rig.settings.write_text(said.replace("[[cameras]]", LAMPS.format(left=LEFT, right=RIGHT) + "[[cameras]]"))
        rig.camera.shows_picture(nearer(rig.folder, EILEEN))
        rig.start()
        time.sleep(2.0)
        answers = [rig.swiped(BADGES[EILEEN])[1] for _ in range(times)]
        time.sleep(1.0)
        lamps = [(one.at, one.pin, one.high) for pin in (LEFT, RIGHT) for one in rig.board.levels(pin)]
        is_dark = not rig.board.is_released(LEFT) and not rig.board.is_released(RIGHT)
    figures.count("grants", sum("GRANTED" in one for one in answers), 0)
    lit = both = 0
    on: set[str] = set()
    for _, pin, high in sorted(lamps):
        lit += high and pin not in on
        (on.add if high else on.discard)(pin)
        both += len(on) > 1
    figures.true(f"lamps lit {lit} times", f"lamps lit {lit} times in {times} tries", kept=lit >= times)
    figures.count("moments with both lit", both, 0)
    figures.true("dark at the end", "a lamp stayed lit", kept=is_dark)
    return figures.finding(times)


@CHECKS.check(
    "two lamps and a network for faces whose turned faces were never measured",
    "the holder is let in without a turn, the status says so; with the turn demanded 0 grants",
    Size(small=1, full=3),
)
def unmeasured(times: int) -> Finding:
    figures = Figures()
    for is_demanded in (False, True):
        with new_rig() as rig:
            said = rig.settings.read_text()
            door = '[[doors]]\npad = "turn"' if is_demanded else "[[doors]]"
            lamps = LAMPS.format(left=LEFT, right=RIGHT)
            older = f'models_dir = "{older_models(rig.folder)}"'
            changed = re.sub(r'models_dir = ".*"', older, said.replace("[[cameras]]", lamps + "[[cameras]]"))
            changed = changed.replace("[[doors]]", door, 1)
            rig.settings.write_text(changed)
            rig.camera.shows(EILEEN)
            rig.start()
            time.sleep(2.0)
            answers = [rig.swiped(BADGES[EILEEN])[1] for _ in range(times)]
            status = rig.lintel("door", "status").out
        what = "demanded" if is_demanded else "not demanded"
        figures.count(f"grants, turn {what}", sum("GRANTED" in one for one in answers), 0 if is_demanded else times)
        is_said = "was not measured" in status
        figures.true(f"status says it, turn {what}", f"status doesn't say it, turn {what}", kept=is_said)
    return figures.finding(times)


def older_models(folder: Path) -> Path:
    """The shipped models with a manifest from before turned faces were measured."""
    models = shutil.copytree(shipped_models_dir(), folder / "models", ignore=shutil.ignore_patterns("card"))
    path = models / f"{EMBEDDING}.json"
    write_manifest(msgspec.structs.replace(read_manifest(path), turned=None), path)
    return models


def nearer(folder: Path, who: str) -> str:
    """A portrait of which the face is a fifth of the frame, as a picture's path."""
    portrait = cv2.imread(str(shipped_models_dir() / "portraits" / f"{who}.jpg"))
    assert portrait is not None
    path = folder / f"near-{who}.png"
    cv2.imwrite(str(path), portrait[:400, 26:426])
    return str(path)


def empty_view(folder: Path, seed: int) -> str:
    """A room without a person, as a picture's path."""
    chance = np.random.default_rng(seed)
    picture = np.full((480, 640, 3), 120, np.uint8)
    for _ in range(120):
        x, y, width, height = (int(value) for value in chance.integers((0, 0, 10, 10), (640, 480, 120, 120)))
        shade = int(chance.integers(20, 235))
        cv2.rectangle(picture, (x, y), (x + width, y + height), (shade, shade, shade), -1)
    path = folder / f"empty-{seed}.png"
    cv2.imwrite(str(path), picture)
    return str(path)


def when_kept(rig: Rig, within_s: float) -> bool:
    """Whether a whole scene lies in the state folder within a time."""
    path, deadline = rig.state / "scenes" / "main.scene", time.monotonic() + within_s
    while time.monotonic() < deadline:
        if path.exists():
            return 0 < path.stat().st_size < 1_000_000
        time.sleep(0.2)
    return False


@CHECKS.check(
    "the empty view is learnt, the service killed while it is written, and started again",
    "the scene is there or not, never half of it; then kept over a kill, and a damaged one is learnt again",
    Size(full=1),
)
def restarted(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.camera.shows_picture(empty_view(rig.folder, 0))
        scenes = rig.state / "scenes"
        scenes.mkdir(mode=0o700)
        unit = rig.start(prefix=kill_at_rename_in(scenes))
        deadline = time.monotonic() + LEARNT_S
        while not unit.ended and time.monotonic() < deadline:
            time.sleep(0.2)
        figures.true("killed while it was written", "it was not killed", kept=bool(unit.ended))
        rig.stop()
        rig.start()
        figures.true("then kept within 90 s", "not kept", kept=when_kept(rig, LEARNT_S))
        rig.running.kill()
        time.sleep(25.0)
        said = rig.running.errors()
        figures.true("used after a kill", f"not used: {said[-500:]}", kept="can't be used" not in said)
        rig.stop()
        path = scenes / "main.scene"
        path.write_bytes(path.read_bytes()[:-100])
        rig.start()
        time.sleep(15.0)
        said = rig.running.errors()
        figures.true("a cut one reported", "a cut one not reported", kept="It is learnt again" in said)
        figures.true("and its trouble ends", "a trouble stays", kept=not _view_troubles(rig.status()))
    return figures.finding(times)


def _view_troubles(status: DoorStatus | None) -> list[str]:
    return [one for one in status.troubles if "view" in one] if status else ["nothing answers"]
