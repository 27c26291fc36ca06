"""What is said on the operators' socket: a request, and what is answered, each a line of JSON.

A connection carries one request and its answers. `VERBS` is the one table of what can be asked: the server dispatches
by it and docs/control.md is made from it. To add a verb, write its request in `messages`, its line in `VERBS`, and its
handler at a `Desk`; no other server is needed.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from device.control.alarm_messages import Acknowledge, ListAlarms, OpenAlarms
from device.control.command_messages import Administer, Administered
from device.control.messages import (
    VERSION,
    AddBadge,
    Clear,
    Code,
    Doors,
    Enroll,
    Error,
    Evacuate,
    Lockdown,
    Part,
    Progress,
    Recording,
    RecordPresentations,
    Release,
    Reply,
    Request,
    Secure,
    Status,
    Subscribe,
    Update,
    verb_of,
)
from device.control.remote_messages import CodedCommand, SignedCommand
from device.control.roles import ALL, VERB_ROLES, Roles
from device.errors import DoorError, LintelError

MAX_REQUEST = 1024
"""Longest line of a request, in bytes with its end, in every lane but `Lane.BULK`."""
MAX_BULK = 1 << 20
"""Longest line of a bulk request, and of any answer, in bytes."""


class Lane(StrEnum):
    """Who carries a request out, so that the slow ones can't delay the others."""

    SAFETY = "safety"
    RELEASE = "release"
    REMOTE = "remote"
    BULK = "bulk"
    COMMANDS = "commands"
    EVENTS = "events"


MEANINGS: dict[StrEnum, str] = {
    Lane.SAFETY: "carried out at once, by the thread that listens, which never waits for a disk",
    Lane.RELEASE: "one after the other, each when its audit row is written",
    Lane.REMOTE: "one after the other, each when it is verified and used up; a flood delays no operator",
    Lane.BULK: "requests of up to 1 MB, and streamed answers: a few at a time",
    Lane.COMMANDS: "commands of `lintel`, two at a time, each a process of its own",
    Lane.EVENTS: "until one side hangs up; rows are read from the store, a page at a time",
    Code.REQUEST: "not a request: no line, not JSON, or a field that is missing, unknown or of another type",
    Code.VERSION: "another version of the protocol",
    Code.VERB: "an unknown verb",
    Code.FORBIDDEN: "this user has no role that may ask for it",
    Code.BUSY: "too many wait already; ask again later",
    Code.SLOW: "the connection did not take what was sent, or did not send its request, in time",
    Code.REFUSED: "understood, and not done",
    Code.ENDING: "the service is being stopped; ask again once it runs",
    Code.BUG: "a bug in Lintel; the journal has more",
}
"""One clause for each, for the docs."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be asked."""

    request: type[Request]
    answer: object
    """Type of the reply, or of each part."""
    lane: Lane
    roles: Roles = ALL
    """Who may ask for it. Who may connect at all is up to the socket's file."""
    streamed: bool = False
    """Parts and an end in place of one reply."""

    @property
    def name(self) -> str:
        """As requests have it."""
        return verb_of(self.request)


Verbs = dict[str, Verb]


def table(verbs: Iterable[Verb]) -> Verbs:
    """Verbs by their names."""
    return {verb.name: verb for verb in verbs}


def _verb(request: type[Request], answer: object, lane: Lane, *, streamed: bool = False) -> Verb:
    return Verb(request, answer, lane, VERB_ROLES[verb_of(request)], streamed)


VERBS = table(
    (
        _verb(Status, Doors, Lane.SAFETY),
        _verb(Secure, Doors, Lane.SAFETY),
        _verb(Lockdown, Doors, Lane.SAFETY),
        _verb(Evacuate, Doors, Lane.SAFETY),
        _verb(Clear, Doors, Lane.SAFETY),
        _verb(Release, Doors, Lane.RELEASE),
        _verb(SignedCommand, Doors, Lane.REMOTE),
        _verb(CodedCommand, Doors, Lane.REMOTE),
        _verb(ListAlarms, OpenAlarms, Lane.BULK),
        _verb(Acknowledge, OpenAlarms, Lane.BULK),
        _verb(AddBadge, Progress, Lane.BULK, streamed=True),
        _verb(Enroll, Progress, Lane.BULK, streamed=True),
        _verb(RecordPresentations, Recording, Lane.BULK, streamed=True),
        _verb(Administer, Administered, Lane.COMMANDS, streamed=True),
        _verb(Subscribe, Update, Lane.EVENTS, streamed=True),
    )
)


class ProtocolError(DoorError):
    """An answer that says that a request didn't happen."""

    def __init__(self, message: str, *, hint: str, code: Code = Code.REFUSED, request: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.request = request


class _Envelope(msgspec.Struct, frozen=True):
    """What is looked at first: whether the rest can be understood at all."""

    v: object = None
    id: object = 0
    verb: object = None


def decoded(line: bytes, verbs: Verbs) -> tuple[Verb, Request]:
    """What a line asks for. Raises `ProtocolError`, which says what is understood."""
    envelope = _decoded(line)
    number = envelope.id if type(envelope.id) is int else 0
    if envelope.v != VERSION:
        raise ProtocolError(
            f"Unknown protocol version: {_shown(envelope.v)}.",
            hint=f"Understood: version {VERSION}. After an update: `sudo systemctl restart lintel`.",
            code=Code.VERSION,
            request=number,
        )
    verb = verbs.get(envelope.verb) if isinstance(envelope.verb, str) else None
    if verb is None:
        raise ProtocolError(
            f"Unknown verb: {_shown(envelope.verb)}.",
            hint=f"Understood: {', '.join(verbs)}.",
            code=Code.VERB,
            request=number,
        )
    try:
        return verb, msgspec.json.decode(line, type=verb.request)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        fields = ", ".join(verb.request.__struct_encode_fields__)
        raise ProtocolError(
            f"Invalid request {verb.name}: {error}.",
            hint=f"Understood: verb, {fields}.",
            code=Code.REQUEST,
            request=number,
        ) from None


def is_earlier(line: bytes) -> bool:
    """Whether a line is of the time before versions."""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        names = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        return not names.keys() & {"v", "verb"}
    return False


def _decoded(line: bytes) -> _Envelope:
    try:
        return msgspec.json.decode(line, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(
            f"Invalid request: {error}.",
            hint="Send a JSON object on one line, or use `lintel door`.",
            code=Code.REQUEST,
        ) from None


def _shown(value: object) -> str:
    """What was received, in short."""
    text = "none" if value is None else repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


def line_of(message: msgspec.Struct) -> bytes:
    """A message as its line."""
    return msgspec.json.encode(message) + b"\n"


def reply_line(number: int, reply: object) -> bytes:
    """The line of a reply."""
    return line_of(Reply(number, msgspec.Raw(msgspec.json.encode(reply))))


def part_line(number: int, part: object) -> bytes:
    """The line of a part."""
    return line_of(Part(number, msgspec.Raw(msgspec.json.encode(part))))


def error_line(number: int, error: LintelError) -> bytes:
    """The line of an error."""
    code = error.code if isinstance(error, ProtocolError) else Code.REFUSED
    return line_of(Error(number, code, error.message, error.hint))
