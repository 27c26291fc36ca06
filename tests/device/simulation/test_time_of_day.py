"""A virtual world's clock is trusted until someone sets it: the door's own rules judge it from then on."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import ScenarioError
from device.policy.clock_state import Doubt
from device.records import ClockState
from device.settings.tables import ClockSettings, Settings
from device.simulation.time_of_day import TimeOfDay
from device.store.store import Store
from device.store.vault.device_key import KeyInMemory
from device.virtual.clock import SimulatedClock

DECEMBER = datetime(2026, 12, 1, 8, tzinfo=UTC)
World = Callable[..., tuple[SimulatedClock, TimeOfDay]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("store"), places=KeyInMemory()) as opened:
        yield opened


@pytest.fixture(scope="module")
def world(store: Store) -> World:
    def made(start: datetime = DECEMBER, settings: Settings | None = None) -> tuple[SimulatedClock, TimeOfDay]:
        clock = SimulatedClock(start)
        return clock, TimeOfDay(clock, store, settings or Settings())

    return made


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))
def test_scenario_of_any_year_has_a_trusted_clock(world: World, start: datetime) -> None:
    _, day = world(start)
    assert day.watch.state() is ClockState.TRUSTED


@pytest.mark.parametrize(
    ("step_s", "doubt"),
    [
        (3600.0, Doubt.STEPPED),
        (-3600.0, Doubt.BEFORE_NEWEST),
        (-1.7e9, Doubt.TOO_EARLY),
        (40 * 86400.0, Doubt.FAR_AHEAD),
    ],
)
def test_clock_that_was_set_is_not_trusted(world: World, step_s: float, doubt: Doubt) -> None:
    _, day = world()
    day.step(step_s)
    assert day.watch.reading().doubt is doubt


@given(st.floats(-1e9, 1e9), st.floats(0, 1000))
def test_clock_set_back_to_the_right_time_is_trusted_again(world: World, step_s: float, after_s: float) -> None:
    clock, day = world()
    day.step(step_s)
    clock.sleep(after_s)
    day.step(-step_s)
    assert day.watch.reading().doubt is None


def test_monotonic_time_goes_on_when_the_clock_is_set(world: World) -> None:
    clock, day = world()
    clock.sleep(5.0)
    day.step(-3600.0)
    assert clock.monotonic() == 5.0


def test_clock_that_is_always_right_is_trusted(world: World) -> None:
    _, day = world(settings=Settings(clock=ClockSettings(trust="always")))
    day.step(3600.0)
    assert day.watch.state() is ClockState.TRUSTED


@pytest.mark.parametrize("step_s", [-1e9 * 3, 1e9 * 6, 1e12, -1e12, 1e300])
def test_time_that_no_clock_is_set_to_is_refused(world: World, step_s: float) -> None:
    clock, day = world()
    with pytest.raises(ScenarioError, match="can't be set"):
        day.step(step_s)
    assert clock.utc() == DECEMBER
