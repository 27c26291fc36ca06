"""The relay's end of the socket: the newest message for each door, and no door that the others wait for."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from device.cameras.rtsp.serving import FrameServer, Message
from device.cameras.rtsp.wire import FrameHead, Trouble, TroubleHead, parsed
from device.errors import CameraError
from device.listening import listen_instead
from tests.waiting import PATIENCE_S

WIDTH, HEIGHT = 640, 480
SIZE = 460_800


def frame(level: int) -> Message:
    """Larger than what a socket holds."""
    return Message(FrameHead(0, level + 1, WIDTH, HEIGHT), np.full((HEIGHT * 3 // 2, WIDTH), level, np.uint8))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "frames"


@pytest.fixture
def server(path: Path) -> Iterator[FrameServer]:
    with contextlib.closing(FrameServer(listen_instead(path, 0o660))) as opened:
        yield opened


@pytest.fixture
def connected(server: FrameServer, path: Path) -> Iterator["list[socket.socket]"]:
    """Makes connections, which end with the test."""
    with contextlib.ExitStack() as stack:

        class Doors(list[socket.socket]):
            def more(self) -> socket.socket:
                door = stack.enter_context(socket.socket(socket.AF_UNIX))
                door.connect(str(path))
                door.settimeout(PATIENCE_S)
                server.step(0.0)
                self.append(door)
                return door

        yield Doors()


def more(connected: list[socket.socket]) -> socket.socket:
    return connected.more()  # type: ignore[attr-defined,no-any-return]


def received(server: FrameServer, door: socket.socket, size: int) -> bytes:
    """What a door gets while the server is served."""
    got = bytearray()
    door.setblocking(False)
    deadline = time.monotonic() + PATIENCE_S
    while len(got) < size and time.monotonic() < deadline:
        server.step(0.0)
        with contextlib.suppress(BlockingIOError):
            got += door.recv(size - len(got))
    return bytes(got)


def message(server: FrameServer, door: socket.socket) -> tuple[FrameHead | TroubleHead, bytes]:
    head = parsed(received(server, door, 32), WIDTH, HEIGHT)
    return head, received(server, door, head.size) if isinstance(head, FrameHead) else b""


def test_frame_comes_whole(server: FrameServer, connected: list[socket.socket]) -> None:
    door = more(connected)
    server.offer(frame(5))
    head, pixels = message(server, door)
    assert head == FrameHead(1, 6, WIDTH, HEIGHT)
    assert pixels == b"\x05" * SIZE


def test_door_that_comes_later_gets_the_newest_message(server: FrameServer, connected: list[socket.socket]) -> None:
    server.offer(Message(TroubleHead(0, 1, Trouble.REFUSED)))
    assert message(server, more(connected))[0] == TroubleHead(1, 1, Trouble.REFUSED)


def test_slow_door_gets_the_newest_and_not_all(server: FrameServer, connected: list[socket.socket]) -> None:
    door = more(connected)
    for level in range(100):
        server.offer(frame(level))
    heads = [message(server, door)[0] for _ in range(2)]
    server.step(0.0)
    assert [head.captured_ns for head in heads if isinstance(head, FrameHead)] == [1, 100]
    assert [head.number for head in heads] == [1, 2]
    assert received_nothing(door)


def received_nothing(door: socket.socket) -> bool:
    with contextlib.suppress(BlockingIOError):
        return door.recv(1) == b"?"
    return True


def test_door_that_does_not_read_delays_no_other(server: FrameServer, connected: list[socket.socket]) -> None:
    more(connected)
    quick = more(connected)
    began, came = time.monotonic(), []
    for level in range(20):
        server.offer(frame(level))
        came.append(message(server, quick)[1][:1])
    assert came == [bytes([level]) for level in range(20)]
    assert time.monotonic() - began < PATIENCE_S / 2


def test_relay_keeps_two_messages_for_a_door_that_does_not_read(
    server: FrameServer, connected: list[socket.socket]
) -> None:
    more(connected)
    for level in range(50):
        server.offer(frame(level))
    (door,) = server.doors
    assert len(door._sending) <= 2
    assert door.next is not None
    assert door.next.head == frame(49).head


def test_door_that_is_gone_is_forgotten(server: FrameServer, connected: list[socket.socket]) -> None:
    more(connected).close()
    server.step(0.0)
    assert server.doors == []


def test_door_that_goes_in_the_middle_of_a_frame_is_forgotten(
    server: FrameServer, connected: list[socket.socket]
) -> None:
    door = more(connected)
    server.offer(frame(1))
    door.close()
    server.offer(frame(2))
    assert server.doors == []


def test_door_that_speaks_is_hung_up_on(server: FrameServer, connected: list[socket.socket]) -> None:
    door = more(connected)
    door.sendall(b"GET / HTTP/1.1\r\n\r\n")
    server.step(0.0)
    assert server.doors == []


def test_fifth_door_takes_the_place_of_the_first(server: FrameServer, connected: list[socket.socket]) -> None:
    for _ in range(5):
        more(connected)
    server.offer(frame(1))
    assert len(server.doors) == 4
    assert connected[0].recv(1) == b""
    assert message(server, connected[4])[0].number == 1


def test_flood_of_connections_ends_with_four(server: FrameServer, connected: list[socket.socket]) -> None:
    for _ in range(100):
        more(connected)
    assert len(server.doors) == 4


def test_socket_is_not_open_to_others(server: FrameServer, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o660
    assert server.doors == []


def test_socket_that_was_taken_away_ends_the_relay(server: FrameServer, path: Path) -> None:
    server.refuse_to_be_removed()
    path.unlink()
    with pytest.raises(CameraError, match="was removed"):
        server.refuse_to_be_removed()


def test_other_thread_ends_the_wait(server: FrameServer) -> None:
    began = time.monotonic()
    server.wake()
    server.step(PATIENCE_S)
    assert time.monotonic() - began < PATIENCE_S / 2


def test_server_closes_twice(server: FrameServer, path: Path) -> None:
    server.close()
    server.close()
    assert not path.exists()
