"""What upgrades of a door in operation are tried with: other versions of the package, and looks at it meanwhile."""

import contextlib
import shutil
import threading
import time
from collections.abc import Callable
from itertools import pairwise

from tests.rig.camera import EILEEN
from tests.rig.checks import Figures
from tests.system.door import BADGES, Door
from tests.system.machine import Answer
from tests.system.package import variant
from tests.system.trees import RELEASES

HOLDER = BADGES[EILEEN]
FAILED = "/var/lib/lintel-upgrade/failed"
CURRENT = "/opt/lintel/current"
QUIET_S = 10
"""How long apt waits for a moment without a released door, instead of a minute."""


def in_use(door: Door) -> str:
    """The tree that the unit's link names."""
    return door.machine.run("readlink", "-f", CURRENT).said.strip()


def given(door: Door, version: str, module: str = "") -> str:
    """Another version of the package in the machine: its path there."""
    release = next(one for one in RELEASES if one.name in door.machine.name)
    shutil.copy(variant(release, version, module), door.machine.root / "srv" / "next.deb")
    return "/srv/next.deb"


def install(door: Door, version: str, module: str = "", *, quiet_s: int = QUIET_S) -> Answer:
    """`apt-get install` of another version of it."""
    path = given(door, version, module)
    return door.machine.run("env", f"LINTEL_QUIET_S={quiet_s}", "apt-get", "install", "--yes", path, within_s=300.0)


def away_while(door: Door, work: Callable[[], Answer]) -> Answer:
    """What came of `work`, and for how long at most no status could be had meanwhile."""
    seen, over = [time.monotonic()], threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            with contextlib.suppress(Exception):
                door.commands()
                seen.append(time.monotonic())

    looker = threading.Thread(target=look)
    looker.start()
    try:
        answer = work()
    finally:
        over.set()
        looker.join()
    seen.append(time.monotonic())
    return Answer(answer.code, answer.said, max(after - before for before, after in pairwise(seen)))


def runs_on(door: Door, figures: Figures, before: tuple[str, int]) -> None:
    """Notes that the version and the process of before are at work, and that its badge opens."""
    now = (in_use(door), door.process)
    figures.true("the old one ran on", f"in use: {now}, before: {before}", kept=now == before)
    opens(door, figures)


def is_red(door: Door, words: str) -> bool:
    """Whether `lintel doctor` has a red line with these words."""
    said = door.machine.run("lintel", "doctor").said
    return any(one.startswith("red") and words in one for one in said.splitlines())


def is_in_lockdown(door: Door, figures: Figures) -> None:
    """Notes whether the lockdown of before still holds."""
    held = "lockdown" in door.lintel("door", "status").casefold()
    figures.true("lockdown held", "lockdown ended", kept=held and not door.board.is_released())


def opens(door: Door, figures: Figures) -> None:
    """Notes if the badge does not open the door."""
    door.shows(EILEEN)
    figures.true("", "the badge does not open", kept=door.granted_after(HOLDER) is not None)
