"""People who are enrolled at a door in operation, with its camera, while others come and go."""

import re
import signal
import subprocess
import time

from tests.rig.camera import EILEEN, EMPTY, GRACE
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import AGAIN_S, BADGES, Rig, new_rig
from tests.rig.unit import LINTEL

CHECKS = Room("enrollment")
NEW = "17:1010"
GRANTED_S = 1.5
SETTLE_S = 1.5
REFUSED = 7
"""Exit code for what the service refuses."""


@CHECKS.check(
    "a person is enrolled at a door in operation",
    "the new badge is granted at once, without a restart, and opens for this face alone",
    Size(small=1, full=3),
    in_suite=True,
)
def enrolled(times: int) -> Finding:
    figures, answers = Figures(), []
    for _ in range(times):
        with new_rig(strike_time_s=0.2) as rig:
            rig.start()
            rig.camera.shows(GRACE)
            time.sleep(SETTLE_S)
            done = rig.lintel("enroll", NEW, "--name", "Ada", "--basis", "law", "--at", "main", "--pictures", "1")
            answers.append((done.code, _reason(rig, NEW)))
            rig.camera.shows(EILEEN)
            time.sleep(SETTLE_S)
            answers.append((done.code, _reason(rig, NEW)))
    figures.count("enrolled and granted", answers.count((0, "match")), times)
    figures.count("denied to another face", answers.count((0, "non-match")), times)
    return figures.finding(times)


@CHECKS.check(
    "somebody presents a badge while another person is enrolled at this door",
    "granted within 1.5 s; a second enrollment there is refused; a killed command stores nothing and holds nothing",
    Size(small=1, full=5),
)
def beside(times: int) -> Finding:
    figures = Figures()
    waited: list[float | None] = []
    with new_rig(strike_time_s=0.2) as rig:
        rig.start()
        for _ in range(times):
            rig.camera.shows(EMPTY)
            enrolling = _begun(rig)
            second = rig.lintel("enroll", "17:1011", "--name", "Bob", "--basis", "law", "--at", "main")
            figures.true("", f"a second enrollment ended with {second.code}", kept="under way" in second.err)
            rig.camera.shows(EILEEN)
            at, answer = rig.swiped(BADGES[EILEEN])
            waited.append(time.monotonic() - at if "GRANTED" in answer else None)
            enrolling.send_signal(signal.SIGKILL)
            enrolling.wait()
            rig.camera.shows(GRACE)
            time.sleep(2 * SETTLE_S)
        after = rig.lintel("enroll", NEW, "--name", "Ada", "--basis", "law", "--at", "main", "--pictures", "1")
        people = rig.lintel("people", "list").out
    figures.most("granted after", waited, GRANTED_S, of=times)
    figures.true("nothing stored by those killed", people, kept="killed" not in people)
    figures.true("the next one enrolled", after.err, kept=after.code == 0)
    return figures.finding(times)


@CHECKS.check(
    "an operator takes the next badge at a reader of a door in operation",
    "the badge presented is the person's, opens nothing then, and is granted afterwards; a known one is refused",
    Size(small=1, full=3),
)
def presented(times: int) -> Finding:
    figures, given, refused = Figures(), 0, 0
    reasons: list[str] = []
    with new_rig(strike_time_s=0.2) as rig:
        rig.start()
        rig.camera.shows(EILEEN)
        for number in range(times):
            new = f"17:11{number:02}"
            given += _added(rig, new) == 0
            refused += _added(rig, BADGES[GRACE]) == REFUSED
            answered = len(rig.answers())
            reasons.append(_reason(rig, new))
            figures.count("decisions before", answered - number, 0)
    figures.count("badges given", given, times)
    figures.count("badges of others refused", refused, times)
    figures.count("granted afterwards", reasons.count("match"), times)
    return figures.finding(times)


def _added(rig: Rig, badge: str) -> int:
    """Ends of `badges add --at` at which that badge was presented."""
    command = [LINTEL, "badges", "add", EILEEN, "--at", "outside"]
    adding = _said(rig, command)
    rig.swipe(badge)
    time.sleep(AGAIN_S)
    return adding.wait(20.0)


def _said(rig: Rig, command: list[str]) -> "subprocess.Popen[str]":
    """A command that has said its first line."""
    begun = subprocess.Popen(
        command,
        env=rig.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = begun.stderr.readline() if begun.stderr else ""
    assert line.startswith(("0 of 5.", "Present the badge")), line
    return begun


def _begun(rig: Rig) -> "subprocess.Popen[str]":
    """An enrollment that has asked the person for the first pose."""
    return _said(
        rig, [LINTEL, "enroll", "17:1012", "--name", "killed", "--basis", "law", "--at", "main", "--pictures", "5"]
    )


def _reason(rig: Rig, badge: str) -> str:
    found = re.search(r"\(([a-z-]+)\)", rig.swiped(badge)[1])
    return found[1] if found else "no answer"
