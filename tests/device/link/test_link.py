"""The link beside a service: every row reaches the wire in its order, whatever fails."""

import socket as datagrams
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from device.clock import Stop
from device.control.client import FILE_NAME
from device.control.messages import Row
from device.control.server import ControlServer
from device.errors import ConfigError, LinkError
from device.link.carrier import PACE, Backoff, Batch, Page
from device.link.checking import checked
from device.link.cursor import Cursor, Mark, Place
from device.link.process import Folders, Link
from device.link.wires import Integration
from tests.device.control.ledger import Ledger, serving
from tests.device.link.running import linked
from tests.device.link.wires import NotedWire
from tests.waiting import PATIENCE_S, until


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(250)


@pytest.fixture
def service(socket: Path, ledger: Ledger) -> Iterator[ControlServer]:
    service = serving(socket, ledger)
    yield service
    service.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the cursor is, which has seen no row yet but begins with the first."""
    folder = tmp_path / "link"
    Cursor(folder, "noted").write(Place((Mark(0),)))
    return folder


def rows(first: int, last: int) -> list[int]:
    return list(range(first, last + 1))


@pytest.mark.usefixtures("service")
class TestDelivery:
    def test_each_row_comes_once_and_in_order(self, socket: Path, folder: Path, ledger: Ledger) -> None:
        wire = NotedWire()
        with linked(socket, folder, wire):
            until(lambda: len(wire.events) == 250)
            ledger.add(10)
            until(lambda: len(wire.events) == 260)
        assert wire.numbers == rows(1, 260)

    def test_the_next_link_goes_on_where_this_one_ended(self, socket: Path, folder: Path, ledger: Ledger) -> None:
        first, second = NotedWire(), NotedWire()
        with linked(socket, folder, first):
            until(lambda: len(first.events) == 250)
        ledger.add(5)
        with linked(socket, folder, second):
            until(lambda: len(second.events) == 5)
        assert second.numbers == rows(251, 255)

    def test_a_new_integration_begins_with_what_happens_now(self, socket: Path, tmp_path: Path, ledger: Ledger) -> None:
        wire = NotedWire()
        with linked(socket, tmp_path / "new", wire) as link:
            until(lambda: link.row == 250)
            ledger.add()
            until(lambda: wire.events)
        assert wire.numbers == [251]

    @pytest.mark.parametrize("method", ["open", "deliver", "show"])
    def test_a_wire_that_fails_loses_nothing(self, socket: Path, folder: Path, method: str) -> None:
        wire = NotedWire()
        wire.failures[method] = 3
        with linked(socket, folder, wire) as link:
            until(lambda: len(wire.events) == 250)
            assert link.said[0] == "noted: The far side refuses. Ask it."
        assert wire.numbers == rows(1, 250)

    def test_a_bug_in_a_wire_ends_nothing(self, socket: Path, folder: Path) -> None:
        wire = NotedWire()
        wire.error, wire.failures = RuntimeError("oops"), {"deliver": 2, "close": 1}
        with linked(socket, folder, wire):
            until(lambda: len(wire.events) == 250)

    def test_what_was_not_acknowledged_comes_again(self, socket: Path, folder: Path) -> None:
        wire = NotedWire()
        wire.lost_acknowledgements = 2
        with linked(socket, folder, wire):
            until(lambda: wire.numbers[-250:] == rows(1, 250))
        assert len({event.uid for event in wire.events}) == 250

    def test_no_one_is_named_by_default(self, socket: Path, folder: Path) -> None:
        wire, named = NotedWire(), NotedWire()
        with linked(socket, folder, wire):
            until(lambda: len(wire.events) == 250)
        Cursor(folder, "noted").write(Place((Mark(249),)))
        with linked(socket, folder, named, names=True):
            until(lambda: named.events)
        assert ({event.badge for event in wire.events}, named.events[0].badge) == ({""}, "17:1001")

    def test_the_doors_are_shown_and_shown_again(self, socket: Path, folder: Path) -> None:
        wire = NotedWire()
        with linked(socket, folder, wire):
            until(lambda: [doors[0].door for doors in wire.shown[-2:] if doors] == ["main", "main"])

    def test_a_wire_that_hangs_delays_no_stop(self, socket: Path, folder: Path) -> None:
        wire = NotedWire()
        wire.hang = threading.Event()
        with linked(socket, folder, wire):
            until(lambda: wire.shown)
            began = time.monotonic()
        took_s = time.monotonic() - began
        wire.hang.set()
        assert took_s < 2.0

    def test_the_status_says_how_far_it_is(self, socket: Path, folder: Path) -> None:
        wire = NotedWire()
        with linked(socket, folder, wire) as link:
            until(lambda: (folder / "status.json").exists() and link.report().integrations[0].row == 250)
            (one,) = link.report().integrations
        assert (one.connected, one.behind, one.error) == (True, 0, "")

    def test_a_check_proves_service_and_wire(self, socket: Path) -> None:
        found = checked((Integration("noted", NotedWire()),), socket)
        assert [(one.is_proved, one.words) for one in found] == [
            (True, "It answers; doors: main."),
            (True, "It was read back."),
        ]

    def test_the_service_manager_hears_of_each_step(
        self, socket: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with datagrams.socket(datagrams.AF_UNIX, datagrams.SOCK_DGRAM) as manager:
            manager.bind(str(folder / "notify"))
            manager.settimeout(PATIENCE_S)
            monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
            with linked(socket, folder, NotedWire()):
                said = [manager.recv(100), manager.recv(100)]
            assert [*said, manager.recv(100)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


class TestService:
    def test_a_service_that_comes_later_is_found(self, socket: Path, folder: Path, ledger: Ledger) -> None:
        wire = NotedWire()
        with linked(socket, folder, wire) as link:
            until(lambda: () in wire.shown)
            assert "isn't running" in link.said[0]
            service = serving(socket, ledger)
            until(lambda: len(wire.events) == 250)
            until(lambda: link.report().integrations[0].error == "")
            service.close()
        assert (wire.numbers, wire.opened) == (rows(1, 250), 1)

    def test_doors_are_not_known_once_the_service_has_gone(self, socket: Path, folder: Path, ledger: Ledger) -> None:
        wire, service = NotedWire(), serving(socket, ledger)
        with linked(socket, folder, wire):
            until(lambda: wire.shown and wire.shown[-1])
            service.close()
            until(lambda: wire.shown[-1] == ())

    def test_trouble_with_the_audit_is_said_and_ends(self, socket: Path, folder: Path, ledger: Ledger) -> None:
        wire, service = NotedWire(), serving(socket, ledger)
        with linked(socket, folder, wire) as link:
            until(lambda: len(wire.events) == 250)
            ledger.failure = "The disk is on fire."
            until(lambda: any("on fire" in line for line in link.said))
            ledger.failure = ""
            ledger.add()
            until(lambda: len(wire.events) == 251)
        service.close()

    def test_what_is_wrong_is_said_by_the_check(self, socket: Path) -> None:
        wire = NotedWire()
        wire.failures["check"] = 1
        found = checked((Integration("noted", wire),), socket)
        assert [(one.is_proved, one.hint) for one in found] == [
            (False, "Start it: `sudo systemctl start lintel`."),
            (False, "Ask it."),
        ]


class TestOlderStore:
    """An older copy of the store is put in place: numbers of rows begin to repeat."""

    def restored(self, ledger: Ledger, kept: int, new: int) -> list[Row]:
        """The rows of the copy, and others behind them."""
        ledger.rows = ledger.rows[:kept]
        ledger.add(new)
        ledger.rows[kept:] = [msgspec.structs.replace(row, boot="after") for row in ledger.rows[kept:]]
        return ledger.rows[kept:]

    @pytest.mark.parametrize("new", [1, 49, 50, 51, 80])
    def test_each_row_behind_the_copy_is_new(self, socket: Path, folder: Path, ledger: Ledger, new: int) -> None:
        """Also if there are as many or more by the time that the link looks."""
        wire, service = NotedWire(), serving(socket, ledger)
        with linked(socket, folder, wire):
            until(lambda: len(wire.events) == 250)
        service.close()
        behind = self.restored(ledger, 200, new)
        service = serving(socket, ledger)
        again = NotedWire()
        with linked(socket, folder, again):
            until(lambda: again.numbers[-new:] == [row.id for row in behind])
        service.close()
        before = {event.uid for event in wire.events}
        assert [event.id for event in again.events if event.uid not in before] == [row.id for row in behind]

    def test_a_running_link_goes_on_with_the_copy(self, socket: Path, folder: Path, ledger: Ledger) -> None:
        wire, service = NotedWire(), serving(socket, ledger)
        with linked(socket, folder, wire):
            until(lambda: len(wire.events) == 250)
            ledger.rows = ledger.rows[:200]
            until(lambda: Cursor(folder, "noted").read().newest != Mark(250, wire.events[-1].uid))
            new = len({event.uid for event in wire.events})
            self.restored(ledger, 200, 3)
            until(lambda: len({event.uid for event in wire.events}) == new + 3)
        service.close()


def test_repeated_alarms_go_out_and_move_nothing(socket: Path, folder: Path, ledger: Ledger) -> None:
    """The service repeats an open duress alarm by the number of the last row."""
    wire, service = NotedWire(), serving(socket, ledger)
    alarm = Row(9, "2026-11-30T10:00:00+00:00", "alarm-open", reason="duress")
    with linked(socket, folder, wire) as link:
        until(lambda: len(wire.events) == 250)
        service.repeat((alarm,))
        until(lambda: len(wire.events) == 251)
        ledger.add()
        until(lambda: len(wire.events) == 252 and link.row == 251)
    service.close()
    assert [event.is_duress for event in wire.events[-2:]] == [True, False]


def test_repeated_alarm_is_no_place_of_an_unseen_row() -> None:
    """Its number is the service's last one, which may be that of a row that the link isn't shown."""
    page = Page(250)
    page.add(Row(251, "2026-11-30T10:00:00+00:00", "alarm-open", reason="duress"))
    assert (len(page.rows), page.last, page.after) == (1, None, 250)


def test_a_row_about_an_open_alarm_goes_out_once() -> None:
    """Only duress is repeated by another row's number; the last row comes again with each connection."""
    page = Page(250)
    page.add(Row(250, "2026-11-30T10:00:00+00:00", "alarm-open"))
    assert page.rows == []


