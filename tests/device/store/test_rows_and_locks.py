"""What the store reads back, as numbers: how damaged a reference may be, how many rows, whose lock, when it hangs."""

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import StoreError
from device.records import Credential, Event, Person
from device.store import holders, watch
from device.store.faults import store_errors
from device.store.people import People
from device.store.references import about
from device.store.session import Session
from device.store.store import Store
from device.store.vault.key_file import Kind
from device.store.watch import Watch
from tests.waiting import PATIENCE_S

MODEL = "ab" * 32


def kept(store: Store, *references: bytes) -> Person:
    """A person with these references, as something else left them on the disk."""
    with store.people() as people:
        person = people.add("Ada", datetime(2026, 11, 30))
        for reference in references:
            sealed = store.vault.seal(reference, person_id=person.id, about=about(MODEL), kind=Kind.FACE)
            people._session.execute(
                "INSERT INTO face_references (person_id, model_sha256, embedding, generation, enrolled_at) "
                "VALUES (?, ?, ?, 1, '')",
                [person.id, MODEL, sealed],
            )
    return person


def of_length(length: float) -> bytes:
    return np.array([length, 0.0], "<f4").tobytes()


@pytest.mark.parametrize("length", [1.0, 0.9995, 1.0005])
def test_reference_within_a_thousandth_of_unit_length_counts(store: Store, length: float) -> None:
    person = kept(store, of_length(length))
    with store.people() as people:
        assert people.references(person, MODEL).shape == (1, 2)


@pytest.mark.parametrize(
    "references",
    [
        (of_length(0.998),),
        (of_length(1.002),),
        (of_length(0.5),),
        (of_length(0.0),),
        (of_length(1.0), of_length(1.5)),
        (of_length(1.0), of_length(1.0) * 2),
        (of_length(1.0)[:5],),
        (of_length(1.0), of_length(1.0)[:4]),
    ],
)
def test_damaged_reference_opens_nothing_and_is_named(store: Store, references: tuple[bytes, ...]) -> None:
    person = kept(store, *references)
    with pytest.raises(StoreError, match=f"a reference of person {person.id} is damaged"), store.people() as people:
        people.references(person, MODEL)


def test_person_without_references_has_none(store: Store) -> None:
    person = kept(store)
    with store.people() as people:
        assert people.references(person, MODEL).shape == (0, 0)


def test_names_of_all_who_are_asked_for_are_found(store: Store, now: datetime) -> None:
    with store.people() as people:
        ids = [people.add(f"Person {number}", now).id for number in range(401)]
        assert people.names(ids) == {ids[number]: f"Person {number}" for number in range(401)}
        assert (people.names(ids[:2]), people.names([])) == ({ids[0]: "Person 0", ids[1]: "Person 1"}, {})


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 700, 1200, 2000])
def test_newest_rows_are_as_many_as_asked_for(store: Store, now: datetime, count: int) -> None:
    with store.audit() as audit:
        for _ in range(1200):
            audit.note(Event.FAULT, now)
        found = [row.id for row in audit.newest(count)]
        assert found == list(range(1201 - min(count, 1200), 1201))
        assert [row.id for row in audit] == list(range(1, 1201))


def elsewhere(store: Store, statement: str) -> None:
    with closing(sqlite3.connect(store.path)) as other, other:
        other.execute(statement)


AUDIT_ROW = "INSERT INTO audit (at, event) VALUES ('2026-11-30T08:00:00+00:00', 'fault')"


@pytest.mark.parametrize("reads", ["newest", "after", "before_newest"])
def test_rows_added_by_others_keep_no_one_from_adding(store: Store, now: datetime, reads: str) -> None:
    """What was read of the audit stays true, so a row that follows it is not refused; another says who added one."""
    read: dict[str, Callable[[Any], object]] = {
        "newest": lambda audit: audit.newest(10),
        "after": lambda audit: audit.after(0, 10),
        "before_newest": lambda audit: audit.before_newest(0),
    }
    with store.audit() as audit:
        read[reads](audit)
        elsewhere(store, AUDIT_ROW)
        audit.note(Event.FAULT, now)
    with store.audit() as audit:
        assert [row.event for row in audit.newest(10)] == [Event.FAULT, Event.AUDIT_BROKEN, Event.FAULT]


def test_new_reference_of_somebody_keeps_no_one_from_writing(store: Store, eileen: Person, now: datetime) -> None:
    """A search through all faces is no ground for what is written after it."""
    with store.people() as people, store.audit() as audit:
        assert [person for person, _ in people.all_references(MODEL)] == [eileen]
        elsewhere(store, "DELETE FROM face_references")
        audit.note(Event.FAULT, now)
    with store.audit() as audit:
        assert len(audit.newest(10)) == 1


