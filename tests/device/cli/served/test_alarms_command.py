"""`lintel alarms` by the service and without it: the same words, and each in the name of a person."""

from datetime import UTC, datetime

import pytest

from device.records import AuditRow, Event, Outcome, Reason
from device.store.store import Store
from tests.device.cli.served.house import ANNA, BOB, GUS, House

AT = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
FORCED = AuditRow(0, AT, Event.DOOR_FORCED, door="main")
DURESS = AuditRow(0, AT, Event.DECISION, badge="17:1", outcome=Outcome.GRANTED, reason=Reason.DURESS, door="main")


@pytest.fixture
def rows(house: House) -> list[int]:
    with Store(house.state) as store, store.audit() as audit:
        return [audit.add(FORCED), audit.add(DURESS)]


def test_list_is_by_role(house: House, rows: list[int]) -> None:
    forced, duress = (f"{row:>5}  2026-11-30 10:00:00 UTC  " for row in rows)
    seen = {
        GUS: f"{forced}forced  door-forced  door main\n",
        BOB: f"{forced}forced  door-forced  door main\n{duress}duress  decision  door main\n",
        ANNA: "",
    }
    assert {uid: house.by(uid, "alarms").out for uid in seen} == seen


def test_guard_acknowledges_by_name(house: House, rows: list[int]) -> None:
    answer = house.by(GUS, "alarms", "acknowledge", str(rows[0]), "--why", "delivery", login=str(GUS))
    assert (answer.code, answer.out.startswith("Acknowledged: ")) == (0, True), answer.err
    with Store(house.state) as store, store.audit() as audit:
        (row,) = audit.newest(1)
    assert (row.event, row.by, row.fault) == (Event.ALARM_ACKNOWLEDGED, "gus", f"alarm {rows[0]}, forced: delivery")


def test_cron_job_of_root_acknowledges_nothing(house: House, rows: list[int]) -> None:
    answer = house.by(0, "alarms", "acknowledge", str(rows[0]), "--why", "delivery", login="4294967295")
    assert (answer.code, "names no person" in answer.err) == (7, True)


def test_without_the_service_the_store_is_asked(house: House, rows: list[int]) -> None:
    assert house.lintel("alarms", served=False).out == house.by(BOB, "alarms").out
    assert house.lintel("alarms", "list", "--json", served=False).out.count('"kind"') == len(rows)
