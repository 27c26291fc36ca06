"""A transaction as one straight line, written apart from `Showing`: what a door decided before there was one."""

from collections.abc import Iterator

from device.policy.events import (
    BadgeClaimed,
    ClaimFailed,
    ComparisonFailed,
    DoorChanged,
    FrameSeen,
    LookFailed,
    ShowingEvent,
    StopRequested,
)
from device.records import BadgeRead, Claim, DoorState, Probe
from tests.device.policy.scripts import Broken, Script, similarity_of

TIMEOUT_S, MAX_AGE_S, NEEDED = 6.0, 0.5, 3
CLOSED = {DoorState.LOCKDOWN: "door-lockdown", DoorState.FAULT: "door-fault"}


class Line:
    """The events in order, and what they say besides."""

    def __init__(self, script: Script, door: DoorState, began: float) -> None:
        self.door, self.now, self.is_stopped, self.is_broken = door, began, False, False
        self._events = iter(script)

    def __iter__(self) -> Iterator[ShowingEvent]:
        for event in self._events:
            if isinstance(event, Broken):
                self.is_broken = True
                continue
            self.now = max(self.now, event.at)
            yield event


def decision(script: Script, badge: BadgeRead, door: DoorState) -> tuple[str | None, str | None]:
    """The reason's code and the fault; (None, None) where nothing was decided yet."""
    if badge.credential is None:
        return "badge-unreadable", badge.fault or None
    if door in CLOSED:
        return CLOSED[door], None
    line = Line(script, door, badge.at)
    for event in line:
        if isinstance(event, DoorChanged):
            line.door = event.state
        if isinstance(event, StopRequested):
            line.is_stopped = True
        if isinstance(event, ClaimFailed):
            return event.reason.code, event.fault
        if isinstance(event, BadgeClaimed):
            return refused(event.claim) or looked(line, badge)
    return None, None


def refused(claim: Claim | None) -> tuple[str, None] | None:
    if claim is None:
        return "badge-unknown", None
    if claim.revoked:
        return "badge-revoked", None
    if claim.suspended:
        return "badge-suspended", None
    return ("no-references", None) if len(claim.references) == 0 else None


class Look:
    """What was seen of faces, and what came of comparing them."""

    def __init__(self) -> None:
        self.good: list[Probe] = []
        self.last_at = 0.0
        self.compared: list[tuple[int, int]] = []
        """The number of the track and its frames, of each comparison."""
        self.number = self.all_good = self.bad = 0
        self.empty_at: float | None = None
        self.failure, self.complaint = "", ""
        self.fault: str | None = None

    def breaks(self) -> None:
        self.good, self.number = [], self.number + 1

    def is_due(self) -> bool:
        """At 3, 6, 12, 24 and 48 frames of a track."""
        done = [frames for number, frames in self.compared if number == self.number]
        return len(self.good) >= (2 * done[-1] if done else NEEDED)

    def threshold(self) -> float:
        """Of the first comparison, of others of the same track, and of another track."""
        if not self.compared:
            return 0.9
        return 0.92 if {number for number, _ in self.compared} == {self.number} else 0.96

    def sees(self, event: FrameSeen) -> None:
        self.failure, self.fault = "", None
        if isinstance(event.found, Probe):
            if self.good and not (event.follows and 0 <= event.captured_at - self.last_at <= 1.0):
                self.breaks()
            self.good.append(event.found)
            self.last_at, self.all_good = event.captured_at, self.all_good + 1
        elif event.found.code in ("no-face", "several-faces", "picture-turned"):
            self.breaks()
        self.bad += not isinstance(event.found, Probe) and event.found.code != "no-face"
        empty = not isinstance(event.found, Probe) and event.found.code == "no-face"
        self.empty_at = (event.captured_at if self.empty_at is None else self.empty_at) if empty else None
        self.complaint = worse(self.complaint, event)

    def given_up(self) -> tuple[str, str | None]:
        """After a non-match."""
        return (self.complaint, self.fault) if self.bad > self.all_good else ("non-match", self.fault)

    def timed_out(self) -> tuple[str, str | None]:
        if self.compared and not self.failure:
            return self.given_up()
        return self.failure or self.complaint or "camera-fault", self.fault


def looked(line: Line, badge: BadgeRead) -> tuple[str | None, str | None]:
    """From the claim on: until a match, five non-matches, the deadline, another badge, or a request to stop."""
    if line.is_stopped:
        return "stopping", None
    look = Look()
    if line.now >= badge.at + TIMEOUT_S:
        return "camera-fault", None
    for event in line:
        if isinstance(event, StopRequested):
            return look.given_up() if look.compared else ("stopping", look.fault)
        if line.now >= badge.at + TIMEOUT_S:
            return look.timed_out()
        if isinstance(event, ComparisonFailed):
            return "vision-fault", event.fault
        if isinstance(event, BadgeRead) and event.credential not in (None, badge.credential) and look.compared:
            return look.given_up()
        line.door = event.state if isinstance(event, DoorChanged) else line.door
        if isinstance(event, LookFailed):
            look.failure, look.fault = event.reason.code, event.fault
            look.breaks()
        if isinstance(event, FrameSeen) and is_fresh(event, badge) and (found := seen(line, look, event)):
            return found
    return None, None


def seen(line: Line, look: Look, event: FrameSeen) -> tuple[str, str | None] | None:
    look.sees(event)
    if look.compared and look.empty_at is not None and event.captured_at - look.empty_at >= 1.5:
        return look.given_up()
    return compared(line, look) if look.good and look.is_due() else None


def is_fresh(event: FrameSeen, badge: BadgeRead) -> bool:
    age_s = event.read_at - event.captured_at
    return event.captured_at > badge.at and not age_s < 0 and not age_s > MAX_AGE_S


def worse(complaint: str, event: FrameSeen) -> str:
    if isinstance(event.found, Probe):
        return complaint if complaint not in ("", "no-face") else "face-too-brief"
    if event.found.code == "no-face":
        return complaint or "no-face"
    return event.found.code


def compared(line: Line, look: Look) -> tuple[str, str | None] | None:
    if line.is_broken:
        return "vision-fault", "ModelError"
    if similarity_of(look.good) >= look.threshold():
        return CLOSED.get(line.door, "match"), None
    look.compared.append((look.number, len(look.good)))
    look.bad = 0
    return ("non-match", None) if len(look.compared) == 5 else None
