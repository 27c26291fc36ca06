"""Alarms: open from the row that tells of them until a named operator says why that is enough."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.alarms import AlarmDesk, tell_again
from device.errors import DoorError
from device.records import ALARM_EVENTS, AlarmKind, AuditRow, Event, Operator, Outcome, Reason, Role
from device.store.store import Store
from device.virtual.clock import SimulatedClock

GUARD = Operator(1000, frozenset({Role.GUARD}), "gus", 1000)
AUDITOR = Operator(1001, frozenset({Role.AUDITOR}), "bob", 1001)
CRON = Operator(0, frozenset({Role.ADMIN}), "root")
AT = SimulatedClock().utc()
FORCED = AuditRow(0, AT, Event.DOOR_FORCED, door="main")
DURESS = AuditRow(0, AT, Event.DECISION, badge="17:1", outcome=Outcome.GRANTED, reason=Reason.DURESS, door="main")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


def write(store: Store, *rows: AuditRow) -> list[int]:
    with store.audit() as audit:
        return [audit.add(row) for row in rows]


def rows(store: Store) -> list[AuditRow]:
    with store.audit() as audit:
        return list(audit)


def desk(store: Store) -> AlarmDesk:
    return AlarmDesk(store, SimulatedClock())


def numbers(store: Store, operator: Operator = AUDITOR) -> list[int]:
    return [alarm.id for alarm in desk(store).open_ones(operator)]


@pytest.mark.parametrize("event", Event)
def test_rows_of_the_table_open_an_alarm_of_their_kind(store: Store, event: Event) -> None:
    (row,) = write(store, replace(FORCED, event=event))
    kinds = {alarm.id: alarm.kind for alarm in desk(store).open_ones(AUDITOR)}
    assert kinds == ({row: ALARM_EVENTS[event]} if event in ALARM_EVENTS else {})


def test_grant_under_duress_opens_one(store: Store) -> None:
    write(store, DURESS)
    assert [alarm.kind for alarm in desk(store).open_ones(AUDITOR)] == [AlarmKind.DURESS]


def test_guard_sees_no_duress_and_can_acknowledge_none(store: Store) -> None:
    duress, forced = write(store, DURESS, FORCED)
    assert numbers(store, GUARD) == [forced]
    with pytest.raises(DoorError, match=f"There is no open alarm {duress}") as refused:
        desk(store).acknowledge(GUARD, duress, "nothing there")
    with pytest.raises(DoorError) as unknown:
        desk(store).acknowledge(GUARD, 99, "nothing there")
    assert str(refused.value).replace(str(duress), "99") == str(unknown.value)


def test_same_thing_at_the_same_place_counts(store: Store) -> None:
    first, *_ = write(store, FORCED, FORCED, replace(FORCED, door="back"), FORCED)
    assert [(alarm.id, alarm.times) for alarm in desk(store).open_ones(GUARD)] == [(first, 3), (first + 2, 1)]


def test_duress_is_never_counted_together(store: Store) -> None:
    assert write(store, DURESS, DURESS) == numbers(store)


def test_acknowledging_is_a_row_with_who_and_why(store: Store) -> None:
    (forced,) = write(store, FORCED)
    desk(store).acknowledge(GUARD, forced, " delivery, closed again ")
    last = rows(store)[-1]
    assert (last.event, last.by, last.door) == (Event.ALARM_ACKNOWLEDGED, "gus", "main")
    assert last.fault == f"alarm {forced}, forced: delivery, closed again"
    assert numbers(store) == []


def test_what_happens_again_opens_another_one(store: Store) -> None:
    (forced,) = write(store, FORCED)
    desk(store).acknowledge(GUARD, forced, "seen")
    (again,) = write(store, FORCED)
    assert numbers(store) == [again]


def test_alarm_is_acknowledged_once(store: Store) -> None:
    (forced,) = write(store, FORCED)
    desk(store).acknowledge(GUARD, forced, "seen")
    with pytest.raises(DoorError, match="no open alarm"):
        desk(store).acknowledge(GUARD, forced, "seen too")


@pytest.mark.parametrize("operator", [CRON, replace(CRON, login_uid=0)])
def test_root_whom_no_one_became_names_no_person(store: Store, operator: Operator) -> None:
    (forced,) = write(store, FORCED)
    with pytest.raises(DoorError, match="names no person"):
        desk(store).acknowledge(operator, forced, "seen")
    assert numbers(store) == [forced]


@pytest.mark.parametrize("why", ["", "  ", "ok", "x" * 201, "a\x1b[2Jb", "one\ntwo", "a\u202eb"])
def test_reason_that_says_nothing_or_deceives_is_refused(store: Store, why: str) -> None:
    (forced,) = write(store, FORCED)
    with pytest.raises(DoorError, match="reason"):
        desk(store).acknowledge(GUARD, forced, why)
    assert (numbers(store), len(rows(store))) == ([forced], 1)


def test_open_alarms_survive_a_restart(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        written = write(store, FORCED, DURESS)
    with Store(tmp_path) as store:
        assert numbers(store) == written


def told_again(store: Store) -> tuple[list[AuditRow], list[AuditRow]]:
    """What one round writes, and what it says silently."""
    waits, silent = iter([False, True]), list[AuditRow]()
    tell_again(store, SimulatedClock(), every_s=900.0, wait=lambda _every_s: next(waits), silently=silent.extend)
    return [row for row in rows(store) if row.event is Event.ALARM_OPEN], silent


def test_open_alarms_are_told_again_and_duress_silently(store: Store) -> None:
    forced, duress = write(store, FORCED, DURESS)
    told, silent = told_again(store)
    since = f"since {AT:%Y-%m-%d %H:%M} UTC"
    assert [row.fault for row in told] == [f"alarm {forced}, forced, {since}, 1 times"]
    assert [(row.event, row.reason, row.fault, row.door) for row in silent] == [
        (Event.ALARM_OPEN, Reason.DURESS, f"alarm {duress}, duress, {since}, 1 times", "main")
    ]
    assert len(numbers(store)) == 2


def test_acknowledged_duress_is_not_repeated(store: Store) -> None:
    (duress,) = write(store, DURESS)
    desk(store).acknowledge(AUDITOR, duress, "police called")
    assert told_again(store) == ([], [])


@settings(max_examples=25)
@given(
    acts=st.lists(
        st.one_of(
            st.sampled_from([FORCED, replace(FORCED, door="back"), DURESS, replace(FORCED, event=Event.DOOR_CLEARED)]),
            st.integers(1, 12),
        ),
        max_size=12,
    )
)
def test_an_alarm_is_open_until_it_is_acknowledged(acts: list[AuditRow | int]) -> None:
    """Against a list that is kept by hand."""
    with TemporaryDirectory() as folder, Store(Path(folder)) as store:
        expected: dict[tuple[str, int], int] = {}
        for act in acts:
            if isinstance(act, AuditRow):
                (row,) = write(store, act)
                if act.event is not Event.DOOR_CLEARED:
                    apart = row if act.reason is Reason.DURESS else 0
                    expected.setdefault((str(act.door), apart), row)
            elif act in expected.values():
                desk(store).acknowledge(AUDITOR, act, "seen")
                expected = {place: row for place, row in expected.items() if row != act}
        assert numbers(store) == sorted(expected.values())
