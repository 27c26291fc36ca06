"""A CSI camera through its program fails in each way it can, and the same holds as for any other camera.

What is not here: frames that all come late by the same time. Nothing in the pipe says when a frame was captured.
"""

from functools import partial
from typing import Any

from tests.rig.camera import EILEEN
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.checks_cameras import PROMISE, failing, process_stopped, stalled, swiped_in_turn
from tests.rig.rig import new_rig

CHECKS = Room("csi")
_FAULTS: tuple[tuple[str, str, dict[str, Any], bool], ...] = (
    ("frozen on the holder: one frame for ever", "frozen", {}, False),
    ("repeats its last 16 frames", "loop", {"loop": 16}, False),
    ("its noise vanished: a still picture but for one bit", "still", {}, False),
    ("its program hangs", "hang", {}, False),
    ("its program ends with an error", "error", {}, False),
    ("unplugged: its program finds no camera", "unplug", {}, False),
    ("its program writes half a frame and no more", "half", {}, False),
    ("its program loses half a frame and goes on", "torn", {}, False),
    ("its program writes frames of another size", "tiny", {}, False),
)
for _fault, _mode, _how, _in_suite in _FAULTS:
    CHECKS.check(f"CSI camera {_fault}", PROMISE, Size(full=5), in_suite=_in_suite)(
        partial(failing, mode=_mode, source="csi:0", **_how)
    )

CHECKS.check("CSI camera stalls for 3 s, one probe: frames that waited in its program", "0 grants", Size(full=5))(
    partial(stalled, source="csi:0")
)
CHECKS.check("the process stopped for 3 s, frames of a CSI camera waited in the pipe", "0 grants", Size(full=5))(
    partial(process_stopped, source="csi:0")
)


@CHECKS.check(
    "no fault: its program never stops talking", "granted within 1.5 s; 30 lines a minute at most", Size(full=5)
)
def talking(times: int) -> Finding:
    figures = Figures()
    with new_rig(strike_time_s=0.2, source="csi:0") as rig:
        rig.camera.does("flood")
        rig.start()
        rig.camera.shows(EILEEN)
        waited = swiped_in_turn(rig, times)
        figures.most("swipe to the level on the pin", waited, 1.5)
        figures.count("troubles", rig.troubles(), 0)
        lines = rig.running.errors().count("Camera main: ")
        figures.true("", f"{lines} lines in the journal", kept=lines <= 30)
    return figures.finding(times)
