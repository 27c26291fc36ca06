"""Commands that come over the network: who may send them, which there are, and why one is refused."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class RemoteCommand(StrEnum):
    """What may come over the network. Evacuation and `clear` are not among it."""

    RELEASE = "release"
    SECURE = "secure"
    LOCKDOWN = "lockdown"


CODED = frozenset({RemoteCommand.RELEASE, RemoteCommand.SECURE})
"""What a code may ask for: no more than Home Assistant's lock has."""


class RemoteKind(StrEnum):
    """How a client shows who it is."""

    KEY = "key"
    """By a signature for each command; the house keeps the public half."""
    CODE = "code"
    """By a code that is the same each time."""


class RemoteRefusal(StrEnum):
    """Why a command is refused; the value is the word in the audit."""

    OFF = "off"
    FORM = "form"
    UNKNOWN = "unknown"
    SIGNATURE = "signature"
    CODE = "code"
    LOCKED = "locked"
    CLOCK = "clock"
    EARLY = "early"
    EXPIRED = "expired"
    REPLAYED = "replayed"
    RIGHTS = "rights"
    RATE = "rate"


REFUSAL_MEANINGS = {
    RemoteRefusal.OFF: "the settings don't allow such commands",
    RemoteRefusal.FORM: "not a command of the documented form",
    RemoteRefusal.UNKNOWN: "no such client, or one that was revoked",
    RemoteRefusal.SIGNATURE: "the signature is not that of the client's key",
    RemoteRefusal.CODE: "a wrong code",
    RemoteRefusal.LOCKED: "too many wrong codes; an admin resets it: `lintel link code reset`",
    RemoteRefusal.CLOCK: "the door's clock is not trusted: `lintel clock status`",
    RemoteRefusal.EARLY: "issued in the future by the door's clock",
    RemoteRefusal.EXPIRED: "too old, or from before the service started",
    RemoteRefusal.REPLAYED: "used before, or older than what the client sent since",
    RemoteRefusal.RIGHTS: "the client may not do that at this door",
    RemoteRefusal.RATE: "too many commands in a short time",
}
"""One clause for each, for the answer and the docs."""


@dataclass(frozen=True, slots=True)
class RemoteClient:
    """A named client. `uid` was drawn by this house and means nothing in another one; no doors stand for all."""

    uid: str
    name: str
    kind: RemoteKind
    commands: frozenset[RemoteCommand]
    doors: tuple[str, ...]
    made_at: datetime
    secret: bytes = field(repr=False)
    """A public Ed25519 key, or what is kept of a code."""
    number: int = 0
    """The first two digits of a code."""
    failed: int = 0
    """Wrong codes in a row."""

    def may(self, command: RemoteCommand, door: str) -> bool:
        """Whether this client may ask for that at this door."""
        return command in self.commands and (not self.doors or door in self.doors)

    @property
    def words(self) -> str:
        """The client for the audit; no user of the system has a blank in the name."""
        return f"client {self.name}" if self.kind is RemoteKind.KEY else f"code of {self.name}"


@dataclass(frozen=True, slots=True)
class RemoteOrder:
    """A command that was verified, and is to be carried out."""

    command: RemoteCommand
    door: str
    by: str
    """Who asked, for the audit."""
