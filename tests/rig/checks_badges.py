"""Badges while the door is in operation: a flood of unknown ones, and what an operator changes."""

import re
import time

from tests.rig.camera import EILEEN
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import BADGES, Rig, new_rig

CHECKS = Room("badges")
A_SECOND = 20
SETTLE_S = 1.5
HOLD_S = 3.2
"""A badge that comes again after this long is presented again."""
NEW = "17:1009"


@CHECKS.check(
    "20 unknown badges a second",
    "all of them in rows or counts, 20 rows at once and 7 a minute, none of their numbers in the journal",
    Size(small=5, full=60, unit="s"),
)
def flood(seconds: int) -> Finding:
    figures, sent = Figures(), seconds * A_SECOND
    with new_rig() as rig:
        rig.start()
        began = time.monotonic()
        for number in range(sent):
            rig.swipe(f"18:{20_000 + number}")
            time.sleep(max(0.0, began + (number + 1) / A_SECOND - time.monotonic()))
        time.sleep(1.0)
        journal = rig.running.output() + rig.running.errors()
        rig.stop()
        rows = [row for row in rig.rows() if row[3] == "badge-unknown" or "dropped" in str(row[4])]
    counted = [int(str(row[4]).split()[0]) for row in rows if row[1] != "decision"]
    figures.count("badges in rows or counts", len(rows) - len(counted) + sum(counted), sent)
    most = 20 + 8 * (1 + seconds // 60)
    figures.true(f"{len(rows)} rows", f"{len(rows)} rows, more than {most}", kept=len(rows) <= most)
    figures.count("numbers in the journal", len(re.findall(r"\b2\d{4}\b", journal)), 0)
    return figures.finding(seconds)


@CHECKS.check(
    "an operator suspends, resumes and replaces a badge at a door in operation",
    "each change holds from the next presentation on",
    Size(small=1, full=3),
)
def changed(times: int) -> Finding:
    figures, answers = Figures(), []
    for _ in range(times):
        with new_rig(strike_time_s=0.2) as rig:
            rig.start()
            rig.camera.shows(EILEEN)
            time.sleep(SETTLE_S)
            answers.append(tuple(_said_after(rig)))
    expected = ("match", "badge-suspended", "match", "badge-revoked", "match")
    figures.count("rounds as expected", answers.count(expected), times)
    return figures.finding(times)


def _said_after(rig: Rig) -> list[str]:
    """The reason at each presentation, from before the first change to after the last."""
    old = BADGES[EILEEN]
    said = [_reason(rig, old)]
    for command, badge in ((("suspend", old), old), (("resume", old), old), (("replace", old, NEW), old)):
        if rig.lintel("badges", *command).code:
            said.append(f"{command[0]} failed")
        said.append(_reason(rig, badge))
    return [*said, _reason(rig, NEW)]


def _reason(rig: Rig, badge: str) -> str:
    time.sleep(HOLD_S)
    found = re.search(r"\(([a-z-]+)\)", rig.swiped(badge)[1])
    return found[1] if found else "no answer"


@CHECKS.check(
    "a phone that invents a number each time, beside the holder's badge",
    "one refusal while it lies there, with its reason; the holder is granted; none of its numbers in the journal",
    Size(small=3, full=20, unit="s"),
)
def phone(seconds: int) -> Finding:
    figures = Figures()
    with new_rig(strike_time_s=0.2, hold_time_s=HOLD_S) as rig:
        rig.start()
        rig.camera.shows(EILEEN)
        time.sleep(SETTLE_S)
        for number in range(5 * seconds):
            rig.swipe(f"csn:08{number:06X}")
            time.sleep(0.2)
        said = rig.swiped(BADGES[EILEEN])[1]
        refused_by_command = rig.lintel("badges", "add", EILEEN, "csn:08A2B9C1").code
        journal = rig.running.output() + rig.running.errors()
        rig.stop()
        reasons = [row[3] for row in rig.rows() if row[1] == "decision"]
    figures.count("refusals", reasons.count("badge-random"), 1)
    figures.count("grants", reasons.count("match"), 1)
    figures.true("the holder is granted", f"the holder is not: {said}", kept="GRANTED" in said)
    figures.count("exit code of badges add", refused_by_command, 9)
    figures.count("numbers in the journal", len(re.findall(r"08[0-9A-F]{6}", journal)), 0)
    return figures.finding(1)


@CHECKS.check(
    "the references of the person at the door are removed one by one",
    "granted with one left, no-references from the next presentation on once the last is gone",
    Size(small=1, full=3),
)
def references(times: int) -> Finding:
    figures, answers = Figures(), []
    for _ in range(times):
        with new_rig(strike_time_s=0.2) as rig:
            rig.start()
            rig.camera.shows(EILEEN)
            time.sleep(SETTLE_S)
            before = _reason(rig, BADGES[EILEEN])
            refused = rig.lintel("people", "references", "remove", EILEEN, 1, "--yes").code
            kept = _reason(rig, BADGES[EILEEN])
            removed = rig.lintel("people", "references", "remove", EILEEN, 1, "--yes", "--last").code
            answers.append((before, refused, kept, removed, _reason(rig, BADGES[EILEEN])))
    figures.count("rounds as expected", answers.count(("match", 9, "match", 0, "no-references")), times)
    return figures.finding(times)
