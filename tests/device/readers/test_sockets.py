"""Badges over a Unix socket: who may, how they are answered, and clients that behave badly."""

import contextlib
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.clock import SystemClock
from device.errors import ReaderError
from device.readers.context import ReaderContext
from device.readers.sockets import SocketReader, open_reader
from device.records import BadgeRead, Credential, Security, Signal
from device.settings.tables import ReaderSettings
from tests.device.readers.events import as_badge, as_event
from tests.waiting import PATIENCE_S

MAX_CLIENTS = 8
CHUNK = 4096
REST_S = 0.01

EILEEN, GRACE = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)
A_MOMENT_S = 0.05
KILLED = """
import socket, sys, os
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def path() -> Iterator[Path]:
    """Where a socket may be: its name must be short."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "badges"


@pytest.fixture
def reader(path: Path) -> Iterator[SocketReader]:
    reader = SocketReader(path, "front", SystemClock())
    yield reader
    reader.close()


@pytest.fixture
def connect(path: Path, reader: SocketReader) -> Iterator[Callable[[], socket.socket]]:  # noqa: ARG001 - it must listen
    """Makes clients of the reader."""
    clients = []

    def made() -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        clients.append(client)
        client.settimeout(PATIENCE_S)
        client.connect(str(path))
        return client

    yield made
    for client in clients:
        client.close()


def credentials(reader: SocketReader) -> list[Credential]:
    """Of all that comes until nothing comes for a moment."""
    found = []
    while isinstance(read := reader.read(A_MOMENT_S), BadgeRead):
        assert read.credential is not None
        found.append(read.credential)
    return found


def fill(client: socket.socket, sent: bytes) -> int:
    """Sends again and again until nothing more goes; so many bytes went."""
    client.setblocking(False)
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            count += client.send(sent)
    return count


def test_badge_is_local(reader: SocketReader, connect: Callable[[], socket.socket]) -> None:
    connect().sendall(b"17:1001\n")
    read = reader.read(PATIENCE_S)
    assert read == BadgeRead(EILEEN, as_event(read).at, "front", Security.LOCAL)


def test_line_that_is_a_badge_is_answered_ok(reader: SocketReader, connect: Callable[[], socket.socket]) -> None:
    client = connect()
    client.sendall(b"17:1001\n")
    reader.read(PATIENCE_S)
    assert client.recv(100) == b"ok\n"


def test_line_that_is_no_badge_is_refused_with_the_reason(
    reader: SocketReader, connect: Callable[[], socket.socket]
) -> None:
    client = connect()
    client.sendall(b"garbage\n")
    reader.read(PATIENCE_S)
    assert client.recv(100) == b"refused: a line that is not a badge, of 7 characters\n"


def test_line_is_answered_when_it_is_taken(reader: SocketReader, connect: Callable[[], socket.socket]) -> None:
    client = connect()
    client.sendall(b"17:1001\n17:1002\n")
    reader.read(PATIENCE_S)
    first = client.recv(100)
    reader.read(PATIENCE_S)
    assert (first, client.recv(100)) == (b"ok\n", b"ok\n")


def test_several_clients_are_heard_at_once(reader: SocketReader, connect: Callable[[], socket.socket]) -> None:
    one, other = connect(), connect()
    one.sendall(b"17:1001\n")
    other.sendall(b"17:1002\n")
    assert sorted(credentials(reader)) == [EILEEN, GRACE]


def test_clients_come_one_after_another(reader: SocketReader, connect: Callable[[], socket.socket]) -> None:
    found = []
    for _ in range(3 * MAX_CLIENTS):
        client = connect()
        client.sendall(b"17:1001\n")
        client.close()
        found += credentials(reader)
    assert found == [EILEEN] * 3 * MAX_CLIENTS


def test_last_line_of_a_client_that_leaves_counts_without_an_end(
    reader: SocketReader, connect: Callable[[], socket.socket]
) -> None:
    client = connect()
    client.sendall(b"17:1001")
    client.close()
    assert credentials(reader) == [EILEEN]


def test_client_that_leaves_is_let_go(reader: SocketReader, connect: Callable[[], socket.socket]) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    client = connect()
    credentials(reader)
    client.close()
    credentials(reader)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_client_that_never_ends_its_line_keeps_nobody_waiting(
    reader: SocketReader, connect: Callable[[], socket.socket]
) -> None:
    endless, other = connect(), connect()
    endless.sendall(b"17:10")
    credentials(reader)
    other.sendall(b"17:1002\n")
    assert credentials(reader) == [GRACE]


def test_client_that_floods_keeps_nobody_waiting(reader: SocketReader, connect: Callable[[], socket.socket]) -> None:
    flood, other = connect(), connect()
    sent = fill(flood, b"17:1001\n" * 1000)
    reader.read(PATIENCE_S)
    other.sendall(b"17:1002\n")
    found = [as_badge(reader.read(PATIENCE_S)).credential for _ in range(3)]
    assert GRACE in found
    assert sent > 8 * 1000


def test_client_that_floods_without_lines_keeps_nobody_waiting(
    reader: SocketReader, connect: Callable[[], socket.socket]
) -> None:
    flood, other = connect(), connect()
    fill(flood, b"x" * 10_000)
    other.sendall(b"17:1002\n")
    found = [as_badge(reader.read(PATIENCE_S)).credential for _ in range(2)]
    assert GRACE in found


