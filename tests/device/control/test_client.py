"""The client: no service, one that hangs, and whoever answers nonsense in its place."""

import socket
import threading
import time
from pathlib import Path

import pytest

from device.control.client import ask_doors
from device.control.server import ControlServer
from device.errors import DoorError
from device.records import DoorCommand
from tests.device.control.bench import ToldDoor
from tests.waiting import PATIENCE_S


def test_no_service_is_no_error(path: Path) -> None:
    assert ask_doors(path, DoorCommand.SECURE) is None


def test_socket_that_a_dead_service_left_is_no_service(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert ask_doors(path) is None


def test_service_that_hangs_is_told_in_time(path: Path, server: ControlServer, door: ToldDoor) -> None:  # noqa: ARG001 - it runs
    door.hang = threading.Event()
    began = time.monotonic()
    with pytest.raises(DoorError, match="does not answer: timed out") as hung:
        ask_doors(path, DoorCommand.SECURE, timeout_s=0.3)
    assert 0.3 <= time.monotonic() - began < PATIENCE_S / 2
    assert "systemctl restart" in hung.value.hint
    door.hang.set()


@pytest.mark.parametrize("says", [b"", b"nonsense\n", b"\xff\xfe\n", b'{"doors": 1}\n', b"[" * 5000])
def test_whoever_answers_nonsense_is_no_service(path: Path, says: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(says)

        impostor = threading.Thread(target=answer)
        impostor.start()
        with pytest.raises(DoorError, match="does not answer"):
            ask_doors(path, timeout_s=1.0)
        impostor.join()


def test_whoever_never_stops_answering_is_no_service(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    while True:
                        connection.sendall(b" " * 65536)
                except OSError:
                    pass

        impostor = threading.Thread(target=answer)
        impostor.start()
        with pytest.raises(DoorError, match="does not answer"):
            ask_doors(path, timeout_s=PATIENCE_S)
        impostor.join()
