"""GPIO pins that exist only in memory: gpiozero's mock pins, which remember their levels and can be made to fail."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gpiozero import SPI
from gpiozero.pins.mock import MockFactory, MockPin

from device.ports import Clock
from device.records import Line
from device.settings.tables import InputSettings

PULL_UP_OHM, SERIES_OHM, PARALLEL_OHM = 1500.0, 1000.0, 1000.0
"""The resistors of a supervised wire, as an installer puts them in."""
LARGEST_READING = 1023


@dataclass(frozen=True, slots=True)
class Level:
    """A pin's level from a moment on, in seconds on the monotonic clock."""

    at: float
    high: bool


class SimulatedPins:
    """A board of mock pins on a clock, with an MCP3008. Give `factory` to what drives and reads pins."""

    def __init__(self, clock: Clock) -> None:
        self.factory: Any = MockFactory(pin_class=_recording_pin(self, clock))
        self.factory._res_lock = threading.RLock()  # noqa: SLF001 - gpiozero's own lock deadlocks with its __del__
        self.factory.ticks = clock.monotonic  # edges are stamped with the world's own time
        self.factory._get_spi_class = lambda *_kind, **_: _converter(self)  # noqa: SLF001 - gpiozero offers no other way
        self.broken = False
        """While true, driving any pin fails, as with a cut wire to the chip."""
        self.broken_pins: set[int] = set()
        """Pins that can neither be driven nor read."""
        self.stuck_pins: set[int] = set()
        """Pins that keep their level whatever is done to them, and say nothing about it."""
        self.converter_broken = False
        """While true, no channel of the MCP3008 can be read."""
        self._held: dict[int, bool] = {}
        self._ohms: dict[int, float | None] = {}
        self._histories: dict[int, list[Level]] = {}

    def history(self, pin: int) -> tuple[Level, ...]:
        """The levels a pin was driven to, oldest first."""
        return tuple(self._histories.get(pin, ()))

    def record(self, pin: int, level: Level) -> None:
        """Notes that a pin was driven."""
        history = self._histories.setdefault(pin, [])
        if not history or history[-1].high != level.high:
            history.append(level)

    def hold(self, pin: int, *, high: bool) -> None:
        """Puts a level on an input from outside, which lasts until another one is put or it is let go."""
        self._held[pin] = high
        self._apply(pin)

    def let_go(self, pin: int) -> None:
        """Connects nothing to an input: its pull resistor decides."""
        self._held.pop(pin, None)
        self._apply(pin)

    def held(self, pin: int) -> bool | None:
        """The level that is put on an input from outside; None if nothing is connected."""
        return self._held.get(pin)

    def set_line(self, wire: InputSettings, line: Line) -> None:
        """Has a wire say something: its contact opens or closes, or its cable is cut or bridged.

        Without end-of-line resistors a cut cable looks like an open contact, and a bridged one like a closed one.
        """
        closed_is_active = wire.active == "closed"
        is_closed = line is Line.SHORT or (line is not Line.CUT and (line is Line.ACTIVE) == closed_is_active)
        if wire.channel is not None:
            whole = {Line.CUT: None, Line.SHORT: 0.0}
            contact_ohm = SERIES_OHM if is_closed else SERIES_OHM + PARALLEL_OHM
            self.connect(wire.channel, whole.get(line, contact_ohm))
        elif wire.pin is not None and is_closed:
            self.hold(wire.pin, high=False)
        elif wire.pin is not None:
            self.let_go(wire.pin)

    def connect(self, channel: int, ohm: float | None) -> None:
        """Puts a resistance between a channel of the MCP3008 and ground; None is a cut cable, as at first."""
        self._ohms[channel] = ohm

    def reading(self, channel: int) -> int:
        """What the MCP3008 measures at a channel, 0 to 1023. Raises `OSError` while it is broken."""
        if self.converter_broken:
            raise OSError("the simulated MCP3008 does not answer")
        ohm = self._ohms.get(channel)
        return round(LARGEST_READING * (1.0 if ohm is None else ohm / (ohm + PULL_UP_OHM)))

    def _apply(self, pin: int) -> None:
        """An input takes the level put on it; an output is stronger."""
        mock = self.factory.pin(pin)
        if mock.function == "input":
            mock.function = "input"


def _recording_pin(pins: SimulatedPins, clock: Clock) -> type:
    """A class of pins, because the factory makes the pins itself."""

    class RecordingPin(MockPin):  # type: ignore[misc]  # gpiozero is untyped
        def _get_state(self) -> Any:  # noqa: ANN401
            self._fail_if(self._number in pins.broken_pins)
            return super()._get_state()

        def _set_state(self, value: float) -> None:
            self._fail_if(pins.broken or self._number in pins.broken_pins)
            super()._set_state(value)
            pins.record(self._number, Level(clock.monotonic(), bool(self._state)))

        def _set_pull(self, value: str) -> None:
            """What is put on an input from outside is stronger than its pull resistor."""
            held = pins.held(self._number)
            if held is None:
                super()._set_pull(value)
                return
            self._pull = value
            (self.drive_high if held else self.drive_low)()

        def _change_state(self, value: float) -> bool:
            return self._number not in pins.stuck_pins and bool(super()._change_state(value))

        def _call_when_changed(self) -> None:
            super(MockPin, self)._call_when_changed(clock.monotonic(), self._state)

        def _fail_if(self, broken: bool) -> None:
            if broken:
                raise OSError("the simulated pin does not answer")

    return RecordingPin


def _converter(pins: SimulatedPins) -> type:
    """An SPI bus with an MCP3008 at its end, which answers as in Microchip DS21295, figure 6-1."""

    class ConverterBus(SPI):  # type: ignore[misc]  # gpiozero is untyped
        def __init__(self, pin_factory: Any, **_wires: int) -> None:  # noqa: ANN401
            super().__init__(pin_factory=pin_factory)

        def transfer(self, data: Sequence[int]) -> list[int]:
            reading = pins.reading(data[1] >> 4 & 7)
            return [0, reading >> 8, reading & 0xFF]

    return ConverterBus
