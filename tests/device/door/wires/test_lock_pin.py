"""Pins through lgpio: what is driven never floats, what is sensed keeps its pull resistor and tells its edges."""

import threading

import pytest
from gpiozero import DigitalOutputDevice, Factory, InputDevice, Pin, PinFixedPull, PinInvalidFunction, PinInvalidPull

from device.door.wires.gpio import board_factory
from tests.device.lgpio import Lgpio

PIN, I2C_PIN = 17, 2


@pytest.fixture
def factory(lgpio: Lgpio) -> Factory:  # noqa: ARG001 - the factory opens its chip
    return board_factory()


@pytest.fixture
def pin(factory: Factory) -> Pin:
    return factory.pin(PIN)


def claims(lgpio: Lgpio) -> list[tuple[str, int, int, int]]:
    """What was asked of the kernel about pins."""
    return [call for call in lgpio.asked if call[0] not in ("open", "close")]


@pytest.mark.usefixtures("pin")
def test_pin_that_is_only_named_is_left_alone(lgpio: Lgpio) -> None:
    assert claims(lgpio) == []


@pytest.mark.parametrize("level", [0, 1])
def test_second_claim_of_an_output_writes_its_level(lgpio: Lgpio, pin: Pin, level: int) -> None:
    """lgpio itself would do nothing: the pin is an output already."""
    pin.output_with_state(not level)
    pin.output_with_state(level)
    assert lgpio.levels() == [int(not level), level]


def test_relay_taken_again_is_secured_again(lgpio: Lgpio, factory: Factory) -> None:
    first = DigitalOutputDevice(PIN, pin_factory=factory)
    first.on()
    first.close()
    DigitalOutputDevice(PIN, pin_factory=factory)
    assert lgpio.levels()[-1] == 0


@pytest.mark.parametrize(("pull", "flag"), [("up", 32), ("down", 64), ("floating", 128)])
def test_input_has_its_pull_in_one_request(lgpio: Lgpio, pin: Pin, pull: str, flag: int) -> None:
    pin.input_with_pull(pull)
    assert claims(lgpio) == [("input", 7, PIN, flag)]


@pytest.mark.parametrize(("pull_up", "flag"), [(True, 32), (False, 64)])
def test_input_device_is_pulled(lgpio: Lgpio, factory: Factory, pull_up: bool, flag: int) -> None:
    device = InputDevice(PIN, pull_up=pull_up, pin_factory=factory)
    assert (lgpio.pull(PIN), device.closed) == (flag, False)


def test_pull_can_be_set_before_anything_else(lgpio: Lgpio, pin: Pin) -> None:
    pin.pull = "up"
    assert lgpio.pull(PIN) == lgpio.SET_PULL_UP


def test_pull_can_be_changed(lgpio: Lgpio, pin: Pin) -> None:
    pin.pull = "up"
    pin.pull = "down"
    assert lgpio.pull(PIN) == lgpio.SET_PULL_DOWN


def test_pull_stays_when_edges_are_listened_for(lgpio: Lgpio, pin: Pin) -> None:
    pin.input_with_pull("up")
    pin.when_changed = listener = lambda _ticks, _state: None
    assert (lgpio.pull(PIN), pin.when_changed) == (lgpio.SET_PULL_UP, listener)


@pytest.mark.parametrize("wrong", ["sideways", None])
def test_no_other_pull_is_known(pin: Pin, wrong: str | None) -> None:
    with pytest.raises(PinInvalidPull):
        pin.input_with_pull(wrong)


def test_resistor_on_the_board_is_stronger(factory: Factory) -> None:
    with pytest.raises(PinFixedPull, match="physical pull-up"):
        factory.pin(I2C_PIN).input_with_pull("down")


@pytest.mark.parametrize("make", ["function", "pull", "input_with_pull"])
def test_output_never_becomes_an_input(lgpio: Lgpio, pin: Pin, make: str) -> None:
    pin.output_with_state(True)
    with pytest.raises(PinInvalidFunction, match="would float"):
        pin.input_with_pull("up") if make == "input_with_pull" else setattr(
            pin, make, {"function": "input", "pull": "up"}[make]
        )
    assert (lgpio.held(PIN), lgpio.levels()) == (lgpio.OUTPUT, [1])


def test_closed_output_is_left_alone(lgpio: Lgpio, pin: Pin) -> None:
    pin.output_with_state(True)
    pin.close()
    assert claims(lgpio) == [("output", 7, PIN, 1)]


def test_closed_input_is_given_back(lgpio: Lgpio, factory: Factory) -> None:
    device = InputDevice(PIN, pull_up=True, pin_factory=factory)
    device.close()
    assert lgpio.held(PIN) is None


def test_closed_input_can_be_taken_as_an_output(lgpio: Lgpio, factory: Factory) -> None:
    InputDevice(PIN, pull_up=True, pin_factory=factory).close()
    DigitalOutputDevice(PIN, pin_factory=factory)
    assert lgpio.held(PIN) == lgpio.OUTPUT


def test_pin_can_be_closed_after_its_chip(lgpio: Lgpio, factory: Factory, pin: Pin) -> None:
    pin.input_with_pull("up")
    factory.close()
    before = len(lgpio.asked)
    pin.close()
    assert lgpio.asked[before:] == []


@pytest.mark.parametrize(("edges", "flag"), [("both", 3), ("rising", 1), ("falling", 2)])
def test_edges_are_asked_of_the_kernel(lgpio: Lgpio, pin: Pin, edges: str, flag: int) -> None:
    pin.input_with_pull("up")
    pin.edges = edges
    pin.when_changed = listener = lambda _ticks, _state: None
    assert (claims(lgpio)[-1], pin.when_changed) == (("alert", 7, PIN, flag), listener)


def test_edges_are_told_with_the_kernels_time(lgpio: Lgpio, pin: Pin) -> None:
    told = []
    pin.input_with_pull("up")
    pin.when_changed = listener = lambda ticks, state: told.append((ticks, state))
    lgpio.change(PIN, 0, 1_500_000_000)
    assert (told, pin.when_changed) == ([(1.5, 0)], listener)


def test_level_is_read_while_edges_are_listened_for(lgpio: Lgpio, factory: Factory) -> None:
    device = InputDevice(PIN, pull_up=True, pin_factory=factory)
    device.pin.when_changed = listener = lambda _ticks, _state: None
    lgpio.change(PIN, 1)
    assert (device.value, device.pin.when_changed) == (0, listener)


def test_nobody_is_told_after_the_end(lgpio: Lgpio, factory: Factory) -> None:
    told = []
    device = InputDevice(PIN, pull_up=True, pin_factory=factory)
    listener = lambda _ticks, state: told.append(state)  # noqa: E731 - gpiozero keeps a weak reference
    device.pin.when_changed = listener
    device.close()
    lgpio.change(PIN, 0)
    assert told == []


def test_failing_listener_does_not_end_the_thread_of_all_edges(
    lgpio: Lgpio, pin: Pin, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = []
    monkeypatch.setattr(threading, "excepthook", lambda args: failed.append(args.exc_type))
    pin.input_with_pull("up")

    def listener(_ticks: int, _state: int) -> None:
        raise KeyError("missing")

    pin.when_changed = listener
    lgpio.change(PIN, 0)
    assert (failed, pin.when_changed) == ([KeyError], listener)
