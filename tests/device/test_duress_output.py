"""The output for duress is on until a named operator acknowledges it, over a restart too, and no status shows it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from device.alarms import AlarmDesk
from device.door.operation import Door
from device.duress_output import DuressOutput
from device.records import BADGE, Credential, Decision, DoorOutput, Operator, Outcome, Reason, Role, Transaction
from device.settings.tables import DoorSettings, OutputSettings, Settings
from device.store.alarms import Alarms
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from tests.device.doors import open_door
from tests.waiting import until

PIN = 22
WIRED = Settings(doors=(DoorSettings(outputs=(OutputSettings(signal=DoorOutput.DURESS, pin=PIN),)),))
CARD = Credential("h10301", 17, 1001)
CLOCK = SimulatedClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def pins() -> SimulatedPins:
    return SimulatedPins(CLOCK)


@pytest.fixture
def door(pins: SimulatedPins) -> Iterator[Door]:
    with closing(open_door(WIRED, pins, CLOCK)) as opened:
        yield opened


def is_on(pins: SimulatedPins) -> bool:
    return pins.history(PIN)[-1].high


def come_in(store: Store, *, duress: bool, door: str = "main") -> None:
    with store.audit() as audit, store.people() as people:
        person = people.named("Ada") or people.add("Ada", CLOCK.utc())
        decision = Decision(Reason.BADGE, Outcome.GRANTED, mode=BADGE, badge_only=True, duress=duress)
        audit.record(Transaction(CLOCK.utc(), CARD, person, decision, 0.1, door=door))


def acknowledge(store: Store) -> None:
    desk, admin = AlarmDesk(store, CLOCK), Operator(1000, frozenset({Role.ADMIN}), "ada", 1000)
    for alarm in desk.open_ones(admin):
        desk.acknowledge(admin, alarm.id, "went there")


def test_duress_is_on_until_it_is_acknowledged(store: Store, door: Door, pins: SimulatedPins) -> None:
    with closing(DuressOutput(store, {"main": door})) as output:
        output.look()
        assert not is_on(pins)
        come_in(store, duress=True)
        until(lambda: is_on(pins))
        come_in(store, duress=False)
        output.look()
        assert is_on(pins)
        acknowledge(store)
        until(lambda: not is_on(pins))


@pytest.mark.parametrize(("duress", "at", "on"), [(True, "main", True), (True, "back", False), (False, "main", False)])
def test_output_is_on_at_its_own_door_alone(  # noqa: PLR0913 - a door and three cases
    store: Store, door: Door, pins: SimulatedPins, duress: bool, at: str, on: bool
) -> None:
    come_in(store, duress=duress, door=at)
    with closing(DuressOutput(store, {"main": door})) as output:
        output.look()
        assert is_on(pins) is on


def test_status_never_shows_it(store: Store, door: Door) -> None:
    before = door.status()
    come_in(store, duress=True)
    with closing(DuressOutput(store, {"main": door})) as output:
        output.look()
    assert door.status() == before


def test_failed_look_is_not_the_last(
    store: Store, door: Door, pins: SimulatedPins, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, alarms = list[int](), Store.alarms

    def fails_once(store: Store) -> AbstractContextManager[Alarms]:
        asked.append(1)
        if len(asked) == 1:
            raise RuntimeError("no one foresaw this")
        return alarms(store)

    come_in(store, duress=True)
    monkeypatch.setattr(Store, "alarms", fails_once)
    with closing(DuressOutput(store, {"main": door})):
        until(lambda: len(asked) > 1 and is_on(pins))
