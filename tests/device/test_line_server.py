"""The one server of Unix sockets, stepped by the test: who is dropped for whom, what is read before, and the file."""

import errno
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.line_server import Limits, LineServer, Peer, oldest, quietest
from device.listening import Listening, listen_alone, listen_instead
from tests.waiting import PATIENCE_S


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A server that keeps what it is given, and the programs that connect to it."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self.clock = path, Clock()
        self.taken: list[tuple[Peer, bytes]] = []
        listening = listen_instead(path, 0o600)
        self.server = LineServer(listening, limits, lambda peer, data: self.taken.append((peer, data)), now=self.clock)
        self._clients: list[socket.socket] = []

    def connect(self, sends: bytes = b"") -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(PATIENCE_S)
        client.connect(str(self.path))
        self._clients.append(client)
        client.sendall(sends)
        self.step()
        return client

    def step(self) -> None:
        """Until nothing comes any more."""
        for _ in range(10):
            self.server.step(0.0)

    def received(self) -> list[bytes]:
        return [data for _, data in self.taken]

    def close(self) -> None:
        self.server.close()
        for client in self._clients:
            client.close()


def bench(path: Path, limits: Limits) -> Iterator[Bench]:
    made = Bench(path, limits)
    yield made
    made.close()


@pytest.fixture
def by_age(tmp_path: Path) -> Iterator[Bench]:
    yield from bench(tmp_path / "socket", Limits(2, 8, 2.0, oldest))


@pytest.fixture
def by_silence(tmp_path: Path) -> Iterator[Bench]:
    yield from bench(tmp_path / "socket", Limits(2, 8, goes_first=quietest))


