"""Reads are short, many and beside writers; what was read before a write still holds when it is made."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import CredentialError, StoreError
from device.records import AuditRow, Credential, Enrolled, Event, Person
from device.store.session import Session
from device.store.store import Store
from tests.waiting import PATIENCE_S

NOW = datetime(2026, 11, 24, 8, 30, 15, 123456, tzinfo=UTC)
MODEL, OTHER_MODEL = "ab" * 32, "cd" * 32
BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "store.py"


@pytest.fixture(scope="module")
def folder_of_crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """450 people with a badge and a reference each, and 1,200 rows: made once, for tests that only read."""
    folder = tmp_path_factory.mktemp("crowd") / "state"
    reference = np.eye(1, 128, dtype=np.float32)
    with Store(folder) as store, store.people() as people, store.audit() as audit:
        for number in range(450):
            person = people.add(f"Person {number:03}", NOW)
            people.issue(Credential("number", 0, number), person, NOW)
            people.add_references(person, reference, MODEL, NOW)
        for number in range(1200):
            audit.add(AuditRow(0, NOW + timedelta(seconds=number), Event.FAULT))
    return folder


@pytest.fixture
def crowd(folder_of_crowd: Path) -> Iterator[Store]:
    with Store(folder_of_crowd) as store:
        yield store


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The most rows that one transaction of a read gave, at its index 0."""
    most, real = [0], Session.rows

    def counted(self: Session, *arguments: Any, **options: Any) -> list[dict[str, Any]]:
        found = real(self, *arguments, **options)
        most[0] = max(most[0], len(found))
        assert not self._connection.in_transaction
        return found

    monkeypatch.setattr(Session, "rows", counted)
    return most


def test_all_people_come_in_pages(crowd: Store, longest: list[int]) -> None:
    with crowd.people() as people:
        everyone = people.everyone()
    assert [enrolled.person.name for enrolled in everyone] == [f"Person {number:03}" for number in range(450)]
    assert longest[0] <= 200


def test_everybody_on_every_page_has_badge_and_reference(crowd: Store) -> None:
    with crowd.people() as people:
        everyone = people.everyone()
    assert {(enrolled.badges[0].credential.number, enrolled.references) for enrolled in everyone} == {
        (number, ((MODEL, 1),)) for number in range(450)
    }


def test_all_badges_come_in_pages(crowd: Store, longest: list[int]) -> None:
    with crowd.people() as people:
        assert len(people.badges()) == 450
    assert longest[0] <= 200


def test_all_references_come_in_pages(crowd: Store, longest: list[int]) -> None:
    with crowd.people() as people:
        assert len(people.all_references(MODEL)) == 450
    assert longest[0] <= 200


def test_audit_comes_in_pages(crowd: Store, longest: list[int]) -> None:
    with crowd.audit() as audit:
        assert [row.id for row in audit] == list(range(1, 1201))
        assert [row.id for row in audit.newest(1100)] == list(range(101, 1201))
    assert longest[0] <= 500


def test_names_are_those_asked_for(crowd: Store) -> None:
    with crowd.people() as people:
        assert people.names([2, 450, 9999, 2]) == {2: "Person 001", 450: "Person 449"}


def test_names_of_many_come_in_pages(crowd: Store, longest: list[int]) -> None:
    with crowd.people() as people:
        assert len(people.names(range(1, 451))) == 450
    assert longest[0] <= 200


def test_one_person_is_read_alone(crowd: Store) -> None:
    with crowd.people() as people:
        person = people.named("person 007")
        assert person is not None
        found = people.enrolled(person)
    assert isinstance(found, Enrolled)
    assert (found.person, found.enrolled_at, len(found.badges), found.references) == (person, NOW, 1, ((MODEL, 1),))


def test_person_who_was_removed_is_none(store: Store, eileen: Person, now: datetime) -> None:
    store.erase(eileen, now)
    with store.people() as people:
        assert people.enrolled(eileen) is None


def test_every_foreign_key_has_an_index(store: Store) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        keys = {
            (table, key[3])
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for key in connection.execute(f"PRAGMA foreign_key_list({table})")
            if table not in ("attempts", "invitations", "pins", "remote_used", "visits")  # found by the table's own key
        }
        indexed = {
            (table, connection.execute(f"PRAGMA index_info({index})").fetchone()[2])
            for index, table in connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'")
        }
    primary = {("places", "person_id"), ("memberships", "person_id")}
    assert {
        ("badges", "person_id"),
        ("face_references", "person_id"),
        ("awaited_passages", "person_id"),
        ("bases", "person_id"),
    } <= keys
    assert keys <= indexed | primary


