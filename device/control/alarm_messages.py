"""What is said about alarms on the operators' socket."""

from typing import Annotated

import msgspec
from msgspec import Meta

from device.control.messages import Request
from device.records import Alarm


class ListAlarms(Request, frozen=True, tag="alarms"):
    """Alarms that are open, the oldest first; duress for auditors and admins alone."""


class Acknowledge(Request, frozen=True, tag="acknowledge", kw_only=True):
    """Close an alarm, by name. What opened it is not cleared by that."""

    alarm: Annotated[int, Meta(description="its number", ge=1, le=2**63 - 1)]
    why: Annotated[str, Meta(description="why that is enough, 3 to 200 characters", max_length=400)]


class OpenAlarms(msgspec.Struct, frozen=True):
    """Alarms; the one that was closed, or those that are open."""

    alarms: tuple[Alarm, ...] = ()
