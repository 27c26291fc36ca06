"""The service's end of the operators' socket: its file, who may connect, and peers that are slow, many or gone."""

import json
import os
import socket
import stat
import threading
import time
from pathlib import Path

import pytest

from device.control.client import FILE_NAME, ask_doors, control_socket
from device.control.desk import door_desk
from device.control.server import ControlServer
from device.errors import DoorError
from device.records import DoorCommand
from tests.device.control.bench import LOCKED, Notes, ToldDoor, connected, request
from tests.waiting import PATIENCE_S, line, quickest_s


@pytest.mark.parametrize("left", ["socket", "file"])
def test_what_a_dead_service_left_is_replaced(path: Path, door: ToldDoor, notes: Notes, left: str) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path)) if left == "socket" else path.touch()
    server = ControlServer(path, door_desk({"main": door}, notes))
    assert ask_doors(path) == (LOCKED,)
    server.close()


def test_closed_server_is_no_service(path: Path, server: ControlServer) -> None:
    server.close()
    server.close()
    assert (ask_doors(path), list(path.parent.iterdir())) == (None, [])


def test_closed_server_leaves_its_successors_socket(
    path: Path, server: ControlServer, door: ToldDoor, notes: Notes
) -> None:
    successor = ControlServer(path, door_desk({"main": door}, notes))
    server.close()
    assert ask_doors(path) == (LOCKED,)
    successor.close()


def test_folder_that_does_not_exist_is_an_error(tmp_path: Path, door: ToldDoor, notes: Notes) -> None:
    with pytest.raises(DoorError, match="Cannot listen for operators"):
        ControlServer(tmp_path / "none" / FILE_NAME, door_desk({"main": door}, notes))


def test_path_that_is_too_long_is_an_error(tmp_path: Path, door: ToldDoor, notes: Notes) -> None:
    with pytest.raises(DoorError, match="too long"):
        ControlServer(tmp_path / ("x" * 200), door_desk({"main": door}, notes))


@pytest.mark.usefixtures("server")
def test_socket_is_for_owner_and_group(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


@pytest.mark.usefixtures("server")
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_others_may_not_speak_to_it(path: Path, door: ToldDoor) -> None:
    path.parent.chmod(0o755)
    for parent in path.parents[:-2]:
        parent.chmod(0o755)
    child = os.fork()
    if child == 0:
        os.setgid(12345)
        os.setuid(12345)
        try:
            ask_doors(path, DoorCommand.RELEASE)
        except DoorError as error:
            os._exit(10 if "may not speak" in error.message else 11)
        os._exit(12)
    assert (os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), door.told) == (10, [])


@pytest.mark.usefixtures("server")
def test_request_may_come_in_pieces(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(str(path))
        for byte in request("status", door="main"):
            connection.sendall(bytes([byte]))
        assert json.loads(line(connection))["reply"]["doors"][0]["door"] == "main"


@pytest.mark.usefixtures("server")
def test_one_who_says_nothing_is_dropped_and_keeps_nobody_waiting(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.settimeout(PATIENCE_S)
        silent.connect(str(path))
        began = time.monotonic()
        assert quickest_s(lambda: ask_doors(path), 1.0) < 1.0
        assert silent.recv(1) == b""
        assert 1.8 < time.monotonic() - began < PATIENCE_S


@pytest.mark.usefixtures("server")
def test_any_number_who_say_nothing_keep_nobody_waiting(path: Path) -> None:
    silent = [socket.socket(socket.AF_UNIX) for _ in range(200)]
    for one in silent:
        one.connect(str(path))
    waited_s = quickest_s(lambda: ask_doors(path), 1.0)
    for one in silent:
        one.close()
    assert waited_s < 1.0


def test_65th_connection_without_a_request_makes_the_oldest_go(
    path: Path, door: ToldDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.control.server.REQUEST_S", PATIENCE_S)
    server = ControlServer(path, door_desk({"main": door}, Notes()))
    silent = [connected(path) for _ in range(64)]
    ask_doors(path)
    silent[1].setblocking(False)
    assert silent[0].recv(1) == b""
    with pytest.raises(BlockingIOError):
        silent[1].recv(1)
    for one in silent:
        one.close()
    server.close()


@pytest.mark.usefixtures("server")
def test_one_who_goes_before_the_answer_ends_nothing(path: Path) -> None:
    for _ in range(50):
        with socket.socket(socket.AF_UNIX) as hasty:
            hasty.connect(str(path))
            hasty.sendall(request("status"))
    assert ask_doors(path) == (LOCKED,)


@pytest.mark.usefixtures("server")
def test_bug_is_told_and_does_not_end_the_server(path: Path, door: ToldDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_type))
    door.failure = ZeroDivisionError("secret")
    with pytest.raises(DoorError, match="This is a bug in Lintel: ZeroDivisionError"):
        ask_doors(path, DoorCommand.SECURE)
    assert (seen, ask_doors(path)) == ([ZeroDivisionError], (LOCKED,))


def test_socket_is_in_the_services_folder(runtime: Path) -> None:
    assert control_socket() == runtime / FILE_NAME


def test_without_a_folder_there_is_no_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("device.files.RUNTIME_DIR", tmp_path / "none")
    assert control_socket() is None
