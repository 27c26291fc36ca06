"""Safety commands in a lane of their own: under 0.1 s to the pin, whatever the disk does and whoever else asks."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from device.clock import SystemClock
from device.control.client import FILE_NAME, ask_doors
from device.control.desk import Ordered, door_desk
from device.control.protocol import Lane
from device.control.server import ControlServer
from device.door.operation import Door
from device.errors import DoorError, StoreError
from device.records import Commanded, DoorCommand, DoorState
from device.settings.tables import DoorSettings
from tests.device.control.bench import Notes, ToldDoor, request
from tests.device.door.bench import FakeDoorIO
from tests.device.door.operated import Hanging, Memory
from tests.waiting import PATIENCE_S, line, quickest_s, until

TRIES = 200
"""The rig tries 1,000 times with the real service, and says how long the longest took (docs/evidence)."""


class SlowNotes(Notes):
    """A store that is locked: a release's row waits until the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.is_waiting, self.may_end = threading.Event(), threading.Event()

    def __call__(self, ordered: Ordered) -> None:
        if ordered.command is DoorCommand.RELEASE:
            self.is_waiting.set()
            self.may_end.wait(PATIENCE_S)
        super().__call__(ordered)


class Street:
    """A real door on fake wires behind a real socket; its disk hangs and its store is locked until told otherwise."""

    def __init__(self, folder: Path, memory: Memory) -> None:
        self.path, self.notes, self.memory = folder / FILE_NAME, SlowNotes(), memory
        self.io = FakeDoorIO(SystemClock())
        self.door = Door(DoorSettings(), self.io, SystemClock(), memory)
        self.server = ControlServer(self.path, door_desk({"main": self.door}, self.notes))
        self.open: list[socket.socket] = []

    def send(self, command: DoorCommand) -> float:
        """When the request's last byte left; nobody waits for the answer."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE_S)
        connection.connect(str(self.path))
        connection.sendall(request(command)[:-1])
        at = time.monotonic()
        connection.sendall(b"\n")
        self.open.append(connection)
        return at

    def drives(self, *, released: bool) -> float:
        """When the strike was driven so."""
        until(lambda: self.io.driven[-1][1].released == released)
        return self.io.strike()[-1][0]

    def hang_up(self) -> None:
        while self.open:
            self.open.pop().close()

    def close(self) -> None:
        self.hang_up()
        self.notes.may_end.set()
        if isinstance(self.memory, Hanging):
            self.memory.may_end.set()
        self.server.close()
        self.door.close()


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with contextlib.closing(Street(tmp_path, Hanging())) as street:
        yield street


@pytest.mark.parametrize("other", [DoorCommand.CLEAR, DoorCommand.LOCKDOWN])
def test_200_evacuations_and_their_ends_take_less_than_100_ms(street: Street, other: DoorCommand) -> None:
    assert isinstance(street.memory, Hanging)
    assert street.memory.is_writing.wait(PATIENCE_S)
    for _ in range(3):
        street.send(DoorCommand.RELEASE)
    assert street.notes.is_waiting.wait(PATIENCE_S)
    waiting, street.open = street.open, []
    took = []
    for _ in range(TRIES // 2):
        took.append(-street.send(DoorCommand.EVACUATE) + street.drives(released=True))
        took.append(-street.send(other) + street.drives(released=False))
        street.hang_up()
    street.open = waiting
    assert median(took) < 0.1


@pytest.mark.parametrize("command", [DoorCommand.LOCKDOWN, DoorCommand.SECURE])
def test_release_is_ended_within_100_ms(street: Street, command: DoorCommand) -> None:
    took = []
    for _ in range(10):
        street.door.grant()
        took.append(-street.send(command) + street.drives(released=False))
        street.send(DoorCommand.CLEAR)
        until(lambda: street.door.state is DoorState.LOCKED)
        street.hang_up()
    assert median(took) < 0.1


def test_questions_are_answered_beside_a_release_that_waits(street: Street) -> None:
    street.send(DoorCommand.RELEASE)
    assert street.notes.is_waiting.wait(PATIENCE_S)
    (status,) = ask_doors(street.path) or ()
    assert status.state is DoorState.LOCKED
    assert quickest_s(lambda: ask_doors(street.path), 0.5) < 0.5


def test_release_happens_once_its_row_is_written(street: Street) -> None:
    street.send(DoorCommand.RELEASE)
    assert street.notes.is_waiting.wait(PATIENCE_S)
    assert not street.io.driven[-1][1].released
    street.notes.may_end.set()
    street.drives(released=True)
    assert [ordered.command for ordered in street.notes] == [DoorCommand.RELEASE]


def test_release_whose_asker_went_is_neither_written_nor_done(street: Street) -> None:
    street.send(DoorCommand.RELEASE)
    assert street.notes.is_waiting.wait(PATIENCE_S)
    street.send(DoorCommand.RELEASE)
    street.open.pop().close()
    time.sleep(0.05)
    street.notes.may_end.set()
    street.drives(released=True)
    street.door.command(DoorCommand.SECURE)
    assert street.door.state is DoorState.LOCKED
    assert [ordered.command for ordered in street.notes] == [DoorCommand.RELEASE]


def test_too_many_releases_are_refused_and_keep_nobody_waiting(street: Street) -> None:
    street.send(DoorCommand.RELEASE)
    assert street.notes.is_waiting.wait(PATIENCE_S)
    waiting = street.server._workers[Lane.RELEASE]._waiting
    for _ in range(16):
        street.send(DoorCommand.RELEASE)
    until(waiting.full)
    street.send(DoorCommand.RELEASE)
    assert b"Too many releases" in line(street.open[-1])
    street.open[-2].setblocking(False)
    with pytest.raises(BlockingIOError):
        street.open[-2].recv(1000)
    assert -street.send(DoorCommand.EVACUATE) + street.drives(released=True) < PATIENCE_S / 2


def test_release_that_cannot_be_written_is_refused(street: Street) -> None:
    street.notes.may_end.set()
    street.notes.failure = StoreError("The disk is full.", hint="Make room.")
    with pytest.raises(DoorError, match="The disk is full"):
        ask_doors(street.path, DoorCommand.RELEASE)
    assert not street.io.driven[-1][1].released


class TestAnswer:
    def test_it_waits_for_a_disk_that_is_quick(self, tmp_path: Path) -> None:
        memory = Memory()
        memory.before_write = lambda: time.sleep(0.2)
        with contextlib.closing(Street(tmp_path, memory)) as street:
            (status,) = ask_doors(street.path, DoorCommand.LOCKDOWN) or ()
            assert (status.troubles, memory.written[-1].mode.is_lockdown) == ((), True)

    @pytest.mark.parametrize("command", [DoorCommand.LOCKDOWN, DoorCommand.EVACUATE])
    def test_after_1_s_it_says_that_the_disk_does_not_have_it_yet(self, street: Street, command: DoorCommand) -> None:
        began = time.monotonic()
        (status,) = ask_doors(street.path, command) or ()
        assert 1.0 <= time.monotonic() - began < PATIENCE_S / 2
        assert status.troubles == (
            "the door's mode is not on the disk yet; a power cut now would bring back the previous one",
        )

    def test_securing_does_not_wait_for_it(self, street: Street) -> None:
        assert quickest_s(lambda: ask_doors(street.path, DoorCommand.SECURE), 0.5) < 0.5


class TestUnread:
    """A thread that was kept busy for longer than a connection may wait."""

    def test_request_that_is_there_is_carried_out(self, tmp_path: Path) -> None:
        door = ToldDoor()
        door.hang = threading.Event()
        with contextlib.closing(ControlServer(tmp_path / FILE_NAME, door_desk({"main": door}, Notes()))):
            busy, late = (socket.socket(socket.AF_UNIX) for _ in range(2))
            for connection in (busy, late):
                connection.settimeout(PATIENCE_S)
                connection.connect(str(tmp_path / FILE_NAME))
            ask_doors(tmp_path / FILE_NAME)  # both are known by now
            busy.sendall(request("secure"))
            assert door.is_hanging.wait(PATIENCE_S)
            late.sendall(request("evacuate"))
            time.sleep(2.2)
            door.hang.set()
            assert json.loads(line(late))["reply"]["doors"][0]["door"] == "main"
            busy.close()
            late.close()
        assert door.told == [Commanded(DoorCommand.SECURE), Commanded(DoorCommand.EVACUATE)]

    def test_oldest_of_too_many_is_read_before_it_is_dropped(self, tmp_path: Path) -> None:
        door = ToldDoor()
        door.hang = threading.Event()
        path = tmp_path / FILE_NAME
        with (
            contextlib.closing(ControlServer(path, door_desk({"main": door}, Notes()))),
            contextlib.ExitStack() as stack,
        ):

            def connected() -> socket.socket:
                connection = stack.enter_context(socket.socket(socket.AF_UNIX))
                connection.settimeout(PATIENCE_S)
                connection.connect(str(path))
                return connection

            oldest, busy = connected(), connected()
            ask_doors(path)
            busy.sendall(request("secure"))
            assert door.is_hanging.wait(PATIENCE_S)
            others = [connected() for _ in range(70)]
            oldest.sendall(request("evacuate"))
            door.hang.set()
            assert b'"doors"' in line(oldest)
            assert len(others) == 70
        assert Commanded(DoorCommand.EVACUATE) in door.told


class TestRemovedSocket:
    def test_it_is_made_again(self, street: Street) -> None:
        street.path.unlink()
        until(street.path.exists)
        street.send(DoorCommand.EVACUATE)
        street.drives(released=True)

    def test_its_end_takes_it_away_as_well(self, street: Street) -> None:
        street.path.unlink()
        until(street.path.exists)
        street.server.close()
        assert ask_doors(street.path) is None
        assert not street.path.exists()

    def test_one_that_somebody_else_put_there_is_left_alone(self, street: Street) -> None:
        street.path.unlink()
        street.path.write_text("somebody else's")
        time.sleep(1.5)
        assert street.path.read_text() == "somebody else's"
