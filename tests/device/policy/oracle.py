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
from tests.device.policy.scripts import THRESHOLD, Broken, Script, similarity_of

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


def looked(line: Line, badge: BadgeRead) -> tuple[str | None, str | None]:
    """From the claim on: until three good frames in a row, the deadline, or a request to stop."""
    if line.is_stopped:
        return "stopping", None
    good: list[Probe] = []
    failure, fault, complaint = "", None, ""
    if line.now >= badge.at + TIMEOUT_S:
        return "camera-fault", None
    for event in line:
        if isinstance(event, StopRequested):
            return "stopping", fault
        if line.now >= badge.at + TIMEOUT_S:
            return failure or complaint or "camera-fault", fault
        if isinstance(event, ComparisonFailed):
            return "vision-fault", event.fault
        line.door = event.state if isinstance(event, DoorChanged) else line.door
        if isinstance(event, LookFailed):
            failure, fault, good = event.reason.code, event.fault, []
        if isinstance(event, FrameSeen) and is_fresh(event, badge):
            failure, fault = "", None
            good = continued(good, event)
            if len(good) == NEEDED:
                return compared(line, good)
            complaint = worse(complaint, event)
    return None, None


def is_fresh(event: FrameSeen, badge: BadgeRead) -> bool:
    age_s = event.read_at - event.captured_at
    return event.captured_at > badge.at and not age_s < 0 and not age_s > MAX_AGE_S


def continued(good: list[Probe], event: FrameSeen) -> list[Probe]:
    if isinstance(event.found, Probe):
        return [*good, event.found] if event.follows else [event.found]
    return [] if event.found.code in ("no-face", "several-faces") else good


def worse(complaint: str, event: FrameSeen) -> str:
    if isinstance(event.found, Probe):
        return complaint if complaint not in ("", "no-face") else "face-too-brief"
    if event.found.code == "no-face":
        return complaint or "no-face"
    return event.found.code


def compared(line: Line, good: list[Probe]) -> tuple[str, str | None]:
    if line.is_broken:
        return "vision-fault", "ModelError"
    if similarity_of(good) < THRESHOLD:
        return "non-match", None
    return CLOSED.get(line.door, "match"), None
