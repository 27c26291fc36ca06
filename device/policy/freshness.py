"""Whether a command from the network is fresh: a function of its own times, and of the door's clock."""

from dataclasses import dataclass

from device.records.remote import RemoteRefusal
from device.records.rulings import ClockState

SKEW_S = 2.0
"""How far ahead of the door's clock a client's may be, seconds."""
LIFE_S = 30.0
"""Longest life of a signed command, seconds."""
CODE_LIFE_S = 5.0
"""The same of a command with a code: it says when it was made, and anyone who heard the code could say another time."""


@dataclass(frozen=True, slots=True)
class Issued:
    """When a command was made and until when it counts, in seconds since 1970."""

    at: float
    until: float


@dataclass(frozen=True, slots=True)
class DoorTime:
    """The door's clock: its state, seconds since 1970, and how long the service has run."""

    state: ClockState
    now: float
    running_s: float


def staleness(issued: Issued, door: DoorTime, life_s: float) -> RemoteRefusal | None:
    """Why the command doesn't count now; None if it does.

    What is from before the service's start is refused by the time that has passed since: a copy of the store that was
    put in place meanwhile may not know what was used.
    """
    if door.state is ClockState.UNTRUSTED:
        return RemoteRefusal.CLOCK
    if not 0 <= issued.until - issued.at <= life_s:
        return RemoteRefusal.FORM
    if issued.at > door.now + SKEW_S:
        return RemoteRefusal.EARLY
    age_s = door.now - issued.at
    if door.now >= issued.until or age_s > door.running_s:
        return RemoteRefusal.EXPIRED
    return None
