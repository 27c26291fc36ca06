"""libosdp as the control panel (ACU) of one line: a thin layer that gives events of the secure channel, and no others.

libosdp's own Python class is passed over for its C part: it prints, its event queue is never emptied, and its thread
dies silently. What else is worked around here, as of 3.2.9: its random numbers come from `rand()`, unseeded (see
`osdp_random`); a reader that went offline is tried again after 300 s only (see `restart`); every event's dictionary
leaks, so it is emptied at once. All calls for one panel must come from one thread.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Protocol

from device.errors import DependencyMissing
from device.readers.osdp.random import reseed
from device.records import Signal
from device.settings.tables import TurnPrompt

MAX_PEERS = 32
"""How many readers' states libosdp's Python part reports; more would overrun its memory."""


class _ControlPanel(Protocol):
    """What is used of libosdp's panel; a reader is meant by its index, and each bit of a state by the same."""

    def refresh(self) -> None: ...
    def status(self) -> int: ...
    def sc_status(self) -> int: ...
    def disable_pd(self, index: int, /) -> bool: ...
    def enable_pd(self, index: int, /) -> bool: ...
    def is_pd_enabled(self, index: int, /) -> bool: ...
    def get_pd_id(self, index: int, /) -> dict[str, int]: ...
    def check_capability(self, index: int, capability: int, /) -> tuple[int, int]: ...
    def flush_commands(self, index: int, /) -> int: ...
    def submit_command(self, index: int, command: dict[str, Any], /) -> bool: ...
    def set_event_callback(self, callback: Callable[[int, dict[str, Any]], int], /) -> None: ...


class Channel(Protocol):
    """The line as libosdp knows it. Nothing here may raise."""

    id: int

    def read(self, max_bytes: int) -> bytes:
        """What came, at most `max_bytes`, at once."""

    def write(self, frame: bytes) -> int:
        """Sends; how many bytes went out."""

    def flush(self) -> None:
        """Throws away what came."""


def _nothing(_identity: str) -> None:
    """Remembers nothing."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A reader on the line, and its key of 16 bytes."""

    name: str
    address: int
    key: bytes = field(repr=False)
    in_doubt: bool = False
    """Whether a change of its key was cut short."""
    identity: str = ""
    """What it said it is when it was first there with its key, as `Panel.identity`; "" if that is not known."""
    remember: Callable[[str], None] = field(default=_nothing, repr=False, compare=False)
    """Takes what it said it is, when it is there with its key for the first time. Raises `ReaderError`."""
    turn_left: TurnPrompt | None = None
    """By what it asks for a turn of the head to the left, and below to the right."""
    turn_right: TurnPrompt | None = None

    def prompt(self, signal: Signal) -> TurnPrompt | None:
        """By what a signal is shown that asks for a direction; None for others, and where the settings name nothing."""
        return {Signal.TURN_LEFT: self.turn_left, Signal.TURN_RIGHT: self.turn_right}.get(signal)


@dataclass(frozen=True, slots=True)
class PeerEvent:
    """What the reader with this index said in its secure channel, in libosdp's words."""

    index: int
    report: Mapping[str, Any] = field(repr=False)


class Panel:
    """The control panel of the readers on one line. Clear text and the default key are refused, unless `installing`."""

    def __init__(self, channel: Channel, peers: Sequence[Peer], *, installing: bool = False) -> None:
        """While `installing`, a reader that refuses its key is asked with the default key, and given its key if it
        accepts; it counts as secure with its own key only. Raises `DependencyMissing`.
        """
        osdp = osdp_sys()
        flags = osdp.FLAG_IGN_UNSOLICITED | (0 if installing else osdp.FLAG_ENFORCE_SECURE)
        osdp.set_loglevel(osdp.LOG_EMERG)
        reseed()
        self._events: list[PeerEvent] = []
        self._panel: _ControlPanel = osdp.ControlPanel([_info(peer, flags, channel) for peer in peers])
        self._panel.set_event_callback(_collector(self._panel, self._events))

    def refresh(self) -> tuple[PeerEvent, ...]:
        """Lets libosdp work, which it needs at least every 50 ms; what was said since, in a secure channel."""
        reseed()
        self._panel.refresh()
        events = tuple(self._events)
        self._events.clear()
        return events

    def is_online(self, index: int) -> bool:
        """Whether commands are exchanged."""
        return bool(self._panel.status() >> index & 1)

    def is_secure(self, index: int) -> bool:
        """Whether the secure channel is there, with the reader's own key."""
        return bool(self._panel.sc_status() >> index & 1)

    def restart(self, index: int) -> None:
        """Starts over with a reader, as soon as what is under way has ended."""
        self._panel.disable_pd(index)

    def resume(self, index: int) -> None:
        """Goes on with a reader that a restart has stopped."""
        if not self._panel.is_pd_enabled(index):
            self._panel.enable_pd(index)

    def identity(self, index: int) -> str:
        """What the reader says it is: maker, model and serial number, as in `osdp_PDID`; "" before it said so."""
        said = self._panel.get_pd_id(index)
        parts = (said["vendor_code"], said["model"], said["serial_number"])
        return "{:06x}:{}:{:08x}".format(*parts) if any(parts) else ""

    def can(self, index: int, capability: int) -> bool:
        """Whether the reader said that it has this, one of libosdp's CAP_ numbers."""
        level, count = self._panel.check_capability(index, capability)
        return bool(level and count)

    def order(self, index: int, *commands: Mapping[str, Any]) -> bool:
        """Sends commands, in libosdp's words, instead of those not sent yet; whether they could be queued."""
        self._panel.flush_commands(index)
        return all(self._panel.submit_command(index, dict(command)) for command in commands)

    def close(self) -> None:
        """Hears nothing any more; libosdp is let go with this object. Harmless when repeated."""
        self._panel.set_event_callback(_nobody)


def osdp_sys() -> ModuleType:
    """libosdp's C part. Raises `DependencyMissing`."""
    try:
        return importlib.import_module("osdp_sys")
    except ImportError:
        raise DependencyMissing(
            "OSDP readers need libosdp, which is not installed.",
            hint="Install it beside Lintel: pip install libosdp (there are wheels for Python 3.11 and 3.13).",
        ) from None


def _info(peer: Peer, flags: int, channel: Channel) -> dict[str, Any]:
    return {"name": peer.name[:15], "address": peer.address, "flags": flags, "scbk": peer.key, "channel": channel}


def _collector(panel: _ControlPanel, events: list[PeerEvent]) -> Callable[[int, dict[str, Any]], int]:
    """Takes down what is said in a secure channel; without references to the panel's owner, as libosdp keeps it."""

    def take(index: int, report: dict[str, Any]) -> int:
        if panel.sc_status() >> index & 1:
            events.append(PeerEvent(index, dict(report)))
        report.clear()
        return 0

    return take


def _nobody(_index: int, report: dict[str, Any]) -> int:
    report.clear()
    return 0
