"""GPIO pins that exist only in memory: gpiozero's mock pins, which remember their levels and can be told to fail."""

import threading
from dataclasses import dataclass
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin

from device.ports import Clock


@dataclass(frozen=True, slots=True)
class Level:
    """A pin's level from a moment on, in seconds on the monotonic clock."""

    at: float
    high: bool


class SimulatedPins:
    """A board of mock pins on a clock. Give `factory` to what drives pins."""

    def __init__(self, clock: Clock) -> None:
        self.factory: Any = MockFactory(pin_class=_recording_pin(self, clock))
        self.factory._res_lock = threading.RLock()  # noqa: SLF001 - gpiozero's own lock deadlocks with its __del__
        self.factory.ticks = clock.monotonic  # edges are stamped with the world's own time
        self.broken = False
        """While true, driving a pin fails, as with a cut wire to the chip."""
        self._histories: dict[int, list[Level]] = {}

    def history(self, pin: int) -> tuple[Level, ...]:
        """The levels a pin was driven to, oldest first."""
        return tuple(self._histories.get(pin, ()))

    def record(self, pin: int, level: Level) -> None:
        """Notes that a pin was driven."""
        history = self._histories.setdefault(pin, [])
        if not history or history[-1].high != level.high:
            history.append(level)


def _recording_pin(pins: SimulatedPins, clock: Clock) -> type:
    """A class of pins, because the factory makes the pins itself."""

    class RecordingPin(MockPin):  # type: ignore[misc]  # gpiozero is untyped
        def _set_state(self, value: float) -> None:
            if pins.broken:
                raise OSError("the simulated pin does not answer")
            super()._set_state(value)
            pins.record(self._number, Level(clock.monotonic(), bool(value)))

        def _call_when_changed(self) -> None:
            super(MockPin, self)._call_when_changed(clock.monotonic(), self._state)  # gpiozero's own says real time

    return RecordingPin
