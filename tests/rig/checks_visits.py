"""Several people at one door at a time: two entry readers, each with a camera of its own or with one for both."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from tests.rig.camera import EILEEN, EMPTY, GRACE, RigCamera
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import BADGES, Rig, device, new_rig

CHECKS = Room("visits")
GRANTED_S = 1.5
SETTLE_S = 2.0
"""Until both cameras have shown what stands before them."""
AGAIN_S = 1.2
"""Between two rounds: longer than the hold time and the strike time."""
SIDE_READER = """
[[doors.readers]]
name = "side"
kind = "socket"
source = "{folder}/side.sock"
hold_time_s = 0.5
camera = "{camera}"
"""
SIDE_CAMERA = """
[[cameras]]
name = "side"
source = "{side}"
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as the audit has it."""

    reader: str
    reason: str
    waited_s: float


@contextmanager
def two_readers(*, own_camera: bool = True) -> Iterator[tuple[Rig, RigCamera]]:
    """A door with the readers `outside` and `side`, in operation, and the camera at the second one."""
    with new_rig(strike_time_s=0.3) as rig:
        reader = SIDE_READER.format(folder=rig.folder, camera="side" if own_camera else "main")
        camera = SIDE_CAMERA.format(side=device(rig.folder / "video1")) if own_camera else ""
        rig.configure(strike_time_s=0.3, more=reader + camera)
        side = RigCamera(rig.folder / "video1") if own_camera else rig.camera
        rig.start()
        yield rig, side


def decided(rig: Rig) -> list[Decided]:
    """All decisions so far, oldest first."""
    with closing(sqlite3.connect(f"file:{rig.state / 'lintel.db'}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT reader, reason, waited_s FROM audit WHERE event = 'decision' ORDER BY id")
        return [Decided(*row) for row in rows]


def visits(rig: Rig, *badges: tuple[str, str]) -> list[Decided]:
    """Presents (badge, reader) one right after the other, and gives what was decided."""
    known = len(decided(rig))
    for badge, reader in badges:
        rig.swipe(badge, reader)
    deadline = time.monotonic() + 10.0
    while len(found := decided(rig)[known:]) < len(badges) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(AGAIN_S)
    return found


def waits(found: list[Decided], reader: str) -> list[float | None]:
    """How long each match at a reader took; None for anything else."""
    return [one.waited_s if one.reason == "match" else None for one in found if one.reader == reader]


@CHECKS.check(
    "two people at two readers with a camera each, at once",
    "both granted within 1.5 s, in about the time of one",
    Size(small=3, full=20),
    in_suite=True,
)
def together(times: int) -> Finding:
    figures = Figures()
    with two_readers() as (rig, side):
        rig.camera.shows(EILEEN)
        side.shows(GRACE)
        time.sleep(SETTLE_S)
        alone = [one for _ in range(times) for one in visits(rig, (BADGES[EILEEN], "outside"))]
        both = [one for _ in range(times) for one in visits(rig, (BADGES[EILEEN], "outside"), (BADGES[GRACE], "side"))]
    figures.most("one alone decided after", waits(alone, "outside"), GRANTED_S)
    figures.most("of two the first", waits(both, "outside"), GRANTED_S, of=times)
    figures.most("the second", waits(both, "side"), GRANTED_S, of=times)
    return figures.finding(times)


@CHECKS.check(
    "two people at two readers, each with the other's badge", "0 grants, both decided on", Size(small=2, full=10)
)
def exchanged(times: int) -> Finding:
    figures = Figures()
    with two_readers() as (rig, side):
        rig.camera.shows(EILEEN)
        side.shows(GRACE)
        time.sleep(SETTLE_S)
        found = [one for _ in range(times) for one in visits(rig, (BADGES[GRACE], "outside"), (BADGES[EILEEN], "side"))]
        figures.count("grants", sum(one.reason == "match" for one in found), 0)
        figures.count("decisions", len(found), 2 * times)
        figures.true("the strike stayed secure", "the strike was released", kept=not rig.board.is_released())
    return figures.finding(times)


@CHECKS.check(
    "two badges at two readers with one camera, one of their holders before it",
    "the holder granted within 1.5 s, 0 grants on the other badge",
    Size(small=2, full=10),
)
def one_camera(times: int) -> Finding:
    figures = Figures()
    with two_readers(own_camera=False) as (rig, camera):
        camera.shows(EILEEN)
        time.sleep(SETTLE_S)
        found = [one for _ in range(times) for one in visits(rig, (BADGES[GRACE], "outside"), (BADGES[EILEEN], "side"))]
    figures.most("the holder decided after", waits(found, "side"), GRANTED_S, of=times)
    figures.count("grants on the other badge", sum(one is not None for one in waits(found, "outside")), 0)
    return figures.finding(times)


@CHECKS.check(
    "a badge without its holder at one reader, somebody comes to the other",
    "granted within 1.5 s while the first is still looked for",
    Size(small=2, full=10),
)
def beside(times: int) -> Finding:
    figures, found = Figures(), []
    with two_readers() as (rig, side):
        rig.camera.shows(EMPTY)
        side.shows(GRACE)
        time.sleep(SETTLE_S)
        for _ in range(times):
            found += visits(rig, (BADGES[EILEEN], "outside"), (BADGES[GRACE], "side"))
    figures.most("the second decided after", waits(found, "side"), GRANTED_S, of=times)
    order = [one.reader for one in found]
    figures.count("times before the first", sum(pair == ["side", "outside"] for pair in _pairs(order)), times)
    return figures.finding(times)


@CHECKS.check(
    "the camera at one reader hangs, somebody comes to the other", "granted within 1.5 s", Size(small=2, full=10)
)
def other_camera_hangs(times: int) -> Finding:
    figures = Figures()
    with two_readers() as (rig, side):
        rig.camera.does("hang")
        side.shows(GRACE)
        time.sleep(SETTLE_S)
        found = [one for _ in range(times) for one in visits(rig, (BADGES[EILEEN], "outside"), (BADGES[GRACE], "side"))]
        figures.most("decided after", waits(found, "side"), GRANTED_S, of=times)
        figures.count("grants at the camera that hangs", sum(one is not None for one in waits(found, "outside")), 0)
        figures.count("restarts", len(rig.running.ended), 0)
        reasons = {one.reason for one in found if one.reader == "outside"}
        figures.true("camera-fault there", f"{sorted(reasons)} there", kept=reasons == {"camera-fault"})
    return figures.finding(times)


def _pairs(order: list[str]) -> list[list[str]]:
    return [order[at : at + 2] for at in range(0, len(order), 2)]
