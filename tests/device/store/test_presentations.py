"""What a door saw of a presentation is in the audit; databases from before have none of it, and open as they did."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from device.cli.text.audit_rows import row_line
from device.control.audit_rows import row_of
from device.credentials import parse_badge
from device.records import BADGE as BADGE_ALONE
from device.records import (
    Credential,
    Decision,
    Evidence,
    Outcome,
    PadMode,
    Presentation,
    Reason,
    Transaction,
    TurnEnd,
)
from device.store.database import FILE_NAME
from device.store.migrations import MIGRATIONS
from device.store.store import Store

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
BADGE = parse_badge("17:1001")
SEEN = Presentation(
    scene=0.83, live=0.91, live_threshold=0.7, turns=(TurnEnd.TOO_LATE, TurnEnd.TURNED), turned=33.4, is_turned=True
)
GRANT = Decision(Reason.MATCH, Outcome.GRANTED, Evidence(0.98, 0.94, 3, 1), pad=PadMode.TURN, presentation=SEEN)


def swipe(decision: Decision, door: str = "main", badge: Credential = BADGE) -> Transaction:
    return Transaction(NOON, badge, None, decision, 1.5, 9, door=door)


def test_values_are_kept_and_shown(tmp_path: Path) -> None:
    with Store(tmp_path) as store, store.audit() as audit:
        audit.record(swipe(GRANT))
        (row,) = audit.newest(1)
    assert (row.pad, row.scene, row.live, row.turned, row.turns) == ("turn", 0.83, 0.91, 33.4, "too-late turned")
    assert row_line(row_of(row, {})).endswith("scene 0.83, live 0.91, turn too-late turned (33 degrees)")


def test_door_that_does_not_look_keeps_nothing(tmp_path: Path) -> None:
    with Store(tmp_path) as store, store.audit() as audit:
        audit.record(swipe(Decision(Reason.MATCH, Outcome.GRANTED, Evidence(0.98, 0.94, 3, 1))))
        (row,) = audit.newest(1)
    assert (row.pad, row.scene, row.live, row.turned, row.turns) == (None, None, None, None, None)


def older_database(path: Path) -> None:
    """As the version before left it: its migrations, and a decision."""
    with closing(sqlite3.connect(path)) as connection:
        database = Database(connection)
        MIGRATIONS.apply(database, stop_before="0007-what-speaks-for-a-live-person")
        connection.execute(
            "INSERT INTO audit (at, event, badge, outcome, reason, door) VALUES (?, 'decision', '17:1001', 'granted', "
            "'match', 'main')",
            [NOON.isoformat()],
        )
        connection.commit()


def test_older_database_opens_with_its_rows(tmp_path: Path) -> None:
    older_database(tmp_path / FILE_NAME)
    with Store(tmp_path) as store, store.audit() as audit:
        audit.record(swipe(GRANT))
        old, new = audit.newest(2)
        was_granted = audit.was_granted(BADGE, "main")
    assert (old.reason, old.pad, old.turns, new.turns) == (Reason.MATCH, None, None, "too-late turned")
    assert was_granted


@pytest.mark.parametrize(
    ("decision", "door", "badge", "was_granted"),
    [
        (GRANT, "main", BADGE, True),
        (GRANT, "back", BADGE, False),
        (GRANT, "main", parse_badge("17:1002"), False),
        (Decision(Reason.NON_MATCH), "main", BADGE, False),
        (Decision(Reason.EXIT, Outcome.GRANTED, exit_reader="inside", mode=BADGE_ALONE), "main", BADGE, False),
    ],
)
def test_first_use_is_of_a_badge_at_a_door(
    tmp_path: Path, decision: Decision, door: str, badge: Credential, was_granted: bool
) -> None:
    with Store(tmp_path) as store, store.audit() as audit:
        audit.record(swipe(decision, door, badge))
        assert audit.was_granted(BADGE, "main") is was_granted


def test_decisions_on_a_badge_are_found_by_an_index(tmp_path: Path) -> None:
    with Store(tmp_path) as store, store.audit() as audit:
        for badge, decision in ((BADGE, GRANT), (parse_badge("17:7"), GRANT), (BADGE, Decision(Reason.NON_MATCH))):
            audit.record(swipe(decision, badge=badge))
        found = audit.decisions_on(BADGE, 5)
    assert [row.reason for row in found] == [Reason.NON_MATCH, Reason.MATCH]
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM audit WHERE badge = '17:1001' AND event = 'decision' ORDER BY id DESC"
        ).fetchall()
    assert "decisions_by_badge" in str(plan)
    assert "TEMP B-TREE" not in str(plan)
