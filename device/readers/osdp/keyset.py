"""Gives an OSDP reader a fresh key of its own: the operator's command, and the only place where the default key works.

In this order, so that a cut at any point leaves the reader with a key that is on the disk: find the key that it has (a
proposed one, the one in use, or, in its install mode, the default key); write a fresh one down as proposed; give it;
see a new secure channel with it; make it the one in use. A proposed key is never written over before another one has
worked.
"""

import secrets
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from device.errors import ReaderError
from device.ports import Clock
from device.readers.context import ReaderContext
from device.readers.osdp.frames import Command
from device.readers.osdp.keys import KEY_BYTES, KeyFiles
from device.readers.osdp.panel import Panel, Peer
from device.readers.osdp.wire import Wire
from device.settings.tables import ReaderSettings

_STEP_S = 0.01
_TRIAL_S = 3.0
"""A handshake takes half a second; a key that has not worked in this time is another one."""
_REFUSED_S = 0.5
_PROOFS = 3
"""How often a new key is tried, as a garbled reply takes a handshake down."""


def keyset(settings: ReaderSettings, around: ReaderContext, window_s: float, *, install: bool = False) -> None:
    """Gives the reader a fresh random key and writes it down. It has `window_s` seconds to take it, and the default key
    is accepted no longer than that; the proof that it has it may take `_PROOFS` trials more.

    The line must be free: stop the service first. A reader without a key must be in its install mode, and anyone
    who listens on the line meanwhile learns the new key. Where a key is written down already, the default key is taken
    only with `install`, or an attacker who silences the reader could take its place. Raises `ReaderError`,
    `DependencyMissing`.
    """
    deadline = around.clock.monotonic() + window_s
    wire = Wire(settings.source, settings.baud_rate, around.clock)
    wire.open()
    try:
        files = KeyFiles(around.state_dir, settings.name)
        _Change(settings, files, wire, around.clock, deadline, install or not files.candidates()).run()
    finally:
        wire.close()


@dataclass(frozen=True, slots=True)
class _Change:
    settings: ReaderSettings
    files: KeyFiles
    wire: Wire
    clock: Clock
    deadline: float
    may_install: bool

    def run(self) -> None:
        """All of it. Raises `ReaderError`."""
        waiting = self.files.proposed()
        try:
            while Command.KEYSET not in self.wire.sent and self._goes_on():
                known = self._known()
                if known:
                    self._replace(known)
                elif self.may_install:
                    self._install()
        finally:
            if Command.KEYSET not in self.wire.sent and self.files.proposed() != waiting:
                self.files.withdraw()
        if Command.KEYSET not in self.wire.sent:
            raise self._refused()
        given = self.files.proposed()
        if given is None or not any(self._opens(given, _TRIAL_S) for _ in range(_PROOFS)):
            raise self._in_doubt()
        self.files.accept()

    def _known(self) -> bytes | None:
        """The key that the reader has, of those that are written down."""
        return next((key for key in self.files.candidates() if self._opens(key, self._left(_TRIAL_S))), None)

    def _replace(self, known: bytes) -> None:
        """Changes the key in a secure channel with the known one."""
        if known == self.files.proposed():
            self.files.accept()
        fresh = self._propose()
        with closing(self._panel(known)) as panel:
            if self._until(panel, lambda: _is_secure(panel), self._left(_TRIAL_S)):
                panel.order(0, {"command": 5, "type": 1, "data": fresh})
                self._until(panel, self._has_answered, self._left(_TRIAL_S))

    def _install(self) -> None:
        """Has libosdp give a key to a reader that accepts the default key, which it does by itself.

        A proposed key that is there already is given, since the reader may have it, for all that we know.
        """
        with closing(self._panel(self.files.proposed() or self._propose(), installing=True)) as panel:
            self._until(panel, lambda: panel.is_online(0), self._left(_TRIAL_S))

    def _propose(self) -> bytes:
        fresh = secrets.token_bytes(KEY_BYTES)
        self.files.propose(fresh)
        return fresh

    def _opens(self, key: bytes, time_s: float) -> bool:
        """Whether a new secure channel comes up with this key within `time_s`."""
        began = self.clock.monotonic()
        with closing(self._panel(key)) as panel:
            self._until(panel, lambda: _is_secure(panel) or self._has_refused(began), time_s)
            return _is_secure(panel)

    def _panel(self, key: bytes, *, installing: bool = False) -> Panel:
        peer = Peer(self.settings.name, self.settings.address, key)
        return Panel(self.wire, [peer], installing=installing)

    def _goes_on(self) -> bool:
        return not self.wire.fault and self.clock.monotonic() < self.deadline

    def _left(self, time_s: float) -> float:
        """`time_s`, or what is left of the window."""
        return min(time_s, self.deadline - self.clock.monotonic())

    def _has_refused(self, began: float) -> bool:
        """Whether the reader's answer to a challenge led nowhere since a trial began."""
        heard = self.wire.heard.get(self.settings.address)
        if heard is None or heard.at < began or heard.command != Command.CHLNG:
            return False
        return self.clock.monotonic() > heard.at + _REFUSED_S

    def _has_answered(self) -> bool:
        """Whether the reader has said something to its new key."""
        heard = self.wire.heard.get(self.settings.address)
        return heard is not None and heard.command == Command.KEYSET

    def _until(self, panel: Panel, done: Callable[[], bool], time_s: float) -> bool:
        """Lets libosdp work until it is `done`, for `time_s`; whether it is."""
        end = self.clock.monotonic() + time_s
        while self.clock.monotonic() < end and not self.wire.fault:
            panel.refresh()
            if done():
                return True
            self.clock.sleep(_STEP_S)
        return False

    def _refused(self) -> ReaderError:
        return ReaderError(
            f"The OSDP reader {self.settings.name} was not given a key: {self._why()}. Nothing has changed.",
            hint="Check its line, its address and its rate; put it into its install mode, and run the command again.",
        )

    def _why(self) -> str:
        if self.wire.fault:
            return f"its line is gone: {self.wire.fault}"
        if self.settings.address not in self.wire.heard:
            return "it does not answer"
        if not self.may_install:
            return "it doesn't have the key stored here; add `--install` if it was replaced or reset"
        return "it accepts neither a key stored here nor the default key"

    def _in_doubt(self) -> ReaderError:
        return ReaderError(
            f"The OSDP reader {self.settings.name} was given a new key, but has not proved that it has it.",
            hint="Run the command again: it tries the new key and the old one, both of which are stored.",
        )


def _is_secure(panel: Panel) -> bool:
    return panel.is_secure(0) and panel.is_online(0)
