"""What waits for a store that fails: a flood's count is not dropped where there is no room for its row."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.door_log import DoorLog
from device.errors import StoreError
from device.records import Credential, Decision, Event, Reason, Transaction
from device.settings.tables import Settings
from device.store.audit import Audit
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from tests.device.doors import open_door


class FailingStore(Store):
    """A store that takes nothing until it is whole."""

    is_whole = False

    @contextmanager
    def audit(self) -> Iterator[Audit]:
        if not self.is_whole:
            raise StoreError("Locked.", hint="Wait.")
        with super().audit() as audit:
            yield audit


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FailingStore]:
    with closing(FailingStore(tmp_path)) as opened:
        yield opened


@pytest.fixture
def log(store: FailingStore) -> DoorLog:
    clock = SimulatedClock()
    door = open_door(Settings(), SimulatedPins(clock), clock)
    door.notices()
    return DoorLog(door, store, clock)


def denied(number: int) -> Transaction:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    return Transaction(now, Credential("h10301", 17, number), None, Decision(Reason.BADGE_UNKNOWN), 0.1)


def test_count_of_a_flood_waits_until_there_is_room_for_its_row(log: DoorLog, store: FailingStore) -> None:
    for _ in range(1000):
        log.add(Event.READER_LOST)
    assert sum(log.counts(denied(number)) for number in range(100)) == 80
    log.write_down(finally_=True)
    store.is_whole = True
    log.write_down()
    assert sum(log.counts(denied(number)) for number in range(5)) == 5
    log.write_down(finally_=True)
    with store.audit() as audit:
        (row,) = [row for row in audit if row.event is Event.DENIALS_COUNTED]
    assert row.fault == "85 more within 0.0 s, first badge 17:20, last badge 17:4"


def test_row_that_no_store_can_take_keeps_none_waiting(store: FailingStore, log: DoorLog) -> None:
    store.is_whole = True
    log.add(Event.FAULT, "before")
    log.add(Event.FAULT, "a lone surrogate \ud800")
    log.add(Event.FAULT, "behind")
    log.write_down()
    log.write_down()
    with store.audit() as audit:
        faults = [row.fault for row in audit.newest(10)]
    assert faults[:2] == ["before", "behind"]
    assert [str(fault).partition(" at ")[0] for fault in faults[2:]] == [
        "a row could not be written: the program failed with UnicodeEncodeError"
    ]
    assert log.waiting == 0