def test_client_that_floods_without_lines_does_not_hog_the_cpu(
    reader: SocketReader, connect: Callable[[], socket.socket]
) -> None:
    flood = connect()
    fill(flood, b"x" * 10_000)
    reader.read(PATIENCE_S)
    fill(flood, b"x" * 10_000)
    reader.read(0.1)
    assert fill(flood, b"x" * 10_000) < (0.1 / REST_S + 10) * CHUNK


def test_what_a_flood_leaves_in_memory_is_bounded(reader: SocketReader, connect: Callable[[], socket.socket]) -> None:
    flood = connect()
    for _ in range(100):
        fill(flood, b"\n1" * 5000)
        reader.read(0.0)
    assert sum(len(client.reads) for client in reader._clients) <= 4096


def test_client_that_does_not_listen_to_answers_keeps_nobody_waiting(
    reader: SocketReader, connect: Callable[[], socket.socket]
) -> None:
    deaf, other = connect(), connect()
    for _ in range(1000):
        deaf.send(b"x\n")
        reader.read(PATIENCE_S)
    other.sendall(b"17:1002\n")
    assert GRACE in credentials(reader)


def test_eight_programs_are_heard_at_once(reader: SocketReader, connect: Callable[[], socket.socket]) -> None:
    clients = [connect() for _ in range(8)]
    credentials(reader)
    for client in clients:
        client.sendall(b"17:1001\n")
    found = credentials(reader)
    assert (found, [client.recv(100) for client in clients]) == ([EILEEN] * 8, [b"ok\n"] * 8)


def test_one_client_more_than_there_is_room_makes_the_quietest_go(
    reader: SocketReader, connect: Callable[[], socket.socket]
) -> None:
    quiet = connect()
    credentials(reader)
    others = [connect() for _ in range(MAX_CLIENTS)]
    credentials(reader)
    others[-1].sendall(b"17:1001\n")
    assert credentials(reader) == [EILEEN]
    assert quiet.recv(100) == b""


@pytest.mark.usefixtures("reader")
def test_socket_is_its_owners_alone(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_socket_is_its_owners_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        reader = SocketReader(path, "front", SystemClock())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    reader.close()


def test_socket_goes_with_its_reader(reader: SocketReader, path: Path) -> None:
    reader.close()
    assert not path.exists()


def test_socket_of_a_killed_process_is_replaced(path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    was_there = path.is_socket()
    reader = SocketReader(path, "front", SystemClock())
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"17:1001\n")
        assert (was_there, credentials(reader)) == (True, [EILEEN])
    reader.close()


@pytest.mark.usefixtures("reader")
def test_socket_on_which_somebody_answers_is_left_alone(path: Path) -> None:
    with pytest.raises(ReaderError, match="Another program listens at"):
        SocketReader(path, "back", SystemClock())
    assert path.is_socket()


@pytest.mark.usefixtures("reader")
def test_socket_whose_owner_is_busy_is_left_alone(path: Path) -> None:
    """More clients wait than its queue holds."""
    waiting = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) for _ in range(20)]
    for client in waiting:
        client.connect_ex(str(path))
    with pytest.raises(ReaderError, match="Another program listens at"):
        SocketReader(path, "back", SystemClock())
    for client in waiting:
        client.close()


def test_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    path.write_text("important")
    with pytest.raises(ReaderError, match="is not a socket"):
        SocketReader(path, "front", SystemClock())
    assert path.read_text() == "important"


def test_link_is_not_followed(path: Path) -> None:
    path.symlink_to("/etc/hostname")
    with pytest.raises(ReaderError, match="is not a socket"):
        SocketReader(path, "front", SystemClock())


@pytest.mark.parametrize("name", ["none/badges", "x" * 200], ids=["no folder", "too long"])
def test_place_where_no_socket_can_be_is_refused(path: Path, name: str) -> None:
    with pytest.raises(ReaderError, match="cannot listen at"):
        SocketReader(path.parent / name, "front", SystemClock())


def test_refused_socket_leaves_no_descriptor(path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(ReaderError):
        SocketReader(path / "none", "front", SystemClock())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_socket_that_somebody_removed_is_gone(reader: SocketReader, path: Path) -> None:
    path.unlink()
    with pytest.raises(ReaderError, match=r"its socket .* was removed"):
        reader.read(0.0)


def test_socket_that_somebody_replaced_is_gone_and_not_removed(reader: SocketReader, path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        with pytest.raises(ReaderError, match=r"its socket .* was removed"):
            reader.read(0.0)
        reader.close()
        assert path.is_socket()


def test_closed_reader_is_a_fault(reader: SocketReader) -> None:
    reader.close()
    with pytest.raises(ReaderError):
        reader.read(0.0)


def test_signals_are_not_sent(reader: SocketReader, connect: Callable[[], socket.socket]) -> None:
    client = connect()
    credentials(reader)
    reader.show(Signal.GRANTED)
    client.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.recv(100)


def test_settings_name_the_socket(path: Path) -> None:
    reader = open_reader(ReaderSettings(source=str(path)), ReaderContext(SystemClock(), lambda: None, Path()))
    assert path.is_socket()
    reader.close()
