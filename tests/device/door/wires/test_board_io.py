"""A door's wires on simulated pins and on lgpio's stand-in: both conform, whatever the polarity."""

from collections.abc import Callable, Iterator

import msgspec
import pytest

from device.door.wires.gpio import BoardIO, board_factory
from device.records import DoorInput, DoorOutput, Line
from device.settings.tables import DoorSettings, InputSettings, OutputSettings
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from tests.device.door.wires.conformance import DEBOUNCE_S, DoorIOConformance, Rig
from tests.device.lgpio import Lgpio

STRIKE = 17
CLOSED_OHM, OPEN_OHM, PULL_UP_OHM = 1000, 2000, 1500


def contact_pins() -> dict[DoorInput, InputSettings]:
    """Each input on a pin, every other one active when its contact is open."""
    return {
        wire: InputSettings(signal=wire, pin=pin, active=("closed", "open")[pin % 2], debounce_s=DEBOUNCE_S)
        for pin, wire in enumerate(DoorInput)
    }


def supervised_channels() -> dict[DoorInput, InputSettings]:
    """Each input on a channel of the converter, every other one active when its contact is open."""
    return {
        wire: InputSettings(signal=wire, channel=channel, active=("closed", "open")[channel % 2], debounce_s=DEBOUNCE_S)
        for channel, wire in enumerate(DoorInput)
    }


def output_pins() -> dict[DoorOutput, OutputSettings]:
    """Each output on a pin, every other one active at a low level."""
    return {
        output: OutputSettings(signal=output, pin=20 + number, active_high=number % 2 == 0)
        for number, output in enumerate(DoorOutput)
    }


KINDS = [
    (True, False, contact_pins),
    (False, False, supervised_channels),
    (True, True, supervised_channels),
    (False, True, contact_pins),
]

Kind = tuple[bool, bool, Callable[[], dict[DoorInput, InputSettings]]]


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]}-{kind[1]}-{kind[2].__name__}")
def kind(request: pytest.FixtureRequest) -> Kind:
    """Whether the relay is active high, whether the strike is fail-safe, and how the inputs are wired."""
    kind: Kind = request.param
    return kind


@pytest.fixture
def door(kind: Kind) -> DoorSettings:
    return DoorSettings(pin=STRIKE, active_high=kind[0], fail_safe=kind[1])


def wired(
    door: DoorSettings, inputs: dict[DoorInput, InputSettings], outputs: dict[DoorOutput, OutputSettings]
) -> DoorSettings:
    """The door with those wires."""
    return msgspec.structs.replace(door, inputs=tuple(inputs.values()), outputs=tuple(outputs.values()))


@pytest.fixture
def inputs(kind: Kind) -> dict[DoorInput, InputSettings]:
    return kind[2]()


def changes(inputs: dict[DoorInput, InputSettings]) -> dict[DoorInput, tuple[Line, ...]]:
    """What each wire can say besides that it is quiet."""
    return {
        wire: (Line.ACTIVE, Line.CUT, Line.SHORT) if one.channel is not None else (Line.ACTIVE,)
        for wire, one in inputs.items()
    }


def is_active(settings: OutputSettings, level: bool) -> bool:
    return level == settings.active_high


def released(door: DoorSettings) -> bool:
    return door.active_high != door.fail_safe


class TestOnSimulatedPins(DoorIOConformance):
    @pytest.fixture
    def rig(self, door: DoorSettings, inputs: dict[DoorInput, InputSettings]) -> Iterator[Rig]:
        clock, outputs = SimulatedClock(), output_pins()
        pins = SimulatedPins(clock)
        for wire in inputs.values():
            pins.set_line(wire, Line.QUIET)
        io = BoardIO(wired(door, inputs, outputs), pins.factory, clock)
        clock.attend(io)
        yield Rig(
            io,
            clock,
            is_released=lambda: pins.history(STRIKE)[-1].high == released(door),
            was_released=lambda: any(level.high == released(door) for level in pins.history(STRIKE)),
            is_on=lambda output: is_active(outputs[output], pins.history(outputs[output].pin)[-1].high),
            say=lambda wire, line: pins.set_line(inputs[wire], line),
            can_say=changes(inputs),
            break_pin=lambda output: pins.broken_pins.add(outputs[output].pin if output else STRIKE),
        )
        pins.broken_pins.clear()
        io.close()


class TestThroughLgpio(DoorIOConformance):
    @pytest.fixture
    def rig(self, lgpio: Lgpio, door: DoorSettings, inputs: dict[DoorInput, InputSettings]) -> Iterator[Rig]:
        clock, outputs = SimulatedClock(), output_pins()
        lgpio.readings = [1023] * 8

        def say(wire: DoorInput, line: Line) -> None:
            settings = inputs[wire]
            closed = line is Line.SHORT or (
                line is not Line.CUT and (line is Line.ACTIVE) == (settings.active == "closed")
            )
            if settings.channel is None:
                assert settings.pin is not None
                lgpio.change(settings.pin, int(not closed))
            else:
                ohm = {Line.CUT: 1e12, Line.SHORT: 0}.get(line, CLOSED_OHM if closed else OPEN_OHM)
                lgpio.readings[settings.channel] = round(1023 * ohm / (ohm + PULL_UP_OHM))

        for wire in inputs:
            say(wire, Line.QUIET)
        io = BoardIO(wired(door, inputs, outputs), board_factory(), clock)
        clock.attend(io)
        yield Rig(
            io,
            clock,
            is_released=lambda: lgpio.levels(STRIKE)[-1] == released(door),
            was_released=lambda: released(door) in lgpio.levels(STRIKE),
            is_on=lambda output: is_active(outputs[output], bool(lgpio.levels(outputs[output].pin)[-1])),
            say=say,
            can_say=changes(inputs),
            break_pin=lambda output: lgpio.refused.add(("write", outputs[output].pin if output else STRIKE)),
        )
        lgpio.refused.clear()
        io.close()
