"""The relay on simulated pins: secure from its first level on, released on request, an error when it is broken."""

import pytest

from device.config import DoorSettings
from device.door.gpio import Relay
from device.errors import DoorError
from device.simulation.clock import SimulatedClock
from device.simulation.pins import Level, SimulatedPins

PIN = 17


@pytest.fixture
def clock():
    return SimulatedClock()


@pytest.fixture
def pins(clock):
    return SimulatedPins(clock)


@pytest.fixture(params=[True, False], ids=["active high", "active low"])
def active_high(request):
    return request.param


@pytest.fixture
def relay(pins, active_high):
    return Relay(DoorSettings(pin=PIN, active_high=active_high), pins.factory)


def releases(pins, *, active_high):
    """The pin's history in the relay's terms: True where it is released."""
    return [level.high == active_high for level in pins.history(PIN)]


@pytest.mark.usefixtures("relay")
def test_first_level_is_secure(pins, active_high):
    assert releases(pins, active_high=active_high) == [False]


def test_release_and_secure(pins, relay, active_high):
    relay.release()
    relay.secure()
    assert releases(pins, active_high=active_high) == [False, True, False]


def test_levels_have_their_times(pins, relay, clock, active_high):
    clock.sleep(2.0)
    relay.release()
    clock.sleep(3.0)
    relay.secure()
    released, secure = active_high, not active_high
    assert pins.history(PIN) == (Level(0.0, secure), Level(2.0, released), Level(5.0, secure))


def test_secure_twice_changes_nothing(pins, relay, active_high):
    relay.secure()
    relay.secure()
    assert releases(pins, active_high=active_high) == [False]


def test_release_twice_changes_nothing(pins, relay, active_high):
    relay.release()
    relay.release()
    assert releases(pins, active_high=active_high) == [False, True]


def test_close_secures(pins, relay, active_high):
    relay.release()
    relay.close()
    assert releases(pins, active_high=active_high) == [False, True, False]


def test_close_twice_is_harmless(relay):
    relay.close()
    relay.close()


def test_closed_pin_can_be_taken_again(pins, relay, active_high):
    relay.close()
    Relay(DoorSettings(pin=PIN, active_high=active_high), pins.factory)


@pytest.mark.usefixtures("relay")
def test_pin_is_taken_once(pins):
    with pytest.raises(DoorError, match=f"Cannot take the relay on GPIO {PIN}"):
        Relay(DoorSettings(pin=PIN), pins.factory)


@pytest.mark.parametrize("pin", range(28))
def test_every_pin_of_the_settings_can_be_taken(pins, pin, active_high):
    Relay(DoorSettings(pin=pin, active_high=active_high), pins.factory)
    assert [level.high for level in pins.history(pin)] == [not active_high]


def test_pin_that_is_broken_from_the_start_is_an_error(pins):
    pins.broken = True
    with pytest.raises(DoorError, match="Cannot take the relay on GPIO 17: the simulated pin does not answer"):
        Relay(DoorSettings(pin=PIN), pins.factory)


@pytest.mark.parametrize("action", ["release", "secure", "close"])
def test_pin_that_breaks_is_an_error(pins, relay, action):
    pins.broken = True
    with pytest.raises(DoorError, match="the simulated pin does not answer"):
        getattr(relay, action)()


def test_pin_that_is_mended_works_again(pins, relay, active_high):
    pins.broken = True
    with pytest.raises(DoorError):
        relay.release()
    pins.broken = False
    relay.release()
    assert releases(pins, active_high=active_high) == [False, True]


def test_failed_close_can_be_repeated(pins, relay, active_high):
    relay.release()
    pins.broken = True
    with pytest.raises(DoorError):
        relay.close()
    pins.broken = False
    relay.close()
    assert releases(pins, active_high=active_high) == [False, True, False]


def test_pins_do_not_mix(pins):
    Relay(DoorSettings(pin=4), pins.factory).release()
    assert pins.history(PIN) == ()
