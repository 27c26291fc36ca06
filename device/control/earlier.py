"""The protocol before it had versions: one release long a `lintel door` of that time is answered, and such a service
understood, so that the doors can be commanded while Lintel is updated.
"""

import msgspec

from device.control.messages import REQUESTS, DoorRequest, Doors
from device.control.protocol import ProtocolError
from device.errors import LintelError
from device.records import DoorCommand, DoorStatus


class EarlierRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command, or without one the question how a door is; without a door's name, for all doors."""

    command: DoorCommand | None = None
    door: str | None = None


class EarlierReply(msgspec.Struct, frozen=True):
    """The doors as they are now; or what went wrong, and what to do."""

    doors: tuple[DoorStatus, ...] = ()
    error: str = ""
    hint: str = ""


def from_earlier(line: bytes) -> DoorRequest:
    """What a line asks for. Raises `ProtocolError`."""
    try:
        asked = msgspec.json.decode(line, type=EarlierRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(f"Invalid request: {error}.", hint="Use `lintel door`.") from None
    return REQUESTS[asked.command](door=asked.door)


def to_earlier(request: DoorRequest) -> bytes:
    """The line that a service of that time understands."""
    (command,) = (command for command, kind in REQUESTS.items() if kind is type(request))
    return msgspec.json.encode(EarlierRequest(command, request.door)) + b"\n"


def is_earlier_refusal(line: bytes) -> bool:
    """Whether a service of that time has not understood a request with a version."""
    try:
        answer = msgspec.json.decode(line, type=EarlierReply)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return answer.error.startswith("Invalid request")


def earlier_reply(doors: Doors) -> bytes:
    """The line of a reply."""
    return msgspec.json.encode(EarlierReply(doors.doors)) + b"\n"


def earlier_error(error: LintelError) -> bytes:
    """The line of an error."""
    return msgspec.json.encode(EarlierReply(error=error.message, hint=error.hint)) + b"\n"