def is_hung_up(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False


class TestPeers:
    def test_what_comes_is_handed_on_in_chunks_with_its_end(self, by_age: Bench) -> None:
        client = by_age.connect(b"0123456789")
        client.close()
        by_age.step()
        assert by_age.received()[:3] == [b"01234567", b"89", b""]

    def test_third_one_makes_the_oldest_go(self, by_age: Bench) -> None:
        first, second, third = (by_age.connect() for _ in range(3))
        assert [is_hung_up(one) for one in (first, second, third)] == [True, False, False]

    def test_third_one_makes_the_quietest_go(self, by_silence: Bench) -> None:
        first, second = by_silence.connect(), by_silence.connect()
        by_silence.clock.now = 1.0
        first.sendall(b"x")
        by_silence.step()
        third = by_silence.connect()
        assert [is_hung_up(one) for one in (first, second, third)] == [False, True, False]

    def test_one_that_goes_for_another_is_read_before(self, by_age: Bench) -> None:
        by_age.connect()
        oldest_one = by_age.server.peers[0]
        by_age.connect()
        by_age._clients[0].sendall(b"last")
        third = socket.socket(socket.AF_UNIX)
        third.connect(str(by_age.path))
        by_age.step()
        third.close()
        assert (oldest_one, b"last") in by_age.taken

    def test_one_that_is_dropped_is_read_once_more(self, by_age: Bench) -> None:
        client = by_age.connect()
        (peer,) = by_age.server.peers
        client.sendall(b"last")
        by_age.server._serve_and_drop(peer)
        assert (by_age.taken, is_hung_up(client)) == ([(peer, b"last")], True)

    @pytest.mark.parametrize(("after_s", "stays"), [(1.9, True), (2.0, False)])
    def test_one_that_is_there_for_2_s_is_read_and_dropped(self, by_age: Bench, after_s: float, stays: bool) -> None:
        by_age.clock.now = 100.0
        client = by_age.connect()
        by_age.clock.now = 100.0 + after_s
        client.sendall(b"late")
        by_age.step()
        assert (by_age.received(), is_hung_up(client)) == ([b"late"], not stays)

    def test_without_a_limit_of_time_it_stays(self, by_silence: Bench) -> None:
        client = by_silence.connect()
        by_silence.clock.now = 1e9
        by_silence.step()
        assert not is_hung_up(client)

    def test_paused_one_has_to_wait(self, by_age: Bench) -> None:
        client = by_age.connect()
        (peer,) = by_age.server.peers
        by_age.server.pause(peer)
        by_age.server.pause(peer)
        client.sendall(b"more")
        by_age.step()
        waiting = by_age.received()
        by_age.server.resume(peer)
        by_age.step()
        assert (waiting, by_age.received()) == ([], [b"more"])

    def test_one_that_was_let_go_is_its_takers(self, by_age: Bench) -> None:
        client = by_age.connect()
        (peer,) = by_age.server.peers
        by_age.server.let_go(peer)
        by_age.server.resume(peer)
        client.sendall(b"more")
        by_age.step()
        assert by_age.server.step(0.0) is False
        assert (by_age.taken, peer.receive(8), peer.receive(8)) == ([], b"more", None)
        peer.close()

    def test_peer_says_whether_it_is_there(self, by_age: Bench) -> None:
        client = by_age.connect()
        (peer,) = by_age.server.peers
        client.sendall(b"kept")
        assert (peer.is_connected(), peer.receive(8)) == (True, b"kept")
        client.close()
        assert peer.is_connected() is False
        peer.close()
        assert peer.is_connected() is False
        by_age.server.peers.clear()

    def test_peer_that_reads_nothing_is_not_waited_for(self, by_age: Bench) -> None:
        by_age.connect()
        (peer,) = by_age.server.peers
        began = time.monotonic()
        for _ in range(1000):
            peer.send(b"x" * 10_000)
        assert time.monotonic() - began < PATIENCE_S / 2

    def test_peer_without_room_is_waited_for_as_long_as_is_said(self, by_age: Bench) -> None:
        by_age.connect()
        (peer,) = by_age.server.peers
        with pytest.raises(TimeoutError):
            peer.send_all(bytes(10_000_000), 0.05)


class TestServer:
    def test_wait_ends_with_what_comes(self, by_age: Bench) -> None:
        timer = threading.Timer(0.05, by_age.server.wake)
        timer.start()
        began = time.monotonic()
        assert by_age.server.step(PATIENCE_S)
        assert time.monotonic() - began < PATIENCE_S / 2
        assert by_age.server.step(0.0) is False

    def test_waking_it_again_and_again_waits_for_nothing(self, by_age: Bench) -> None:
        for _ in range(100_000):
            by_age.server.wake()
        by_age.step()
        assert by_age.server.step(0.0) is False

    def test_it_listens_elsewhere_when_told(self, by_age: Bench, tmp_path: Path) -> None:
        by_age.server.listen_at(listen_instead(tmp_path / "other", 0o600))
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "other"))
            by_age.step()
            assert len(by_age.server.peers) == 1

    def test_its_end_hangs_up_and_removes_the_file(self, by_age: Bench) -> None:
        client = by_age.connect()
        by_age.server.close()
        by_age.server.close()
        assert (is_hung_up(client), by_age.path.exists()) == (True, False)

    def test_its_end_leaves_no_descriptor(self, tmp_path: Path) -> None:
        before = len(list(Path("/proc/self/fd").iterdir()))
        made = Bench(tmp_path / "socket", Limits(2, 8))
        made.connect()
        made.close()
        assert len(list(Path("/proc/self/fd").iterdir())) == before

    def test_connection_that_cannot_be_accepted_is_tried_again(
        self, by_age: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Full:
            """A listening socket of a process that has too many files open."""

            def accept(self) -> tuple[socket.socket, object]:
                raise OSError(errno.EMFILE, "Too many open files")

        pauses: list[float] = []
        monkeypatch.setattr("device.line_server.time.sleep", pauses.append)
        listening, full = by_age.server.listening.connection, Full()
        monkeypatch.setattr(by_age.server.listening, "connection", full)
        by_age.server._accept()
        monkeypatch.setattr(by_age.server.listening, "connection", listening)
        by_age.connect()
        assert (pauses, len(by_age.server.peers)) == ([0.05], 1)


class TestFile:
    def listening(self, path: Path) -> Listening:
        return listen_alone(path, 0o600, waiting=8)

    def test_it_has_its_mode(self, tmp_path: Path) -> None:
        made = listen_instead(tmp_path / "socket", 0o640)
        assert stat.S_IMODE((tmp_path / "socket").stat().st_mode) == 0o640
        made.close()

    @pytest.mark.parametrize("number", [errno.ENOTSOCK, errno.EADDRINUSE])
    def test_what_is_another_programs_is_left_alone(self, tmp_path: Path, number: int) -> None:
        path = tmp_path / "socket"
        other = self.listening(path) if number == errno.EADDRINUSE else path.write_text("important")
        with pytest.raises(OSError, match="listens there" if number == errno.EADDRINUSE else "not a socket") as refused:
            self.listening(path)
        assert (refused.value.errno, path.exists()) == (number, True)
        if isinstance(other, Listening):
            other.close()

    def test_file_of_another_is_not_removed_at_the_end(self, tmp_path: Path) -> None:
        mine = self.listening(tmp_path / "socket")
        (tmp_path / "socket").unlink()
        (tmp_path / "socket").write_text("another's")
        in_place = mine.is_in_place()
        mine.close()
        mine.close()
        assert (in_place, mine.is_closed, (tmp_path / "socket").exists()) == (False, True, True)
