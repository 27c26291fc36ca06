"""The chain: an audit that only Lintel has written verifies, and any edit by anything else is found and named."""

import hashlib
import shutil
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from device.records import AuditRow, Event
from device.store.chain.canonical import STAMP as CHAINED
from device.store.chain.canonical import row_hash, stamp_hash
from device.store.chain.findings import Flaw
from device.store.chain.links import COLUMNS
from device.store.migrations import MIGRATIONS
from device.store.store import Store
from tests.device.store.chain_world import NOON, STAMP, copied, edited, rows_of, verified, written

ROWS = 9
STAMP_TEXT = ("1.2.3", "ab" * 32, "cd" * 32, "ef" * 32, "boot-1")
NAMES = [name for name in COLUMNS if name != "id"]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine rows that only Lintel has written."""
    return written(tmp_path_factory.mktemp("chain") / "state", ROWS)


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    return copied(sound, tmp_path / "state")


def row_of(folder: Path, number: int) -> dict[str, Any]:
    with closing(sqlite3.connect(folder / "lintel.db")) as other:
        other.row_factory = sqlite3.Row
        return dict(other.execute("SELECT * FROM audit WHERE id = ?", [number]).fetchone())


def test_audit_that_only_lintel_wrote_verifies(copy: Path) -> None:
    verdict = verified(copy)
    assert (verdict.rows, verdict.first, verdict.last, verdict.findings) == (9, 1, 9, ())


def test_row_carries_the_hash_of_the_one_before_it(copy: Path) -> None:
    assert row_of(copy, 5)["previous"] == row_of(copy, 4)["hash"]


def test_row_knows_what_wrote_it(copy: Path) -> None:
    with Store(copy) as store, store.audit() as audit:
        (row,) = audit.newest(1)
    assert (row.stamp, row.monotonic_s is not None) == (STAMP, True)


def text(value: str) -> bytes:
    return b"s" + len(value).to_bytes(4, "big") + value.encode()


def test_hash_is_what_the_documents_say(copy: Path) -> None:
    """By hand, for a row without a person and without text."""
    row = row_of(copy, 3)
    stamp = b"lintel audit stamp 1\0" + b"".join(map(text, (*STAMP_TEXT, "trusted")))
    public = b"i" + (3).to_bytes(8, "big") + text("2026-11-24T12:00:00+00:00") + text("service-started") + b"n" * 19
    public += b"f" + struct.pack(">d", row["monotonic_s"])
    whole = b"lintel audit row 1\0" + row["previous"] + hashlib.sha256(stamp).digest() + public + bytes(32)
    assert row["hash"] == hashlib.sha256(whole).digest()


_values = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.binary(max_size=40),
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


def fresh(sound: Path, scratch: Path) -> Path:
    for folder in scratch.iterdir():
        shutil.rmtree(folder)
    return copied(sound, scratch / "state")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(1, ROWS), name=st.sampled_from(NAMES), value=_values)
def test_any_changed_value_is_found_and_named(sound: Path, scratch: Path, number: int, name: str, value: Any) -> None:
    folder = fresh(sound, scratch)
    before = row_of(folder, number)
    assume(value is not None or name not in ("at", "event"))  # SQLite itself refuses that
    edited(folder, (f'UPDATE audit SET "{name}" = ? WHERE id = ?', [value, number]))
    after = row_of(folder, number)
    is_changed = any((type(after[key]), after[key]) != (type(before[key]), before[key]) for key in before)
    assert is_changed <= (number in {finding.first for finding in verified(folder).findings})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", [1, 5, ROWS])
def test_each_column_counts(copy: Path, name: str, number: int) -> None:
    value = row_of(copy, number)[name]
    other = {int: 7, float: 0.5, str: "else", bytes: bytes(32)}.get(type(value), "else")
    edited(copy, (f'UPDATE audit SET "{name}" = ? WHERE id = ?', [other, number]))
    assert number in {finding.first for finding in verified(copy).findings}


@pytest.mark.parametrize("number", range(1, ROWS + 1))
def test_removed_row_is_named(copy: Path, number: int) -> None:
    edited(copy, ("DELETE FROM audit WHERE id = ?", [number]))
    flaw = Flaw.CUT_OFF if number == ROWS else Flaw.MISSING
    assert [(one.flaw, one.first, one.last) for one in verified(copy).findings] == [(flaw, number, number)]


@pytest.mark.parametrize("number", range(1, ROWS + 1))
def test_cut_off_end_is_named(copy: Path, number: int) -> None:
    edited(copy, ("DELETE FROM audit WHERE id >= ?", [number]), ("DELETE FROM sqlite_sequence", []))
    assert [(one.flaw, one.first, one.last) for one in verified(copy).findings] == [(Flaw.CUT_OFF, number, ROWS)]


@pytest.mark.parametrize("number", range(2, ROWS + 1))
def test_removed_beginning_is_named(copy: Path, number: int) -> None:
    edited(copy, ("DELETE FROM audit WHERE id < ?", [number]))
    assert [(one.flaw, one.first, one.last) for one in verified(copy).findings] == [(Flaw.MISSING, 1, number - 1)]


@pytest.mark.parametrize(("one", "other"), [(1, 2), (3, 7), (8, 9)])
def test_exchanged_rows_are_named(copy: Path, one: int, other: int) -> None:
    move = "UPDATE audit SET id = ? WHERE id = ?"
    edited(copy, (move, [99, one]), (move, [one, other]), (move, [other, 99]))
    found = [(each.flaw, each.first, each.words) for each in verified(copy).findings]
    assert (Flaw.EXCHANGED, one, f"row {one} holds what row {other} held") in found
    assert (Flaw.EXCHANGED, other, f"row {other} holds what row {one} held") in found


@pytest.mark.parametrize("number", [-5, 0, 10, 12])
def test_added_row_is_named(copy: Path, number: int) -> None:
    columns = ", ".join(f'"{name}"' for name in NAMES)
    edited(copy, (f"INSERT INTO audit (id, {columns}) SELECT ?, {columns} FROM audit WHERE id = 4", [number]))
    assert number in {one.last for one in verified(copy).findings}


def test_row_in_the_place_of_another_is_named(copy: Path) -> None:
    columns = ", ".join(f'"{name}"' for name in NAMES)
    insert = f"INSERT INTO audit (id, {columns}) SELECT 4, {columns} FROM audit WHERE id = 8"
    edited(copy, ("DELETE FROM audit WHERE id = 4", []), (insert, []))
    assert [(one.flaw, one.first) for one in verified(copy).findings] == [(Flaw.CHANGED, 4)]


def last_row(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "lintel.db")) as other:
        return int(other.execute("SELECT max(id) FROM audit").fetchone()[0])


def hashed_again(folder: Path, first: int) -> None:
    """What someone does who knows this program but not its key: a changed row, and all hashes after it made anew."""
    edited(folder, ("UPDATE audit SET reason = 'exit' WHERE id = ?", [first]))
    previous = row_of(folder, first)["previous"]
    digest = stamp_hash(dict(zip(CHAINED, (*STAMP_TEXT, "trusted"), strict=True)))
    for number in range(first, last_row(folder) + 1):
        row = row_of(folder, number)
        made = row_hash(row, previous, digest)
        edited(folder, ("UPDATE audit SET previous = ?, hash = ? WHERE id = ?", [previous, made, number]))
        assert made is not None
        previous = made
    edited(folder, ("UPDATE audit_head SET hash = ?", [previous]))


@pytest.mark.parametrize("number", [1, 4, ROWS])
def test_rows_hashed_again_without_the_key_are_found(copy: Path, number: int) -> None:
    hashed_again(copy, number)
    assert [(one.flaw, one.last) for one in verified(copy).findings] == [(Flaw.UNSIGNED, ROWS)]


def test_rows_hashed_again_disagree_with_a_checkpoint(sound: Path, tmp_path: Path) -> None:
    folder = copied(sound, tmp_path / "state")
    with Store(folder) as store:
        store.chain.stamp = lambda: STAMP
        store.chain.checkpoint_at = -1e9
        with store.audit() as audit:
            audit.add(AuditRow(0, NOON, Event.FAULT))
    hashed_again(folder, 6)
    assert [(one.flaw, one.first, one.last) for one in verified(folder).findings] == [
        (Flaw.REWRITTEN, 1, 10),
        (Flaw.UNSIGNED, 10, 10),
    ]


def test_stamp_that_was_changed_is_found(copy: Path) -> None:
    edited(copy, ("UPDATE stamps SET version = '9.9.9'", []))
    assert len(verified(copy).findings) == ROWS


def test_head_without_signature_is_found(copy: Path) -> None:
    edited(copy, ("UPDATE audit_head SET signature = NULL", []))
    assert [one.words for one in verified(copy).findings] == [f"the last row at row {ROWS} is not signed"]


def add_and_fail(store: Store) -> None:
    with store.audit() as audit:
        audit.add(rows_of(1)[0])
        raise RuntimeError


def test_chain_goes_on_after_other_transactions(tmp_path: Path) -> None:
    with Store(tmp_path / "state") as store:
        with store.people() as people, store.audit() as audit:
            people.add("Ada", NOON)
            for row in rows_of(3):
                audit.add(row)
        with pytest.raises(RuntimeError):
            add_and_fail(store)
        with store.audit() as audit:
            audit.add(rows_of(1)[0])
            verdict = audit.verify()
    assert (verdict.last, verdict.findings) == (4, ())


def test_inner_part_that_is_undone_leaves_the_chain_whole(tmp_path: Path) -> None:
    with Store(tmp_path / "state") as store:
        with store.audit() as audit:
            audit.add(rows_of(1)[0])
            with pytest.raises(RuntimeError):
                add_and_fail(store)
            audit.add(rows_of(1)[0])
        with store.audit() as audit:
            assert (audit.verify().rows, audit.verify().findings) == (2, ())


def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    with Store(tmp_path / "state") as one, Store(tmp_path / "state") as other:
        for number in range(6):
            with (one, other)[number % 2].audit() as audit:
                audit.add(rows_of(1)[0])
        with one.audit() as audit:
            assert (audit.verify().rows, audit.verify().findings) == (6, ())


class TestSilence:
    """A chain that something else has changed is never continued silently."""

    def test_cut_off_end_is_a_row_of_its_own(self, copy: Path) -> None:
        edited(copy, ("DELETE FROM audit WHERE id > 7", []), ("UPDATE sqlite_sequence SET seq = 7", []))
        with Store(copy) as store, store.audit() as audit:
            number = audit.add(rows_of(1)[0])
            (told,) = audit.after(7, 1)
        assert (told.id, told.event, number) == (10, Event.AUDIT_BROKEN, 11)
        assert told.fault == "the rows 8 to 9 are missing: something else than Lintel has removed them"

    def test_missing_rows_stay_missing(self, copy: Path) -> None:
        edited(copy, ("DELETE FROM audit WHERE id > 7", []), ("UPDATE sqlite_sequence SET seq = 7", []))
        with Store(copy) as store, store.audit() as audit:
            audit.add(rows_of(1)[0])
        assert [(one.flaw, one.first, one.last) for one in verified(copy).findings] == [
            (Flaw.MISSING, 8, 9),
            (Flaw.NOTED, 10, 10),
        ]

    @pytest.mark.parametrize("number", [1, 4, ROWS])
    def test_rows_hashed_again_are_found_by_the_witness(self, copy: Path, number: int) -> None:
        hashed_again(copy, number)
        with Store(copy) as store, store.audit() as audit:
            told, found = audit.after(ROWS, 1), audit.verify().findings
        assert [row.fault for row in told] == [f"row {ROWS} is not the one that the witness has seen"]
        assert [(one.flaw, one.last) for one in found] == [(Flaw.REWRITTEN, ROWS), (Flaw.NOTED, 10)]


class TestWitness:
    """A small file beside the keys knows the newest row, whatever becomes of the database."""

    @pytest.fixture
    def older(self, tmp_path: Path) -> Path:
        """Six rows; three of them in a copy that was put in the place of the whole."""
        folder = written(tmp_path / "state", 3)
        (tmp_path / "older.db").write_bytes((folder / "lintel.db").read_bytes())
        written(folder, 3)
        (tmp_path / "older.db").replace(folder / "lintel.db")
        return folder

    def test_older_copy_is_told_in_a_row_with_a_new_number(self, older: Path) -> None:
        with Store(older) as store, store.audit() as audit:
            (told,) = audit.newest(1)
        what = "rolled back from row 6 to 3: an older copy was put in its place"
        assert (told.id, told.event, told.fault) == (7, Event.AUDIT_BROKEN, what)

    def test_older_copy_is_a_trouble(self, older: Path, trouble_of: Callable[[Store], str]) -> None:
        with Store(older) as store:
            trouble_of(store)
            assert store.audit_trouble().startswith("The audit is broken: rolled back from row 6 to 3")

    def test_rows_that_an_older_copy_lacks_are_named(self, older: Path) -> None:
        with Store(older) as store, store.audit() as audit:
            found = audit.verify().findings
        assert [(one.flaw, one.first, one.last) for one in found] == [(Flaw.MISSING, 4, 6), (Flaw.NOTED, 7, 7)]

    def test_older_copy_is_named_before_anything_is_written(self, older: Path) -> None:
        assert [(one.flaw, one.first, one.last) for one in verified(older).findings] == [(Flaw.ROLLED_BACK, 4, 6)]

    def test_other_database_is_told(self, copy: Path, tmp_path: Path) -> None:
        other = written(tmp_path / "other", 2)
        (other / "lintel.db").replace(copy / "lintel.db")
        with Store(copy) as store, store.audit() as audit:
            (told,) = audit.newest(1)
        assert told.fault == "another database was put in its place, whose last row is 2, not 9"

    def test_witness_that_is_gone_is_told(self, copy: Path) -> None:
        with Store(copy) as store, store.audit() as audit:
            audit.add(rows_of(1)[0])
        (copy.with_name("state-keys") / "audit-witness.json").unlink()
        with Store(copy) as store, store.audit() as audit:
            (told,) = audit.newest(1)
        assert (told.fault or "").endswith("state-keys is missing")

    def test_sound_audit_is_no_trouble(self, copy: Path, trouble_of: Callable[[Store], str]) -> None:
        with Store(copy) as store:
            assert (trouble_of(store), store.audit_trouble()) == ("", "")


class TestFromBefore:
    """A database without a chain: its rows are chained as they are found."""

    def test_rows_from_before_are_chained(self, tmp_path: Path) -> None:
        old = self.without_chain(tmp_path / "old", 25)
        with Store(old) as store, store.audit() as audit:
            audit.add(rows_of(1)[0])
            verdict = audit.verify()
        assert (verdict.rows, verdict.findings, verdict.checkpoints) == (26, (), 1)

    def test_change_to_a_row_from_before_is_named(self, tmp_path: Path) -> None:
        old = self.without_chain(tmp_path / "old", 25)
        with Store(old) as store, store.audit() as audit:
            audit.add(rows_of(1)[0])
        edited(old, ("UPDATE audit SET badge = '1:2' WHERE id = 13", []))
        assert [(one.flaw, one.first) for one in verified(old).findings] == [(Flaw.CHANGED, 13)]

    @staticmethod
    def without_chain(folder: Path, count: int) -> Path:
        """A database with all migrations before the one that begins the chain."""
        folder.mkdir()
        with closing(sqlite3.connect(folder / "lintel.db")) as connection:
            database = Database(connection)
            MIGRATIONS.apply(
                database, stop_before=next(one.name for one in MIGRATIONS.pending(database) if "chain" in one.name)
            )
            for number in range(count):
                database.execute(
                    "INSERT INTO audit (at, event, badge, similarity) VALUES (?, 'decision', ?, 0.5)",
                    [NOON.isoformat(), f"17:{number}"],
                )
            connection.commit()
        return folder
