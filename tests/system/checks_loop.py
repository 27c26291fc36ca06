"""The decision loop of a door hangs, as if what it waits for never came."""

import time

from tests.rig.board import write
from tests.rig.camera import EILEEN
from tests.rig.checks import Figures, Finding
from tests.system.door import BADGES, LIVE, WATCHDOG_S, Door
from tests.system.machine import wait_for
from tests.system.steps import Steps

STEPS = Steps()
UNITS_WATCHDOG_S = 75.0
"""As the unit is installed: no swipe that the settings allow takes longer."""
RESTARTED_S = UNITS_WATCHDOG_S + 3.0


@STEPS.step(
    "a door's decision loop hangs (its longest swipe is 70 s)", "restarted within the unit's WatchdogSec + 3 s: 78 s"
)
def hung(door: Door) -> Finding:
    figures, before, first = Figures(), len(door.ends()), door.process
    at = time.monotonic()
    write(door.machine.inside / LIVE.lstrip("/") / "stuck-loop", str(first))
    gone = wait_for(lambda: door.process not in (0, first), RESTARTED_S + 30.0)
    figures.most("restarted after", [time.monotonic() - at if gone else None], RESTARTED_S)
    ended = door.ends()[before:]
    figures.true("by the watchdog", f"ended by {ended}", kept=ended == ["watchdog"])
    figures.note(f"WatchdogSec={WATCHDOG_S} by the drop-in, which it does not wait for: it is asked to act")
    wait_for(door.is_ready, 20.0)
    figures.true("relay secure", "relay released", kept=not door.board.is_released())
    door.shows(EILEEN)
    figures.true("then granted", "then not granted", kept=door.granted_after(BADGES[EILEEN]) is not None)
    return figures.finding(1)