def test_rows_that_were_cut_before_they_went_out_are_said(socket: Path, folder: Path, ledger: Ledger) -> None:
    wire, service = NotedWire(), serving(socket, ledger)
    with linked(socket, folder, wire):
        until(lambda: len(wire.events) == 250)
    ledger.add(50)
    ledger.first = 281
    with linked(socket, folder, wire) as link:
        until(lambda: len(wire.events) == 270)
    service.close()
    assert link.said == [
        "noted: Rows 251 to 280 of the audit were removed before they went out. Keep rows for longer: audit.keep_days."
    ]


def test_a_full_disk_ends_no_connection(socket: Path, folder: Path, ledger: Ledger) -> None:
    """Events go on, so that no alarm flaps; what went out since the last place comes again after a crash."""
    wire, service = NotedWire(), serving(socket, ledger)
    with linked(socket, folder, wire) as link:
        until(lambda: link.row == 250)
        (folder / "noted.cursor").unlink()
        (folder / "noted.cursor").mkdir()
        for more in range(1, 21):
            ledger.add()
            until(lambda more=more: len(wire.events) == 250 + more)  # type: ignore[misc]
        until(lambda: "Can't write the cursor" in link.report().integrations[0].error)
        (folder / "noted.cursor").rmdir()
        until(lambda: (folder / "noted.cursor").is_file() and link.row == 270)
        until(lambda: link.report().integrations[0].error == "")
    service.close()
    assert (wire.numbers, wire.opened, len(link.said)) == (rows(1, 270), 1, 1)


