"""Rules while the service runs: applied by another process, over a kill in a window, and at the way out."""

import time

from device.records import DoorCommand
from tests.rig.board import DPS
from tests.rig.camera import EILEEN
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.checks_exits import badge_exits
from tests.rig.rig import AGAIN_S, BADGES, Rig, new_rig

CHECKS = Room("rules")
APPLIES_S = 1.0
STAYS_S = 3.0
DOOR = 'leads_to = "house"\nantipassback = "hard"'
HOUSE = '[[areas]]\nname = "house"\n'
WINDOW = """
zone = "UTC"
[[schedules]]
name = "now"
windows = ["daily 00:00-24:00"]
[[schedules]]
name = "later"
windows = []
[[releases]]
name = "open"
all_doors = true
schedule = "{when}"
"""
SHUT = """
[[rules]]
name = "closed"
action = "deny"
everyone = true
all_doors = true
[[locks]]
name = "shut"
all_doors = true
schedule = "always"
"""


def applied(rig: Rig, text: str) -> float:
    """Applies rules by a command in a process of its own: when it had ended."""
    file = rig.folder / "rules.toml"
    file.write_text(text)
    answer = rig.lintel("policy", "apply", file)
    assert answer.code == 0, answer.err
    return time.monotonic()


def later(rig: Rig, since: float, *, high: bool) -> float | None:
    """How long after that the strike was as expected, seconds; it may have been so before."""
    if rig.board.is_released() is high:
        return 0.0
    at = rig.board.when(high=high, since=since, within_s=5.0)
    return None if at is None else max(0.0, at - since)


def killed(rig: Rig) -> float:
    """Ends the service without warning: when it was ready again."""
    at = rig.running.when_said("READY=1", since=rig.running.kill(), within_s=40.0)
    assert at is not None
    return at


def stays_secure(rig: Rig) -> bool:
    time.sleep(STAYS_S)
    return not rig.board.is_released()


@CHECKS.check(
    "rules applied by another process while the service runs",
    "a window begins and ends within 1 s",
    Size(small=1, full=10),
)
def rules_applied(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.start()
        begins, ends = list[float | None](), list[float | None]()
        for _ in range(times):
            begins.append(later(rig, applied(rig, WINDOW.format(when="now")), high=True))
            ends.append(later(rig, applied(rig, WINDOW.format(when="later")), high=False))
        figures.most("applied to released", begins, APPLIES_S)
        figures.most("applied to secured", ends, APPLIES_S)
    return figures.finding(times)


@CHECKS.check(
    "kill -9 in a window, and in one that an operator ended",
    "released again within 1 s; what `secure` ended stays locked",
    Size(small=1, full=5),
)
def killed_in_a_window(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.start()
        applied(rig, WINDOW.format(when="now"))
        back, stayed = list[float | None](), 0
        for _ in range(times):
            back.append(later(rig, killed(rig), high=True))
        rig.command(DoorCommand.SECURE)
        time.sleep(1.0)
        for _ in range(times):
            killed(rig)
            stayed += stays_secure(rig)
        figures.most("ready to released", back, APPLIES_S)
        figures.count("secured windows stayed locked", stayed, times)
    return figures.finding(times)


@CHECKS.check(
    "a rule that denies everyone, and a lock at all times: a badge at the exit reader",
    "the strike is released within 1 s; at the way in nothing is",
    Size(small=2, full=10),
)
def exit_under_rules(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.start()
        applied(rig, SHUT)
        figures.most("badge to pin", badge_exits(rig, times), APPLIES_S)
        _, answer = rig.swiped(BADGES[EILEEN])
        figures.true("refused at the way in", f"answered {answer!r}", kept="DENIED" in answer)
    return figures.finding(times)


def passed_out(rig: Rig) -> float | None:
    """A badge at the exit reader, and the holder walks through: from the badge to the level on the pin."""
    at = rig.swipe(BADGES[EILEEN], "inside")
    released = rig.board.when(high=True, since=at, within_s=3.0)
    if released is not None:
        rig.board.press(DPS)
        time.sleep(0.2)
        rig.board.let_go(DPS)
    time.sleep(AGAIN_S + 0.5)
    return None if released is None else released - at


@CHECKS.check(
    "a badge that has left already, at the exit reader under hard anti-passback",
    "the strike is released within 1 s, each violation is a row",
    Size(small=1, full=10),
)
def left_already(times: int) -> Finding:
    figures = Figures()
    with new_rig(door=DOOR, more=HOUSE) as rig:
        rig.start()
        first = passed_out(rig)
        figures.most("badge to pin", [first, *(passed_out(rig) for _ in range(times))], APPLIES_S)
        violations = sum(row[1] == "antipassback-violated" for row in rig.rows())
        figures.count("rows", violations, times)
    return figures.finding(times)
