"""Somebody who does not match at once: how long the door looks on, and what ends it."""

import time

from tests.rig.camera import EILEEN, EMPTY, GRACE
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.checks_visits import AGAIN_S, GRANTED_S, SETTLE_S, Decided, decided
from tests.rig.rig import BADGES, Rig, new_rig

CHECKS = Room("looking on")
TIMEOUT_S = 6.0
LEFT_S = 2.5
"""From the last sight of a face that did not match to the answer."""
AT_S = 1.0
"""After how long something changes during a look."""


def after(rig: Rig, count: int) -> list[Decided]:
    """What was decided since there were so many decisions, once that no longer grows, or after the time-out."""
    deadline = time.monotonic() + TIMEOUT_S + 2.0
    while len(decided(rig)) == count and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(AGAIN_S)
    return decided(rig)[count:]


@CHECKS.check(
    "another face before the camera, then the badge's holder", "granted within 1.5 s of coming", Size(small=2, full=10)
)
def holder_comes_second(times: int) -> Finding:
    figures, waits = Figures(), list[float | None]()
    with new_rig(strike_time_s=0.3) as rig:
        rig.start()
        for _ in range(times):
            rig.camera.shows(GRACE)
            time.sleep(SETTLE_S)
            count = len(decided(rig))
            rig.swipe(BADGES[EILEEN])
            time.sleep(AT_S)
            rig.camera.shows(EILEEN)
            found = after(rig, count)
            waits += [one.waited_s - AT_S if one.reason == "match" else None for one in found]
    figures.most("granted after", waits, GRANTED_S, of=times)
    return figures.finding(times)


@CHECKS.check(
    "another's badge, then the own one at the same reader",
    "non-match, then granted within 1.5 s",
    Size(small=1, full=10),
    in_suite=True,
)
def own_badge_second(times: int) -> Finding:
    figures, found = Figures(), list[Decided]()
    with new_rig(strike_time_s=0.3) as rig:
        rig.start()
        rig.camera.shows(GRACE)
        time.sleep(SETTLE_S)
        for _ in range(times):
            count = len(decided(rig))
            rig.swipe(BADGES[EILEEN])
            time.sleep(AT_S)
            rig.swipe(BADGES[GRACE])
            found += after(rig, count)
    reasons = [one.reason for one in found]
    figures.count("denied as non-match first", reasons[::2].count("non-match"), times)
    figures.most("the own one decided after", _matches(found[1::2]), GRANTED_S, of=times)
    return figures.finding(times)


@CHECKS.check("another's badge, and its face stays", "0 grants, answered within 6.5 s", Size(small=1, full=10))
def stays(times: int) -> Finding:
    figures, found = Figures(), list[Decided]()
    with new_rig(strike_time_s=0.3) as rig:
        rig.start()
        rig.camera.shows(GRACE)
        time.sleep(SETTLE_S)
        for _ in range(times):
            count = len(decided(rig))
            rig.swipe(BADGES[EILEEN])
            found += after(rig, count)
        figures.true("the strike stayed secure", "the strike was released", kept=not rig.board.is_released())
    figures.count("denied as non-match", [one.reason for one in found].count("non-match"), times)
    figures.most("answered after", [one.waited_s for one in found], TIMEOUT_S + 0.5, of=times)
    return figures.finding(times)


@CHECKS.check(
    "another's badge, and its face leaves after a second", "0 grants, answered within 3.5 s", Size(small=1, full=10)
)
def leaves(times: int) -> Finding:
    figures, found = Figures(), list[Decided]()
    with new_rig(strike_time_s=0.3) as rig:
        rig.start()
        for _ in range(times):
            rig.camera.shows(GRACE)
            time.sleep(SETTLE_S)
            count = len(decided(rig))
            rig.swipe(BADGES[EILEEN])
            time.sleep(AT_S)
            rig.camera.shows(EMPTY)
            found += after(rig, count)
    figures.count("denied as non-match", [one.reason for one in found].count("non-match"), times)
    figures.most("answered after", [one.waited_s for one in found], AT_S + LEFT_S, of=times)
    return figures.finding(times)


def _matches(found: list[Decided]) -> list[float | None]:
    return [one.waited_s if one.reason == "match" else None for one in found]
