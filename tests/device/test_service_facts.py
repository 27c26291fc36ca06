"""What `lintel status` says of the service as a whole: counted in memory, so that a disk that hangs delays nothing."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from device.cli.text.service_status import service_json, service_lines
from device.errors import StoreError
from device.records import Alarm, AlarmKind, AuditRow, DoorState, DoorStatus, Event, Outputs
from device.records.service import ChainHead, OpenAlarm, Refusals, ServiceStatus
from device.records.swipes import Percentiles
from device.service_facts import ServiceFacts, shown
from device.store.store import Store
from tests.waiting import PATIENCE_S, until

AT = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
DOOR = DoorStatus("main", DoorState.LOCKED, 0.0, (), Outputs(), ("camera: gone.",))
STATUS = ServiceStatus(
    version="1.2",
    up_s=7200.0,
    is_ready=True,
    grants=3,
    refusals=(Refusals("non-match", 2), Refusals("no-face", 1)),
    settings="ab" * 32,
    model="cd" * 32,
    head=ChainHead(17, "ef" * 32),
    alarms=(OpenAlarm(AlarmKind.FORCED, 2, AT),),
    as_of_s=1.0,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as made:
        yield made


def alarm(number: int, kind: AlarmKind) -> Alarm:
    at = AT + timedelta(hours=number)
    return Alarm(number, kind, "event", at, "main", "", 1, at)


def test_head_is_that_of_the_newest_row_of_the_service(store: Store) -> None:
    with store.audit() as audit:
        number = audit.add(AuditRow(0, AT, Event.SERVICE_STARTED))
    with closing(ServiceFacts(store)) as facts:
        head = facts.status().head
    assert head is not None
    assert (head.row, len(head.hash)) == (number, 64)


def test_alarms_are_those_that_are_open(store: Store) -> None:
    with closing(ServiceFacts(store)) as facts:
        until(lambda: facts.status().as_of_s is not None)
        with store.audit() as audit:
            audit.add(AuditRow(0, AT, Event.DOOR_FORCED, door="main"))
        facts.look()
        assert facts.status().alarms == (OpenAlarm(AlarmKind.FORCED, 1, AT),)


def test_alarms_are_by_kind_the_oldest_first_without_duress() -> None:
    held, tamper = AlarmKind.HELD, AlarmKind.TAMPER
    found = shown([alarm(5, held), alarm(1, AlarmKind.DURESS), alarm(3, tamper), alarm(2, held)])
    assert [(one.kind, one.count, one.since.hour) for one in found] == [(held, 2, 10), (tamper, 1, 11)]


def test_status_waits_for_no_store_that_hangs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, end = threading.Event(), threading.Event()

    def hang() -> NoReturn:
        asked.set()
        end.wait(PATIENCE_S)
        raise StoreError("It hangs.", hint="Wait.")

    monkeypatch.setattr(store, "signature", hang)
    with closing(ServiceFacts(store)) as facts:
        assert asked.wait(PATIENCE_S)
        status = facts.status()
        end.set()
    assert (status.grants, status.as_of_s) == (0, None)


def test_page_has_each_thing_on_a_line_of_its_own() -> None:
    door = replace(DOOR, badge_to_relay=Percentiles(200, 0.31, 0.42, 0.9))
    assert list(service_lines(STATUS, [door])) == [
        "Lintel 1.2, ready, up 2 h",
        "settings: abababababababab",
        "model: cdcdcdcdcdcdcdcd",
        "door main: locked",
        "  badge to relay: p50 0.31 s, p95 0.42 s, p99 0.90 s, of 200 times",
        "missing: camera: gone.",
        "granted: 3, denied: 3",
        "  denied by reason: non-match 2, no-face 1",
        "audit: row 17, head efefefefefefefef",
        "alarm: forced, 2 open, since 2026-12-01 08:00 UTC",
    ]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (None, "The doors are in operation; the service has only just started."),
        (replace(STATUS, alarms=(), as_of_s=None), "alarms: not known yet"),
        (replace(STATUS, alarms=()), "alarms: none is open"),
        (replace(STATUS, as_of_s=300.0), "The store has not answered for 5 min: alarms are as of then."),
        (replace(STATUS, is_ready=False), "Lintel 1.2, in operation, trying its parts, up 2 h"),
        (replace(STATUS, settings_said="refused"), "settings: abababababababab; refused"),
    ],
)
def test_what_is_not_known_or_old_is_said(status: ServiceStatus | None, said: str) -> None:
    assert said in list(service_lines(status, [DOOR]))


def test_machines_get_what_is_missing_once() -> None:
    told = service_json(STATUS, [DOOR, replace(DOOR, door="side")])
    assert told["missing"] == ("camera: gone.",)
