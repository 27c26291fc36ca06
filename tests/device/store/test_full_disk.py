"""A disk without room, as a simulation has it: nothing is written, all is read, and what was there stays."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.errors import StoreError
from device.records import Event
from device.store.full_disk import accept, refuse_without_room
from device.store.store import Store

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        with opened.audit() as audit:
            audit.note(Event.CLOCK_ACCEPTED, NOW)
        yield opened


def events(store: Store) -> list[Event | None]:
    with store.audit() as audit:
        return [row.event for row in audit]


def test_full_disk_refuses_with_the_words_of_sqlite(store: Store) -> None:
    store.before_writing = refuse_without_room
    with pytest.raises(StoreError, match="database or disk is full") as refused, store.audit() as audit:
        audit.note(Event.CLOCK_ACCEPTED, NOW)
    assert refused.value.hint == "Make room on the disk; nothing that was acknowledged is lost."


def test_full_disk_is_read_as_before(store: Store) -> None:
    before = events(store)
    store.before_writing = refuse_without_room
    assert events(store) == before


def test_full_disk_is_a_trouble_until_something_is_written(store: Store) -> None:
    store.before_writing = refuse_without_room
    with pytest.raises(StoreError), store.people() as people:
        people.add("Ada Lovelace", NOW)
    assert "is full" in store.trouble()
    store.before_writing = accept
    with store.people() as people:
        people.add("Ada Lovelace", NOW)
    assert store.trouble() == ""
