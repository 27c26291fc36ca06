"""The wall clock is stepped: nothing that lasts is measured with it."""

import time

from tests.rig.camera import EILEEN
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import AGAIN_S, BADGES, new_rig

CHECKS = Room("clocks")
DAY_S = 86400.0
STRIKE_S = 1.0


@CHECKS.check(
    "the wall clock steps by a day, back or forth, during a transaction and its release",
    "granted as ever; the strike is released for 1 s, to 0.2 s; no alarm",
    Size(full=6),
    in_suite=True,
)
def stepped(times: int) -> Finding:
    figures, lasted, granted, troubles = Figures(), [], 0, 0
    with new_rig(strike_time_s=STRIKE_S) as rig:
        rig.start()
        rig.camera.shows(EILEEN)
        time.sleep(1.2)
        for number in range(times):
            if number:
                time.sleep(AGAIN_S)
            at = rig.swipe(BADGES[EILEEN])
            time.sleep(0.05)
            rig.step_wall_clock(DAY_S if number % 2 else -DAY_S)
            released = rig.board.when(high=True, since=at, within_s=3.0)
            granted += released is not None
            time.sleep(0.3)
            rig.step_wall_clock(0.0)
            secured = None if released is None else rig.board.when(high=False, since=released, within_s=5.0)
            lasted.append(None if secured is None or released is None else abs(secured - released - STRIKE_S))
            troubles += rig.troubles()
        figures.count(f"of {times} granted", granted, times)
        figures.most("the release was off by", lasted, 0.2)
        figures.count("troubles", troubles, 0)
        figures.count("restarts", len(rig.running.ended), 0)
    return figures.finding(times)
