"""Simulated pins: held from outside, cut, bridged, stuck, broken, and a converter at the end of their bus."""

from typing import Literal

import pytest
from gpiozero import MCP3008, DigitalOutputDevice, GPIODevice, InputDevice

from device.records import DoorInput, Line
from device.settings.tables import InputSettings
from device.virtual.clock import SimulatedClock
from device.virtual.pins import Level, SimulatedPins

PIN, CHANNEL = 5, 3


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def pins(clock: SimulatedClock) -> SimulatedPins:
    return SimulatedPins(clock)


@pytest.fixture
def pulled_up(pins: SimulatedPins) -> InputDevice:
    return InputDevice(PIN, pull_up=True, pin_factory=pins.factory)


Polarity = Literal["closed", "open"]


def is_high(device: GPIODevice) -> bool:
    return bool(device.pin.state)


def contact(active: Polarity = "closed") -> InputSettings:
    return InputSettings(signal=DoorInput.REX, pin=PIN, active=active)


def supervised(active: Polarity = "closed") -> InputSettings:
    return InputSettings(signal=DoorInput.REX, channel=CHANNEL, active=active)


def test_input_with_nothing_connected_is_pulled(pulled_up: InputDevice) -> None:
    assert is_high(pulled_up)


def test_held_input_has_that_level(pins: SimulatedPins, pulled_up: InputDevice) -> None:
    pins.hold(PIN, high=False)
    assert not is_high(pulled_up)


def test_input_that_is_let_go_is_pulled_again(pins: SimulatedPins, pulled_up: InputDevice) -> None:
    pins.hold(PIN, high=False)
    pins.let_go(PIN)
    assert is_high(pulled_up)


def test_level_may_be_held_before_anybody_reads_it(pins: SimulatedPins) -> None:
    pins.hold(PIN, high=False)
    assert not is_high(InputDevice(PIN, pull_up=True, pin_factory=pins.factory))


def test_output_is_stronger_than_what_is_held(pins: SimulatedPins) -> None:
    output = DigitalOutputDevice(PIN, pin_factory=pins.factory)
    pins.hold(PIN, high=True)
    assert not is_high(output)


@pytest.mark.parametrize(
    ("active", "line", "high"),
    [
        ("closed", Line.QUIET, True),
        ("closed", Line.ACTIVE, False),
        ("open", Line.QUIET, False),
        ("open", Line.ACTIVE, True),
        ("closed", Line.CUT, True),
        ("open", Line.CUT, True),
        ("closed", Line.SHORT, False),
        ("open", Line.SHORT, False),
    ],
)
def test_contact_says_a_line(
    pins: SimulatedPins, pulled_up: InputDevice, active: Polarity, line: Line, high: bool
) -> None:
    pins.set_line(contact(active), line)
    assert is_high(pulled_up) is high


@pytest.mark.parametrize(
    ("active", "line", "reading"),
    [
        ("closed", Line.QUIET, 585),
        ("closed", Line.ACTIVE, 409),
        ("open", Line.QUIET, 409),
        ("open", Line.ACTIVE, 585),
        ("closed", Line.CUT, 1023),
        ("open", Line.CUT, 1023),
        ("closed", Line.SHORT, 0),
        ("open", Line.SHORT, 0),
    ],
)
def test_supervised_wire_says_a_line(pins: SimulatedPins, active: Polarity, line: Line, reading: int) -> None:
    pins.set_line(supervised(active), line)
    assert MCP3008(CHANNEL, pin_factory=pins.factory).raw_value == reading


def test_channels_do_not_mix(pins: SimulatedPins) -> None:
    pins.connect(CHANNEL, 0.0)
    readings = [MCP3008(channel, pin_factory=pins.factory).raw_value for channel in range(8)]
    assert readings == [0 if channel == CHANNEL else 1023 for channel in range(8)]


def test_broken_converter_is_an_error(pins: SimulatedPins) -> None:
    pins.converter_broken = True
    with pytest.raises(OSError, match="MCP3008 does not answer"):
        _ = MCP3008(CHANNEL, pin_factory=pins.factory).raw_value


def test_edges_are_told_in_the_worlds_own_time(
    pins: SimulatedPins, pulled_up: InputDevice, clock: SimulatedClock
) -> None:
    told = []
    listener = lambda ticks, state: told.append((ticks, state))  # noqa: E731 - gpiozero keeps a weak reference
    pulled_up.pin.when_changed = listener
    clock.sleep(2.5)
    pins.hold(PIN, high=False)
    clock.sleep(1.0)
    pins.let_go(PIN)
    assert told == [(2.5, False), (3.5, True)]


def test_stuck_input_keeps_its_level(pins: SimulatedPins, pulled_up: InputDevice) -> None:
    pins.stuck_pins.add(PIN)
    pins.hold(PIN, high=False)
    assert is_high(pulled_up)


def test_stuck_output_keeps_its_level_and_says_nothing(pins: SimulatedPins) -> None:
    output = DigitalOutputDevice(PIN, pin_factory=pins.factory)
    pins.stuck_pins.add(PIN)
    output.on()
    assert pins.history(PIN) == (Level(0.0, high=False),)


def test_broken_pin_cannot_be_driven_and_the_others_can(pins: SimulatedPins) -> None:
    broken, whole = (DigitalOutputDevice(pin, pin_factory=pins.factory) for pin in (PIN, PIN + 1))
    pins.broken_pins.add(PIN)
    with pytest.raises(OSError, match="does not answer"):
        broken.on()
    whole.on()
    assert [pins.history(pin)[-1].high for pin in (PIN, PIN + 1)] == [False, True]


def test_broken_pin_cannot_be_read(pins: SimulatedPins, pulled_up: InputDevice) -> None:
    pins.broken_pins.add(PIN)
    with pytest.raises(OSError, match="does not answer"):
        _ = pulled_up.value