def test_a_second_link_with_the_same_cursors_is_refused(socket: Path, folder: Path, ledger: Ledger) -> None:
    """Else each would move the other's cursors, and be hung up on by a broker that knows them apart by name alone."""
    wire, service = NotedWire(), serving(socket, ledger)
    over = Stop()
    over.set()
    with linked(socket, folder, wire):
        until(lambda: wire.events)
        with pytest.raises(LinkError, match="Another link runs"):
            Link((Integration("noted", wire),), socket, Folders(folder, folder), print).run(over)
    with linked(socket, folder, NotedWire()) as link:
        until(lambda: link.row == 250)
    service.close()


def test_a_link_without_integrations_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to do"):
        Link((), tmp_path / FILE_NAME, Folders(tmp_path, tmp_path), print).run(None)  # type: ignore[arg-type]


def test_a_wire_that_is_not_there_is_asked_less_and_less() -> None:
    """From 1 s to 60 s, by up to a half less."""
    longest = Backoff(PACE, part=lambda: 0.0)
    assert [longest.next_s() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    shortest = Backoff(PACE, part=lambda: 1.0)
    assert [shortest.next_s() for _ in range(3)] == [0.5, 1, 2]
    longest.reset()
    assert longest.next_s() == 1


def test_the_bare_error_of_a_wire_has_its_exit_code() -> None:
    assert LinkError("It broke.", hint="Fix it.").exit_code == 14


def test_a_far_side_that_is_slow_gets_few_events_at_once() -> None:
    """So that a call lasts about 5 s; and many once it is quick again."""
    batch = Batch(200)
    sizes = []
    for seconds_each in (0.001, 0.001, 1.0, 9.0, 9.0, 0.5, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001):
        batch.took(batch.size, seconds_each * batch.size)
        sizes.append(batch.size)
    assert sizes == [8, 16, 5, 1, 1, 2, 4, 8, 16, 32, 64, 128, 200, 200]


@pytest.mark.parametrize("most", [1, 3, 200])
def test_no_batch_is_empty_or_too_large(most: int) -> None:
    batch = Batch(most)
    for seconds in (0.0, 1e9, 0.0, 0.0, 1e-9):
        batch.took(1, seconds)
        assert 1 <= batch.size <= most
