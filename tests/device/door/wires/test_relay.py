"""The relay on simulated pins: secure from its first level on, released on request, an error when it is broken."""

import itertools

import pytest

from device.door.wires.chip import level_of
from device.door.wires.gpio import Relay
from device.errors import DoorError
from device.settings.tables import DoorSettings
from device.virtual.clock import SimulatedClock
from device.virtual.pins import Level, SimulatedPins

PIN = 17


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def pins(clock: SimulatedClock) -> SimulatedPins:
    return SimulatedPins(clock)


def kind(case: tuple[bool, bool]) -> str:
    return f"active {'high' if case[0] else 'low'}, fail-{'safe' if case[1] else 'secure'}"


@pytest.fixture(params=itertools.product([True, False], repeat=2), ids=kind)
def settings(request: pytest.FixtureRequest) -> DoorSettings:
    active_high, fail_safe = request.param
    return DoorSettings(pin=PIN, active_high=active_high, fail_safe=fail_safe)


@pytest.fixture
def relay(pins: SimulatedPins, settings: DoorSettings) -> Relay:
    return Relay(settings, pins.factory)


def released_level(settings: DoorSettings) -> bool:
    """High energizes an active-high relay, and an energized fail-safe strike is locked."""
    return settings.active_high != settings.fail_safe


def releases(pins: SimulatedPins, settings: DoorSettings) -> list[bool]:
    """The pin's history in the relay's terms: True where it is released."""
    return [level.high == released_level(settings) for level in pins.history(PIN)]


def test_first_level_of_an_evacuated_door_is_released(pins: SimulatedPins, settings: DoorSettings) -> None:
    Relay(settings, pins.factory, released=True)
    assert releases(pins, settings) == [True]


@pytest.mark.parametrize(
    ("active_high", "fail_safe", "released", "high"),
    [
        (True, False, True, True),
        (True, False, False, False),
        (False, False, True, False),
        (False, False, False, True),
        (True, True, True, False),
        (True, True, False, True),
        (False, True, True, True),
        (False, True, False, False),
    ],
)
def test_levels(active_high: bool, fail_safe: bool, released: bool, high: bool) -> None:
    assert level_of(DoorSettings(active_high=active_high, fail_safe=fail_safe), released=released) is high


@pytest.mark.usefixtures("relay")
def test_first_level_is_secure(pins: SimulatedPins, settings: DoorSettings) -> None:
    assert releases(pins, settings) == [False]


def test_release_and_secure(pins: SimulatedPins, relay: Relay, settings: DoorSettings) -> None:
    relay.release()
    relay.secure()
    assert releases(pins, settings) == [False, True, False]


def test_levels_have_their_times(
    pins: SimulatedPins, relay: Relay, clock: SimulatedClock, settings: DoorSettings
) -> None:
    clock.sleep(2.0)
    relay.release()
    clock.sleep(3.0)
    relay.secure()
    released = released_level(settings)
    secure = not released
    assert pins.history(PIN) == (Level(0.0, secure), Level(2.0, released), Level(5.0, secure))


def test_secure_twice_changes_nothing(pins: SimulatedPins, relay: Relay, settings: DoorSettings) -> None:
    relay.secure()
    relay.secure()
    assert releases(pins, settings) == [False]


def test_release_twice_changes_nothing(pins: SimulatedPins, relay: Relay, settings: DoorSettings) -> None:
    relay.release()
    relay.release()
    assert releases(pins, settings) == [False, True]


def test_close_secures(pins: SimulatedPins, relay: Relay, settings: DoorSettings) -> None:
    relay.release()
    relay.close()
    assert releases(pins, settings) == [False, True, False]


def test_close_twice_is_harmless(pins: SimulatedPins, relay: Relay, settings: DoorSettings) -> None:
    relay.release()
    relay.close()
    relay.close()
    assert releases(pins, settings) == [False, True, False]


def test_closed_pin_can_be_taken_again(pins: SimulatedPins, relay: Relay, settings: DoorSettings) -> None:
    relay.close()
    Relay(settings, pins.factory).release()
    assert releases(pins, settings)[-1] is True


@pytest.mark.usefixtures("relay")
def test_pin_is_taken_once(pins: SimulatedPins) -> None:
    with pytest.raises(DoorError, match=f"Cannot take GPIO {PIN}, the relay of door main"):
        Relay(DoorSettings(pin=PIN), pins.factory)


@pytest.mark.parametrize("pin", range(28))
def test_every_pin_of_the_settings_can_be_taken(pins: SimulatedPins, pin: int) -> None:
    Relay(DoorSettings(pin=pin, active_high=False), pins.factory)
    assert [level.high for level in pins.history(pin)] == [True]


def test_pin_that_is_broken_from_the_start_is_an_error(pins: SimulatedPins) -> None:
    pins.broken = True
    with pytest.raises(DoorError, match="GPIO 17, the relay of door main: the simulated pin does not answer"):
        Relay(DoorSettings(pin=PIN), pins.factory)


@pytest.mark.parametrize("action", ["release", "secure", "close"])
def test_pin_that_breaks_is_an_error(pins: SimulatedPins, relay: Relay, action: str) -> None:
    pins.broken = True
    with pytest.raises(DoorError, match="the simulated pin does not answer"):
        getattr(relay, action)()


def test_pin_that_is_mended_works_again(pins: SimulatedPins, relay: Relay, settings: DoorSettings) -> None:
    pins.broken = True
    with pytest.raises(DoorError):
        relay.release()
    pins.broken = False
    relay.release()
    assert releases(pins, settings) == [False, True]


def test_failed_close_can_be_repeated(pins: SimulatedPins, relay: Relay, settings: DoorSettings) -> None:
    relay.release()
    pins.broken = True
    with pytest.raises(DoorError):
        relay.close()
    pins.broken = False
    relay.close()
    assert releases(pins, settings) == [False, True, False]


def test_pins_do_not_mix(pins: SimulatedPins) -> None:
    Relay(DoorSettings(pin=4), pins.factory).release()
    assert pins.history(PIN) == ()
