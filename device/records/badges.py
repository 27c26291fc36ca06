"""What comes from a badge reader, and what it shows in return."""

from dataclasses import dataclass, field
from enum import Enum, StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Credential:
    """What a badge carries: the card format, its facility code (0 where the format has none) and the card number."""

    format: str
    facility: int
    number: int


class Security(Enum):
    """What a reader and its wire promise: the code that JSON carries, and what it means for the door's owner."""

    SECURE_CHANNEL = ("secure-channel", "encrypted and authenticated, each reader with a key of its own")
    CLEAR_TEXT = ("clear-text", "anyone at the wire can read a badge and replay it")
    CLONABLE = ("clonable", "the card sends only its number, and so does a copy")
    LOCAL = ("local", "any program that may write to it can claim any badge")

    def __init__(self, code: str, meaning: str) -> None:
        self.code = code
        self.meaning = meaning


@dataclass(frozen=True, slots=True)
class BadgeRead:
    """A badge presented `at` seconds on the monotonic clock; `credential` is None if the reader understood nothing.

    `reader` is the reader's name in the settings, `fault` says why it understood nothing, `bits` is the frame as it
    came, in 0 and 1, and `text` the line that was not understood, both for setting a reader up: neither is logged.
    """

    credential: Credential | None
    at: float
    reader: str = ""
    security: Security = Security.LOCAL
    fault: str = ""
    bits: str = field(default="", repr=False)
    text: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class KeyPress:
    """Keys typed on a reader's pad, `0` to `9`, `*` and `#`. Never printed, logged or put into an audit row."""

    keys: str = field(repr=False)
    at: float
    reader: str = ""
    bits: int = field(default=0, compare=False)
    """How many bits it came in; 0 where keys don't come in bits."""


class Notice(StrEnum):
    """What a reader says of itself."""

    LOST = "lost"
    FOUND = "found"
    TAMPERED = "tampered"
    POWER_FAILED = "power-failed"
    RESTORED = "restored"
    """Neither tampered with nor without power any more."""
    KEYS_REFUSED = "keys-refused"
    """Keys came from a reader that has no keypad by its settings, or another one."""


@dataclass(frozen=True, slots=True)
class ReaderNotice:
    """Something about the reader itself, in words that name no badge."""

    notice: Notice
    at: float
    reader: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BadgeRemoved:
    """No card is there any more, `at` seconds on the monotonic clock; only some readers can report it."""

    at: float
    reader: str = ""


ReaderEvent = BadgeRead | BadgeRemoved | KeyPress | ReaderNotice
"""All that a reader gives."""


class Signal(StrEnum):
    """What a reader's LED and buzzer signal to the person."""

    READY = "ready"
    LOOK = "look"
    """The badge is read: look at the camera."""
    TURN_LEFT = "turn-left"
    """Turn your head to the left, as the person sees it."""
    TURN_RIGHT = "turn-right"
    """Turn it to the right, likewise."""
    WAITING = "waiting"
    """You are recognized; the door waits for a second person."""
    GRANTED = "granted"
    DENIED = "denied"
    ALARM = "alarm"
    """The door is held open or was forced."""
