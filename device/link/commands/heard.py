"""What came from the broker, as a request to the door's service: pure, and wary of everything.

The service judges each command itself. What is dropped here is what can't be one any more: retained, old, or no
command at all.
"""

import re
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from device.control.remote_messages import CodedCommand, SignedCommand
from device.link.mqtt.connection import Received
from device.link.mqtt.topics import Topics, is_name
from device.link.settings.commands import CommandSettings
from device.records.remote import RemoteCommand
from device.remote.tokens import MAX_TOKEN, NotAToken, parsed

FRESH_S = 5.0
"""How old a command may be when it comes, by its own time, seconds."""
AHEAD_S = 2.0
_SET = re.compile(r"(?P<door>[^/]+)/(?P<what>lock|button)/set")


class Dropped(ValueError):
    """Not carried on; in words without a part of what came."""


class LockPayload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What Home Assistant's lock sends."""

    command: RemoteCommand
    at: Annotated[float, Meta(ge=0, le=2**33)]
    code: Annotated[str, Meta(pattern=r"^[0-9]{8}$")]


class ButtonPayload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What its button sends."""

    command: RemoteCommand
    at: Annotated[float, Meta(ge=0, le=2**33)]


@dataclass(frozen=True, slots=True)
class CommandTopics:
    """Where commands come, and where it is said what became of them."""

    topics: Topics

    @property
    def signed(self) -> str:
        """For tokens."""
        return f"{self._own}/command"

    @property
    def answer(self) -> str:
        """What became of a command; never retained."""
        return f"{self._own}/answer"

    def lock(self, door: str) -> str:
        """For Home Assistant's lock of a door."""
        return f"{self._site}/{door}/lock/set"

    def button(self, door: str) -> str:
        """For its button."""
        return f"{self._site}/{door}/button/set"

    def wanted(self, settings: CommandSettings) -> tuple[str, ...]:
        """What to subscribe to."""
        signed = (self.signed,) if settings.signed else ()
        lock = (self.lock("+"),) if settings.home_assistant != "off" else ()
        return (*signed, *lock, *((self.button("+"),) if settings.home_assistant == "button" else ()))

    @property
    def _site(self) -> str:
        return self._own.rpartition("/")[0]

    @property
    def _own(self) -> str:
        return self.topics.link.rpartition("/")[0]


def request_of(came: Received, topics: CommandTopics, now: float) -> SignedCommand | CodedCommand:
    """What to ask the service for; `now` is in seconds since 1970. Raises `Dropped`, and nothing else."""
    if came.retain:
        raise Dropped("retained")
    if len(came.payload) > MAX_TOKEN:
        raise Dropped("too long")
    return _token(came, now) if came.topic == topics.signed else _coded(came, topics, now)


def nonce_of(request: SignedCommand | CodedCommand) -> str:
    """What the answer names, so that the sender finds its own."""
    return parsed(request.token).claims.jti if isinstance(request, SignedCommand) else ""


def _token(came: Received, now: float) -> SignedCommand:
    try:
        text = came.payload.decode("ascii").strip()
        issued = parsed(text).claims.iat
    except (UnicodeDecodeError, NotAToken):
        raise Dropped("not a token") from None
    _drop_old(issued, now)
    return SignedCommand(token=text)


def _coded(came: Received, topics: CommandTopics, now: float) -> CodedCommand:
    prefix = topics.lock("").partition("//")[0] + "/"
    found = _SET.fullmatch(came.topic.removeprefix(prefix)) if came.topic.startswith(prefix) else None
    if found is None or not is_name(found["door"]):
        raise Dropped("another topic")
    kind: type[LockPayload | ButtonPayload] = LockPayload if found["what"] == "lock" else ButtonPayload
    try:
        said = msgspec.json.decode(came.payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Dropped("not a command") from None
    _drop_old(said.at, now)
    code = said.code if isinstance(said, LockPayload) else ""
    return CodedCommand(door=found["door"], command=said.command, at=said.at, code=code)


def _drop_old(at: float, now: float) -> None:
    if not -AHEAD_S <= now - at <= FRESH_S:
        raise Dropped("old" if at < now else "from the future")
