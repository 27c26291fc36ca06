"""What each reader of a door shows: the answer to its own badge, else whether the door waits or is in alarm.

A direction in which a person is to turn the head is shown by the reader, if it can, and by the door's lamps.
"""

import math
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from device.errors import ReaderError
from device.ports import Clock, Reader, SeveralReaders
from device.records import DoorOutput, DoorState, Prompted, Signal

ANSWER_S = 2.0
"""How long at least a reader shows that a badge was granted or denied."""

_ALARMS = (DoorState.FORCED, DoorState.HELD_OPEN)
_ALL = ""
"""Stands for a reader that isn't one of several."""
_LAMPS = {
    Signal.TURN_LEFT: Prompted(DoorOutput.TURN_LEFT),
    Signal.TURN_RIGHT: Prompted(DoorOutput.TURN_RIGHT),
}


@dataclass(slots=True)
class _Shown:
    signal: Signal | None = None
    answered_until: float = -math.inf
    refused_at: float | None = None
    """When a refusal is to be shown that is shown late."""


class ReaderSignals:
    """Shows each signal once, where it changes. A reader that can't show anything is lost, and says so when read."""

    def __init__(
        self, reader: Reader, clock: Clock, light: Callable[[Prompted], object] = lambda _prompted: None
    ) -> None:
        """`light` takes what the door's lamps are to ask for, whenever that changes."""
        self._light = light
        self._lit = Prompted()
        self._reader = reader
        self._several = reader if isinstance(reader, SeveralReaders) else None
        self._clock = clock
        self._shown = {name: _Shown() for name in (self._several.names if self._several else (_ALL,))}

    def prompt(self, reader: str, signal: Signal) -> None:
        """Asks the person at a reader for something. A refusal that was to be shown late is not shown any more."""
        self._shown[self._name(reader)].refused_at = None
        self._show(self._name(reader), signal)

    def answer(self, reader: str, *, granted: bool) -> None:
        """What a person has to see stands for `ANSWER_S`, or until the next badge there or an alarm."""
        name = self._name(reader)
        shown = self._shown[name]
        shown.signal = shown.refused_at = None
        self._show(name, Signal.GRANTED if granted else Signal.DENIED)
        shown.answered_until = self._clock.monotonic() + ANSWER_S

    def wait(self, reader: str, for_s: float) -> None:
        """The person is recognized, and a second one is waited for that long, which stands until the next badge."""
        name = self._name(reader)
        self._show(name, Signal.WAITING)
        self._shown[name].answered_until = self._clock.monotonic() + for_s

    def refuse_late(self, reader: str, after_s: float) -> None:
        """A refusal that is shown after a while, unless another badge is presented there before."""
        self._shown[self._name(reader)].refused_at = self._clock.monotonic() + after_s

    def show_state(self, state: DoorState, busy: Collection[str]) -> None:
        """Shows whether the door waits for a badge or is in alarm, but for readers that are `busy` with a person."""
        now, taken = self._clock.monotonic(), {self._name(reader) for reader in busy}
        for name, shown in self._shown.items():
            if name in taken:
                continue
            if shown.refused_at is not None and now >= shown.refused_at:
                self.answer(name, granted=False)
            if state in _ALARMS:
                self._show(name, Signal.ALARM)
            elif (
                shown.refused_at is None
                and now >= shown.answered_until
                and not (shown.signal is Signal.GRANTED and state is DoorState.RELEASED)
            ):
                self._show(name, Signal.READY)

    def _name(self, reader: str) -> str:
        return reader if reader in self._shown else next(iter(self._shown))

    def _show(self, name: str, signal: Signal) -> None:
        shown = self._shown[name]
        if signal is shown.signal:
            return
        shown.signal = signal
        with suppress(ReaderError):
            if self._several is None:
                self._reader.show(signal)
            else:
                self._several.show_at(name, signal)
        self._light_lamps(signal)

    def _light_lamps(self, last: Signal) -> None:
        """The door has one pair of lamps: of people at two readers the one who was asked last is meant."""
        asked = [_LAMPS[shown.signal] for shown in self._shown.values() if shown.signal in _LAMPS]
        wanted = _LAMPS.get(last) or next(iter(asked), Prompted())
        if wanted != self._lit:
            self._lit = wanted
            self._light(wanted)
