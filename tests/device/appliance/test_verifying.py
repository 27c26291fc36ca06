"""The nightly look at the store: what is damaged is named by its place, and opens an alarm."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from device.appliance.verifying import checked, write_down
from device.records import AlarmKind, AuditRow, Event
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from tests.device.administered import MODEL, enroll

CLOCK = SimulatedClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as made:
        enroll(made, "Ada")
        with made.audit() as audit:
            audit.add(AuditRow(0, CLOCK.utc(), Event.SERVICE_STARTED))
        yield made


def wrong(store: Store, model: str = MODEL) -> dict[str, str]:
    return {one.what: one.wrong for one in checked(store, model) if one.wrong}


def spoiled(store: Store, sql: str) -> None:
    """As someone with the file would."""
    with closing(sqlite3.connect(store.path)) as database, database:
        database.execute(sql)


def test_whole_store_is_called_so(store: Store) -> None:
    found = checked(store, MODEL)
    assert [(one.what, one.wrong) for one in found] == [("database", ""), ("chain", ""), ("references", "")]
    assert "1 of 1 people opened" in found[2].extent


@pytest.mark.parametrize(
    ("sql", "what", "says"),
    [
        ("UPDATE audit SET event = 'door-forced'", "chain", ""),
        ("UPDATE face_references SET embedding = zeroblob(length(embedding))", "references", "can't be opened"),
        ("UPDATE face_references SET model_sha256 = 'other'", "references", "can't be opened"),
    ],
)
def test_what_was_changed_behind_its_back_is_found(store: Store, sql: str, what: str, says: str) -> None:
    spoiled(store, sql)
    found = wrong(store)
    assert what in found
    assert says in found[what]


def test_reference_of_another_model_is_named(store: Store) -> None:
    assert wrong(store, "cd" * 32) == {
        "references": "those of 1 people were made by another model: `lintel people stale`"
    }


def test_what_fails_keeps_the_rest_from_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_between: Callable[[int], None]) -> None:
        raise OSError("a disk's word")

    monkeypatch.setattr(store, "copied", fail)
    assert list(wrong(store)) == ["database"]


def test_what_is_wrong_opens_an_alarm(store: Store) -> None:
    write_down(store, CLOCK, checked(store, "cd" * 32))
    with store.alarms() as alarms:
        (alarm,) = alarms.open_ones()
    assert alarm.kind is AlarmKind.TROUBLE


def test_whole_store_gets_no_row(store: Store) -> None:
    with store.audit() as audit:
        before = audit.before_newest(0)
    write_down(store, CLOCK, checked(store, MODEL))
    with store.audit() as audit:
        assert audit.before_newest(0) == before


def test_no_vector_is_in_what_is_said(store: Store) -> None:
    spoiled(store, "UPDATE face_references SET embedding = zeroblob(4)")
    said = str(checked(store, MODEL))
    assert str(np.float32(1.0)) not in said
    assert "Ada" not in said