Change = Callable[[People, Credential, datetime], object]


def nothing(_people: People, _badge: Credential, _now: datetime) -> None:
    pass


def resume(people: People, badge: Credential, _now: datetime) -> None:
    people.resume(badge)


def restore(people: People, badge: Credential, _now: datetime) -> None:
    people.restore(badge)


CHANGES: dict[str, tuple[Change, Change]] = {
    "revoke": (nothing, People.revoke),
    "suspend": (nothing, People.suspend),
    "resume": (People.suspend, resume),
    "restore": (People.revoke, restore),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.usefixtures("eileen")
def test_state_of_a_badge_is_read_under_the_lock(
    store: Store, badge: Credential, now: datetime, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Two commands at once wait for each other; neither fails because the other was quicker."""
    before, do = CHANGES[change]
    with store.people() as people:
        before(people, badge, now)
    locked, real = list[bool](), Session.rows

    def rows(self: Session, *arguments: Any, **options: Any) -> list[dict[str, Any]]:
        locked.append(self._writing)
        return real(self, *arguments, **options)

    monkeypatch.setattr(Session, "rows", rows)
    with store.people() as people:
        do(people, badge, now)
    assert set(locked) == {True}


@pytest.mark.parametrize(("byte", "holds"), [(119, False), (120, True), (121, True), (122, True), (123, False)])
@pytest.mark.parametrize("mode", ["WRITE", "READ"])
def test_log_is_held_by_those_who_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, byte: int, holds: bool, mode: str
) -> None:
    path, shared = tmp_path / "lintel.db", tmp_path / "lintel.db-shm"
    path.touch()
    shared.touch()
    table_of(tmp_path, monkeypatch, (mode, 4321, shared, byte))
    assert [holder.process for holder in holders.holders(path)] == [4321] * (holds and mode == "WRITE")


def table_of(folder: Path, monkeypatch: pytest.MonkeyPatch, *locks: tuple[str, int, Path, int]) -> None:
    """Has these processes hold these locks, as the kernel writes it."""
    lines = []
    for mode, process, path, start in locks:
        found = path.stat()
        place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        lines.append(f"1: POSIX  ADVISORY  {mode} {process} {place} {start} {start}")
    (folder / "locks").write_text("\n".join(lines))
    monkeypatch.setattr(holders, "PROCESSES", folder)


def test_lock_of_the_same_number_on_another_disk_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lintel.db"
    path.touch()
    table_of(tmp_path, monkeypatch, ("READ", 4321, path, 0), ("WRITE", os.getpid(), path, 0))
    ours = (tmp_path / "locks").read_text()
    (tmp_path / "locks").write_text(f"{ours}\n1: POSIX  ADVISORY  WRITE 99 ff:ff:{path.stat().st_ino} 0 0\n")
    assert [str(holder) for holder in holders.holders(path)] == ["process 4321"]


@pytest.mark.parametrize("error", [UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), KeyError("x"), IndexError("y")])
def test_table_with_a_flipped_bit_is_a_damaged_file(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(StoreError, match="a table has changed unexpectedly") as raised, store_errors(tmp_path / "a.db"):
        raise error
    assert raised.value.hint == "The file is damaged; restore a copy of it."


class Moments:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def test_store_without_an_answer_for_a_second_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    time, goes_on = Moments(), threading.Event()
    monkeypatch.setattr(watch, "time", time)
    monkeypatch.setattr(watch, "PATIENCE_S", 0.0)

    def look() -> str:
        goes_on.wait(PATIENCE_S)
        return "It is full."

    asked, said = Watch(look, "The part"), list[str]()
    for after_s in (0.0, 0.75, 1.0, 3.0):
        time.now = 1000.0 + after_s
        said.append(asked.ask())
    thread = asked._thread
    goes_on.set()
    asked.wait()
    hangs = "The part has not answered for {} s: it is locked, or the disk is slow or hangs."
    assert said == ["", "", hangs.format(1), hangs.format(3)]
    assert thread is not None
    assert (thread.daemon, asked.ask()) == (True, "It is full.")
    asked.close()


def test_end_waits_a_second_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, waits_s = threading.Event(), list[float | None]()
    asked = Watch(lambda: str(goes_on.wait(PATIENCE_S)), "The part")
    monkeypatch.setattr(watch, "PATIENCE_S", 0.0)
    asked.ask()
    thread = asked._thread
    assert thread is not None
    with monkeypatch.context() as patch:
        patch.setattr(thread, "join", waits_s.append)
        asked.close()
    goes_on.set()
    asked.wait()
    assert waits_s == [1.0]


def test_quick_answer_is_given_at_once() -> None:
    asked = Watch(lambda: "It is full.", "The part")
    assert asked.ask() == "It is full."
