"""What the chain outlasts: erasures, cuts, passages whose time is over; and what a row says it went by."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from device.records import (
    AuditRow,
    ClockState,
    Credential,
    Decision,
    Event,
    Evidence,
    Mode,
    Outcome,
    Person,
    PinAnswer,
    Reason,
    Ruling,
    Transaction,
)
from device.records.modes import MODES
from device.store import retention
from device.store.chain.findings import Flaw
from device.store.retention import Due, due, keep_to
from device.store.store import Store
from tests.device.store.chain_world import NOON, STAMP, edited, verified

DAY = timedelta(days=1)
BADGE = Credential("h10301", 17, 1001)


def passage(number: int, at: datetime = NOON, person_id: int | None = 1) -> AuditRow:
    return AuditRow(
        0, at, Event.DECISION, f"17:{number}", person_id, Outcome.GRANTED, Reason.MATCH, fault=f"note {number}"
    )


def refusal(number: int, at: datetime) -> AuditRow:
    return AuditRow(0, at, Event.DECISION, f"17:{number}", 1, Outcome.DENIED, Reason.NON_MATCH)


class TestErasure:
    @pytest.fixture
    def ada(self, store: Store) -> Person:
        """Ada with a badge; four rows are about her, one of them from before she had it, and two about another."""
        with store.people() as people, store.audit() as audit:
            person = people.add("Ada", NOON)
            people.issue(BADGE, person, NOON)
            for row in (passage(1001), passage(1001), passage(7, person_id=99), passage(1001, person_id=None)):
                audit.add(row)
            audit.note(Event.PERSON_RENAMED, NOON, person=person, fault="before: Eva", by="root (login grace)")
            audit.add(passage(8, person_id=99))
        return person

    def test_erased_rows_say_nothing_of_the_person(self, store: Store, ada: Person) -> None:
        with store.audit() as audit:
            count = audit.erase_person(ada)
            rows = audit.newest(10)
        assert count == 4
        assert [row.is_erased for row in rows] == [True, True, False, True, True, False]
        assert {(row.badge, row.person_id, row.fault) for row in rows if row.is_erased} == {(None, None, None)}

    def test_erased_row_keeps_what_happened(self, store: Store, ada: Person) -> None:
        with store.audit() as audit:
            audit.erase_person(ada)
            row = audit.newest(2)[0]
        assert (row.event, row.by) == (Event.PERSON_RENAMED, "root (login grace)")

    def test_chain_verifies_after_an_erasure_and_counts_it(self, store: Store, ada: Person) -> None:
        with store.audit() as audit:
            audit.erase_person(ada)
        with store.audit() as audit:
            verdict = audit.verify()
        assert (verdict.rows, verdict.erased, verdict.findings) == (6, 4, ())

    def test_erasing_a_person_erases_their_rows(self, store: Store, ada: Person) -> None:
        store.erase(ada, NOON)
        with store.audit() as audit:
            assert (audit.verify().erased, audit.verify().findings) == (4, ())

    def test_no_byte_of_what_was_erased_is_left(self, tmp_path: Path) -> None:
        folder = tmp_path / "state"
        with Store(folder) as store, store.people() as people, store.audit() as audit:
            person = people.add("Ada", NOON)
            audit.note(Event.PERSON_RENAMED, NOON, person=person, fault="a-word-like-no-other")
        with Store(folder) as store:
            store.erase(person, NOON)
        assert not [path for path in folder.iterdir() if b"a-word-like-no-other" in path.read_bytes()]

    def test_row_that_was_emptied_without_the_key_is_named(self, store: Store, ada: Person) -> None:
        with store.audit() as audit:
            audit.erase_person(ada)
        folder = store.path.parent
        store.close()
        edited(
            folder,
            ("UPDATE audit SET badge = NULL, person_id = NULL, fault = NULL, salt = zeroblob(96) WHERE id = 3", []),
            ("UPDATE audit SET salt = (SELECT salt FROM audit WHERE id = 2) WHERE id = 1", []),
        )
        assert {(one.flaw, one.first) for one in verified(folder).findings} == {
            (Flaw.CHANGED, 1),
            (Flaw.EMPTIED, 1),
            (Flaw.CHANGED, 3),
            (Flaw.EMPTIED, 3),
        }

    def test_salt_alone_does_not_pass_for_an_erasure(self, store: Store, ada: Person) -> None:  # noqa: ARG002
        folder = store.path.parent
        store.close()
        edited(folder, ("UPDATE audit SET salt = NULL WHERE id = 2", []))
        assert [(one.flaw, one.first) for one in verified(folder).findings] == [(Flaw.CHANGED, 2)]


class TestCut:
    @pytest.fixture
    def kept(self, store: Store) -> Store:
        """A row a day for ten days, passages and refusals in turn."""
        with store.audit() as audit:
            for day in range(10):
                audit.add((passage, refusal)[day % 2](day, NOON + day * DAY))
        return store

    def test_rows_before_a_time_are_removed_and_the_rest_verifies(self, kept: Store) -> None:
        done = keep_to(kept, NOON, rows_before=NOON + 4 * DAY, passages_before=None, by="ada")
        with kept.audit() as audit:
            verdict, (told,) = audit.verify(), audit.newest(1)
        assert (done, verdict.first, verdict.rows, verdict.findings) == (Due(4, 0), 5, 7, ())
        assert (told.event, told.by) == (Event.AUDIT_CUT, "ada")
        assert (told.fault or "").startswith("rows 1 to 4, 4 rows of 2026-11-24T12:00:00+00:00 to 2026-11-27")

    def test_cut_is_signed(self, kept: Store) -> None:
        keep_to(kept, NOON, rows_before=NOON + 4 * DAY, passages_before=None)
        folder = kept.path.parent
        kept.close()
        edited(folder, ("UPDATE audit_marks SET detail = 'rows 1 to 2' WHERE kind = 'cut'", []))
        assert [(one.flaw, one.first) for one in verified(folder).findings] == [(Flaw.UNSIGNED, 4)]

    def test_more_removed_than_was_cut_is_named(self, kept: Store) -> None:
        keep_to(kept, NOON, rows_before=NOON + 4 * DAY, passages_before=None)
        folder = kept.path.parent
        kept.close()
        edited(folder, ("DELETE FROM audit WHERE id <= 6", []))
        assert [(one.flaw, one.first, one.last) for one in verified(folder).findings] == [(Flaw.MISSING, 5, 6)]

    def test_cut_goes_on_in_parts(self, kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("device.store.chain.cutting.MOST_ROWS", 3)
        monkeypatch.setattr(retention, "MOST_PASSAGES", 1)
        done = keep_to(kept, NOON, rows_before=NOON + 5 * DAY, passages_before=NOON + 9 * DAY)
        with kept.audit() as audit:
            verdict = audit.verify()
        assert (done, verdict.findings, verdict.erased) == (Due(5, 2), (), 2)

    def test_newest_row_is_never_cut(self, kept: Store) -> None:
        with kept.audit() as audit:
            audit.cut(NOON + 100 * DAY)
            assert [row.id for row in audit] == [10]

    def test_passages_lose_their_people_and_refusals_keep_them(self, kept: Store) -> None:
        done = keep_to(kept, NOON, rows_before=None, passages_before=NOON + 5 * DAY)
        with kept.audit() as audit:
            rows, verdict = audit.after(0, 6), audit.verify()
        assert (done, verdict.findings) == (Due(0, 3), ())
        assert [row.badge for row in rows] == [None, "17:1", None, "17:3", None, "17:5"]

    def test_what_is_due_is_said_before_it_is_done(self, kept: Store) -> None:
        rows, passages = NOON + 3 * DAY, NOON + 7 * DAY
        told = due(kept, rows_before=rows, passages_before=passages)
        done = keep_to(kept, NOON, rows_before=rows, passages_before=passages)
        left = due(kept, rows_before=rows, passages_before=passages)
        assert (told, done, left) == (Due(3, 2), Due(3, 2), Due(0, 0))


class TestStamp:
    def test_row_has_the_rules_and_the_clock_of_its_moment(self, store: Store) -> None:
        states = [ClockState.TRUSTED, ClockState.UNTRUSTED]
        store.chain.stamp, store.chain.clock = (lambda: STAMP), (lambda: states.pop(0))
        with store.audit() as audit:
            audit.note(Event.FAULT, NOON)
            audit.note(Event.FAULT, NOON)
            rows = audit.newest(2)
        assert [row.stamp.clock for row in rows if row.stamp] == [ClockState.TRUSTED, ClockState.UNTRUSTED]

    def test_constants_are_stored_once(self, store: Store) -> None:
        store.chain.stamp = lambda: STAMP
        with store.audit() as audit:
            for _ in range(20):
                audit.note(Event.FAULT, NOON)
        with closing(sqlite3.connect(store.path)) as other:
            assert other.execute("SELECT count(*) FROM stamps").fetchone() == (1,)

    def test_row_has_the_rule_that_decided(self, store: Store) -> None:
        mode: Mode = MODES["badge+pin"]
        decision = Decision(Reason.PIN, Outcome.GRANTED, mode=mode, pin=PinAnswer.RIGHT)
        ruling = Ruling(mode, rule="staff", schedule="office hours")
        with store.audit() as audit:
            audit.record(Transaction(NOON, BADGE, Person(1, "Ada"), decision, 0.5, ruling=ruling))
            (row,) = audit.newest(1)
        assert (row.mode, row.rule, row.schedule) == ("badge+pin", "staff", "office hours")

    def test_duress_is_the_reason_of_its_row(self, store: Store) -> None:
        evidence = Evidence(0.97, 0.94, 3, 2)
        decision = Decision(Reason.MATCH, Outcome.GRANTED, evidence, duress=True)
        with store.audit() as audit:
            audit.record(Transaction(NOON, BADGE, Person(1, "Ada"), decision, 0.5))
            (row,) = audit.newest(1)
        assert (row.outcome, row.reason) == (Outcome.GRANTED, Reason.DURESS)


class TestCheckup:
    def test_broken_chain_is_a_trouble(self, store: Store, trouble_of: Callable[[Store], str]) -> None:
        with store.audit() as audit:
            for number in range(5):
                audit.add(passage(number))
        edited(store.path.parent, ("UPDATE audit SET badge = '1:2' WHERE id = 3", []))
        trouble_of(store)
        store._checkup.wait()
        assert store.audit_trouble() == "The audit is broken: row 3 was changed. See `lintel audit verify`."
