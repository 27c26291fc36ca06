"""`lintel watch`: rows as they are written, over restarts of the service, and without one."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.cli.text.audit_rows import row_line
from device.control.audit_rows import AuditRows, row_of
from device.control.client import FILE_NAME, Client
from device.control.desk import door_desk
from device.control.messages import Row
from device.control.server import ControlServer
from device.records import AuditRow, ClockState, Event, Stamp
from device.store.store import Store
from tests.device.commands import Lintel
from tests.device.conftest import LINTEL
from tests.device.control.bench import ToldDoor
from tests.processes import started
from tests.waiting import PATIENCE_S

DOORS = {"main": ToldDoor(), "back": ToldDoor()}
AT = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)


class Service:
    """The operators' socket of a service with a real store, and two doors."""

    def __init__(self, runtime: Path, state: Path) -> None:
        self.store = Store(state)
        self._path = runtime / FILE_NAME
        self.start()

    def start(self) -> None:
        self.server = ControlServer(self._path, door_desk(DOORS, lambda _ordered: None), AuditRows(self.store))

    def write(self, detail: str, door: str | None = "main") -> None:
        with self.store.audit() as audit:
            audit.add(AuditRow(0, AT, Event.DOOR_COMMANDED, fault=detail, door=door))

    def close(self) -> None:
        self.server.close()
        self.store.close()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("LINTEL_STATE_DIR", str(folder))
    return folder


@pytest.fixture
def service(runtime: Path, state: Path) -> Iterator[Service]:
    service = Service(runtime, state)
    yield service
    service.close()


def watching(*options: str) -> list[object]:
    return [LINTEL, "watch", *options]


def test_line_is_that_of_the_audit(service: Service, lintel: Lintel) -> None:
    service.write("release, by user 0")
    listed = lintel("audit", "list").out
    with started(watching("--from", "1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        assert watch.stdout is not None
        assert watch.stdout.readline() == listed
    assert listed == "    1  2026-11-30 10:00:00 UTC  door-commanded  door main  release, by user 0\n"


def test_json_is_that_of_the_audit_on_a_line(service: Service, lintel: Lintel) -> None:
    """Also of what wrote the row: the fields of its stamp beside the others, none below them."""
    service.store.chain.stamp = lambda: Stamp(version="1.2.3", clock=ClockState.TRUSTED)
    service.write("release, by user 0")
    with started(watching("--last", "1", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        assert watch.stdout is not None
        shown = json.loads(watch.stdout.readline())
    assert [shown] == lintel("audit", "list", "--json").json
    assert (shown["version"], shown["clock"], "stamp" in shown) == ("1.2.3", "trusted", False)


def test_only_the_named_door_is_shown(service: Service) -> None:
    for detail, door in (("one", "main"), ("two", "back"), ("three", None), ("four", "back")):
        service.write(detail, door)
    with started(watching("--from", "1", "--door", "back"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        assert watch.stdout is not None
        assert [watch.stdout.readline().split()[-1] for _ in range(2)] == ["two", "four"]


@pytest.mark.parametrize("name", ["front", "Main", "main ", "", "mai", "back,main", "*", "0", "\u202emain", "-"])
@pytest.mark.usefixtures("service")
def test_unknown_door_is_refused_with_the_names_there_are(lintel: Lintel, name: str) -> None:
    ended = lintel("watch", "--door", name)
    assert (ended.exit_code, ended.out) == (7, "")
    assert "What to do: Name one with --door: main, back." in ended.err


def test_restart_is_reported_and_no_row_is_left_out_or_doubled(service: Service) -> None:
    service.write("one")
    with started(watching("--from", "1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        assert watch.stdout.readline().endswith("one\n")
        assert watch.stderr.readline() == "Watching from row 1 on; Ctrl-C ends.\n"
        service.server.close()
        service.write("two")
        assert watch.stderr.readline() == (
            "No service answers (The service is being stopped). Waiting until it is back; Ctrl-C ends.\n"
        )
        service.start()
        assert watch.stdout.readline().endswith("two\n")
        service.write("three")
        assert watch.stdout.readline().endswith("three\n")


def test_ctrl_c_ends_it_in_order(service: Service) -> None:
    service.write("one")
    with started(watching("--from", "1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        assert watch.stdout is not None
        watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        assert (watch.wait(PATIENCE_S), watch.stdout.read()) == (0, "")


@pytest.mark.usefixtures("runtime", "state")
def test_without_a_service_it_waits_and_says_so() -> None:
    with started(watching(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        assert watch.stderr is not None
        assert watch.stderr.readline().startswith(
            "No service answers (it isn't running). Start it: `sudo systemctl start lintel`. Waiting until"
        )
        watch.send_signal(signal.SIGINT)
        assert watch.wait(PATIENCE_S) == 0


@pytest.mark.usefixtures("runtime", "state")
def test_without_a_service_and_without_waiting_it_is_an_error(lintel: Lintel) -> None:
    ended = lintel("watch", "--no-wait")
    assert (ended.exit_code, "systemctl start lintel" in ended.err) == (7, True)
    assert "Error: No service answers: it isn't running." in ended.err


def test_beginnings_exclude_each_other(lintel: Lintel) -> None:
    assert lintel("watch", "--from", "1", "--last", "3").exit_code == 2


def test_rows_of_other_processes_come_too(service: Service, state: Path) -> None:
    with started(watching("--from", "1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        assert watch.stdout is not None
        with Store(state) as other, other.audit() as audit:
            audit.add(AuditRow(0, AT, Event.BADGE_SUSPENDED, badge="17:1001"))
        assert watch.stdout.readline().endswith("badge-suspended  badge 17:1001\n")
    assert service.store.trouble() == ""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_operator_of_the_group_sees_no_badges(service: Service, runtime: Path) -> None:
    with service.store.audit() as audit:
        audit.add(AuditRow(0, AT, Event.BADGE_SUSPENDED, badge="17:1001"))
    for folder in (runtime, *runtime.parents[:-1]):
        folder.chmod(0o755)
    os.chown(runtime / FILE_NAME, 0, 12345)
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(12345)
        os.setuid(12345)
        updates = Client(runtime / FILE_NAME).subscribe(1)
        row = next(update for update in updates if isinstance(update, Row))
        os._exit(10 if (row.id, row.badge) == (1, None) else 11)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 10


def test_person_who_was_removed_is_a_number() -> None:
    row = AuditRow(12, AT, Event.ENROLLED, badge="17:1001", person_id=4)
    assert row_line(row_of(row, {})).endswith("enrolled  badge 17:1001  person 4 (removed)")
    assert row_line(row_of(row, {4: "Eileen"})).endswith("enrolled  badge 17:1001  Eileen")