def test_write_that_rests_on_what_changed_meanwhile_is_refused(
    store: Store, eileen: Person, badge: Credential, now: datetime
) -> None:
    """Read, then changed by another program, then written: the write would rest on what is no longer so."""

    def restore() -> None:
        with store.people() as people:
            held = people.held(badge)
            with Store(store.path.parent) as other, other.people() as others:
                others.revoke(badge, now)
            people.rename(held.person, "Eileen Marie Collins")

    with pytest.raises(StoreError, match="another program has changed the data this is based on"):
        restore()
    with store.people() as people:
        assert people.named("Eileen Collins") == eileen


def test_write_that_was_refused_so_is_not_made_by_the_block_around(
    store: Store, eileen: Person, badge: Credential, now: datetime
) -> None:
    def write() -> None:
        with store.people() as people:
            held = people.held(badge)
            with Store(store.path.parent) as other, other.people() as others:
                others.revoke(badge, now)
            with suppress(StoreError), store.audit() as audit:
                audit.note(Event.FAULT, now)
            people.rename(held.person, "Eileen Marie Collins")

    with pytest.raises(StoreError, match="nothing was written"):
        write()
    with store.people() as people:
        assert people.named("Eileen Collins") == eileen


def test_write_beside_the_rows_of_a_door_is_not_refused(
    store: Store, eileen: Person, badge: Credential, now: datetime
) -> None:
    with store.people() as people:
        held = people.held(badge)
        with Store(store.path.parent) as door, door.audit() as audit:
            audit.note(Event.FAULT, now)
        people.rename(held.person, "Eileen Marie Collins")
    with store.people() as people:
        renamed = people.named("Eileen Marie Collins")
    assert renamed is not None
    assert renamed.id == eileen.id


def test_what_is_read_under_the_lock_for_writing_cannot_change(
    store: Store, badge: Credential, now: datetime, eileen: Person
) -> None:
    seen = []

    def revoke() -> None:
        with Store(store.path.parent) as other, other.people() as others:
            others.revoke(badge, now)
            seen.append("revoked")

    with store.writing(), store.people() as people:
        revoking = threading.Thread(target=revoke)
        revoking.start()
        revoking.join(0.2)
        assert (people.held(badge).revoked_at, people.held(badge).person, seen) == (None, eileen, [])
    revoking.join(PATIENCE_S)
    assert seen == ["revoked"]


def test_mistake_of_a_caller_takes_everything_back(store: Store, eileen: Person, now: datetime) -> None:
    with suppress(CredentialError), store.people() as people:
        people.rename(eileen, "Eileen Marie Collins")
        people.revoke(Credential("number", 0, 99), now)
    with store.people() as people:
        assert people.named("Eileen Collins") == eileen


def test_nothing_is_acknowledged_after_sqlite_rolled_back(store: Store, now: datetime) -> None:
    """As on a full disk: the part that failed is suppressed, and the first row is gone with it."""
    with closing(sqlite3.connect(store.path)) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit WHEN new.fault = 'second' "
            "BEGIN SELECT RAISE(ROLLBACK, 'disk is full'); END"
        )

    def write() -> None:
        with store.audit() as audit:
            audit.add(AuditRow(0, now, Event.FAULT, fault="first"))
            with suppress(StoreError), store.audit() as inner:
                inner.add(AuditRow(0, now, Event.FAULT, fault="second"))
            with suppress(StoreError):
                audit.add(AuditRow(0, now, Event.FAULT, fault="third"))

    with pytest.raises(StoreError, match="nothing was written"):
        write()
    with store.audit() as audit:
        assert list(audit) == []


def benchmark(*arguments: float | str) -> subprocess.CompletedProcess[Any]:
    command = [sys.executable, str(BENCHMARK), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_swipes_beside_a_list_meet_no_store_fault() -> None:
    ended = benchmark("listing", "--rows", 3000, "--people", 100, "--seconds", 1)
    assert (ended.returncode, ended.stdout.count("0 store faults"), ended.stderr) == (0, 2, "")


@pytest.mark.parametrize("journal", ["persist", "wal"])
def test_two_processes_on_one_store_lose_nothing(journal: str) -> None:
    ended = benchmark("stress", "--minutes", 0.04, "--sync-ms", 0, "--journal", journal)
    assert (ended.returncode, "lost 0, integrity_check ok" in ended.stdout, ended.stderr) == (0, True, "")
