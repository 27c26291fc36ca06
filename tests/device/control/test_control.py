"""The operators' socket: commands reach the doors and the audit, and nothing that is sent ends the server."""

import contextlib
import json
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.control.client import FILE_NAME, ask, control_socket
from device.control.server import MAX_PEERS, MAX_REQUEST, REQUEST_S, ControlServer, Ordered, _Desk
from device.errors import DoorError, StoreError
from device.records import (
    Commanded,
    DoorCommand,
    DoorInput,
    DoorOutput,
    DoorState,
    DoorStatus,
    Line,
    Outputs,
)

PATIENCE_S = 20.0
LOCKED = DoorStatus(
    "main",
    DoorState.LOCKED,
    1.5,
    ((DoorInput.DPS, Line.QUIET), (DoorInput.REX, Line.CUT)),
    Outputs(on=frozenset({DoorOutput.LED, DoorOutput.SIREN})),
    ("The wire of rex is cut.",),
)


class ToldDoor:
    """`Commandable` that writes down what it is told, and can fail or hang."""

    def __init__(self, status: DoorStatus = LOCKED) -> None:
        self.told = []
        self.failure = None
        self.hang = None
        self.is_written = True
        self._status = status

    def tell(self, event: Commanded) -> DoorState:
        if self.hang:
            self.hang.wait(PATIENCE_S)
        if self.failure:
            raise self.failure
        self.told.append(event)
        return self._status.state

    def status(self) -> DoorStatus:
        return self._status


class Notes(list):
    """Takes what goes into the audit, and can fail."""

    failure = None

    def __call__(self, ordered: Ordered) -> None:
        if self.failure:
            raise self.failure
        self.append(ordered)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def door() -> ToldDoor:
    return ToldDoor()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


@pytest.fixture
def server(path: Path, door: ToldDoor, notes: Notes) -> Iterator[ControlServer]:
    server = ControlServer(path, {"main": door}, notes)
    yield server
    server.close()


@pytest.fixture
def two(path: Path, notes: Notes) -> Iterator[dict[str, ToldDoor]]:
    """Two doors: main and back."""
    doors = {name: ToldDoor(DoorStatus(name, DoorState.LOCKED, 0.0, (), Outputs())) for name in ("main", "back")}
    server = ControlServer(path, doors, notes)
    yield doors
    server.close()


def send(path: Path, data: bytes) -> bytes:
    """What the server says to bytes; b"" if it hangs up, having heard enough."""
    received = b""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(str(path))
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while more := connection.recv(65536):
            received += more
    return received


@pytest.mark.usefixtures("server")
def test_status_comes_as_it_is(path: Path, door: ToldDoor) -> None:
    assert (ask(path), door.told) == ((LOCKED,), [])


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("command", DoorCommand)
def test_command_reaches_the_door(path: Path, door: ToldDoor, command: DoorCommand) -> None:
    assert (ask(path, command), door.told) == ((LOCKED,), [Commanded(command)])


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("command", DoorCommand)
def test_command_is_noted_with_its_user(path: Path, notes: Notes, command: DoorCommand) -> None:
    ask(path, command)
    assert notes == [Ordered("main", command, os.getuid())]


@pytest.mark.usefixtures("server")
def test_question_is_not_noted(path: Path, notes: Notes) -> None:
    ask(path)
    assert notes == []


@pytest.mark.parametrize("command", [None, *(one for one in DoorCommand if one is not DoorCommand.RELEASE)])
def test_command_without_a_name_is_for_all_doors(
    path: Path, two: dict[str, ToldDoor], command: DoorCommand | None
) -> None:
    told = [Commanded(command)] if command else []
    assert [status.door for status in ask(path, command)] == ["main", "back"]
    assert [door.told for door in two.values()] == [told, told]


def test_command_with_a_name_is_for_that_door(path: Path, two: dict[str, ToldDoor]) -> None:
    assert [status.door for status in ask(path, DoorCommand.RELEASE, "back")] == ["back"]
    assert [door.told for door in two.values()] == [[], [Commanded(DoorCommand.RELEASE)]]


def test_several_doors_are_not_released_at_once(path: Path, two: dict[str, ToldDoor]) -> None:
    with pytest.raises(DoorError, match="released one by one") as several:
        ask(path, DoorCommand.RELEASE)
    assert "main, back" in several.value.hint
    assert [door.told for door in two.values()] == [[], []]


def test_door_that_does_not_exist_is_named(path: Path, two: dict[str, ToldDoor]) -> None:
    with pytest.raises(DoorError, match="no door 'side'") as unknown:
        ask(path, DoorCommand.LOCKDOWN, "side")
    assert "main, back" in unknown.value.hint
    assert [door.told for door in two.values()] == [[], []]


@pytest.mark.parametrize("failure", [DoorError("It fails.", hint="Mend it."), ValueError("any")])
@pytest.mark.parametrize("failing", ["main", "back"])
def test_door_that_fails_does_not_keep_the_command_from_the_other(
    path: Path, two: dict[str, ToldDoor], failing: str, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _args: None)
    two[failing].failure = failure
    with pytest.raises(DoorError):
        ask(path, DoorCommand.LOCKDOWN)
    (other,) = (door for name, door in two.items() if name != failing)
    assert other.told == [Commanded(DoorCommand.LOCKDOWN)]


@pytest.mark.usefixtures("server")
def test_release_that_cannot_be_written_down_does_not_happen(path: Path, door: ToldDoor, notes: Notes) -> None:
    notes.failure = StoreError("The disk is full.", hint="Make room.")
    with pytest.raises(DoorError, match="The disk is full"):
        ask(path, DoorCommand.RELEASE)
    assert door.told == []


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("command", [one for one in DoorCommand if one is not DoorCommand.RELEASE])
def test_everything_else_happens_whatever_the_store_does(
    path: Path, door: ToldDoor, notes: Notes, command: DoorCommand
) -> None:
    notes.failure = StoreError("The disk is full.", hint="Make room.")
    assert (ask(path, command), door.told) == ((LOCKED,), [Commanded(command)])


def test_release_that_nobody_waits_for_any_more_is_not_done(door: ToldDoor) -> None:
    desk = _Desk({"main": door}, lambda _ordered: None)
    reply = desk.answer(b'{"command": "release"}', 0, lambda: False)
    assert (door.told, reply.error) == ([], "Nobody waits for this release any more, so it is not done.")


def test_no_service_is_no_error(path: Path) -> None:
    assert ask(path, DoorCommand.SECURE) is None


def test_socket_that_a_dead_service_left_is_no_service(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert ask(path) is None


@pytest.mark.parametrize("left", ["socket", "file"])
def test_what_a_dead_service_left_is_replaced(path: Path, door: ToldDoor, notes: Notes, left: str) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path)) if left == "socket" else path.touch()
    server = ControlServer(path, {"main": door}, notes)
    assert ask(path) == (LOCKED,)
    server.close()


def test_closed_server_is_no_service(path: Path, server: ControlServer) -> None:
    server.close()
    server.close()
    assert (ask(path), list(path.parent.iterdir())) == (None, [])


def test_closed_server_leaves_its_successors_socket(
    path: Path, server: ControlServer, door: ToldDoor, notes: Notes
) -> None:
    successor = ControlServer(path, {"main": door}, notes)
    server.close()
    assert ask(path) == (LOCKED,)
    successor.close()


def test_folder_that_does_not_exist_is_an_error(tmp_path: Path, door: ToldDoor, notes: Notes) -> None:
    with pytest.raises(DoorError, match="Cannot listen for operators"):
        ControlServer(tmp_path / "none" / FILE_NAME, {"main": door}, notes)


def test_path_that_is_too_long_is_an_error(tmp_path: Path, door: ToldDoor, notes: Notes) -> None:
    with pytest.raises(DoorError, match="too long"):
        ControlServer(tmp_path / ("x" * 200), {"main": door}, notes)


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
            ask(path, DoorCommand.RELEASE)
        except DoorError as error:
            os._exit(10 if "may not speak" in error.message else 11)
        os._exit(12)
    assert (os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), door.told) == (10, [])


def test_service_that_hangs_is_told_in_time(path: Path, server: ControlServer, door: ToldDoor) -> None:  # noqa: ARG001 - it runs
    door.hang = threading.Event()
    began = time.monotonic()
    with pytest.raises(DoorError, match="does not answer: timed out") as hung:
        ask(path, DoorCommand.SECURE, timeout_s=0.3)
    assert 0.3 <= time.monotonic() - began < 2.0
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
            ask(path)
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
            ask(path, timeout_s=5.0)
        impostor.join()


NONSENSE = [
    b"",
    b"\n",
    b"null\n",
    b"[]\n",
    b'"release"\n',
    b"{\n",
    b'{"command": "open"}\n',
    b'{"command": ["release"]}\n',
    b'{"comand": "release"}\n',
    b'{"command": "release", "more": 1}\n',
    b'{"door": 1}\n',
    b'{"command": "release"}',
    b'{"command": "release"}' + b" " * MAX_REQUEST,
    b'{"command": "release"' + b" " * MAX_REQUEST + b"}\n",
    b"[" * MAX_REQUEST + b"\n",
    b"\xff" * 100 + b"\n",
    b"\x00\n",
]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("data", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_refused_and_the_next_one_served(path: Path, door: ToldDoor, data: bytes) -> None:
    received = send(path, data)
    assert received == b"" or json.loads(received)["error"]
    assert (ask(path), door.told) == ((LOCKED,), [])


@pytest.mark.usefixtures("server")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(data=st.binary(max_size=3000))
def test_any_bytes_are_answered_or_dropped_and_the_next_one_is_served(path: Path, door: ToldDoor, data: bytes) -> None:
    send(path, data)
    assert (ask(path), door.told) == ((LOCKED,), [])


words = st.sampled_from(["command", "door", "main", "release", "secure", "", "\ud800"])
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
)


@given(st.binary(max_size=MAX_REQUEST) | anything.map(lambda value: json.dumps(value).encode()))
def test_any_line_is_answered(line: bytes) -> None:
    notes, door = Notes(), ToldDoor()
    reply = _Desk({"main": door}, notes).answer(line, 1000)
    assert bool(reply.error) != bool(reply.doors)
    assert len(door.told) == len(notes) <= 1


@pytest.mark.usefixtures("server")
def test_request_may_come_in_pieces(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(str(path))
        for byte in b'{"door": "main"}\n':
            connection.sendall(bytes([byte]))
        assert json.loads(connection.recv(65536))["doors"][0]["door"] == "main"


@pytest.mark.usefixtures("server")
def test_one_who_says_nothing_is_dropped_and_keeps_nobody_waiting(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.settimeout(PATIENCE_S)
        silent.connect(str(path))
        began = time.monotonic()
        ask(path)
        assert time.monotonic() - began < REQUEST_S / 2
        assert silent.recv(1) == b""
        assert REQUEST_S * 0.9 < time.monotonic() - began < REQUEST_S * 3


@pytest.mark.usefixtures("server")
def test_any_number_who_say_nothing_keep_nobody_waiting(path: Path) -> None:
    silent = [socket.socket(socket.AF_UNIX) for _ in range(3 * MAX_PEERS)]
    for one in silent:
        one.connect(str(path))
    began = time.monotonic()
    ask(path)
    waited_s = time.monotonic() - began
    for one in silent:
        one.close()
    assert waited_s < REQUEST_S / 2


@pytest.mark.usefixtures("server")
def test_one_who_goes_before_the_answer_ends_nothing(path: Path) -> None:
    for _ in range(50):
        with socket.socket(socket.AF_UNIX) as hasty:
            hasty.connect(str(path))
            hasty.sendall(b"{}\n")
    assert ask(path) == (LOCKED,)


@pytest.mark.usefixtures("server")
def test_bug_is_told_and_does_not_end_the_server(path: Path, door: ToldDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_type))
    door.failure = ZeroDivisionError("secret")
    with pytest.raises(DoorError, match="This is a bug in Lintel: ZeroDivisionError"):
        ask(path, DoorCommand.SECURE)
    assert (seen, ask(path)) == ([ZeroDivisionError], (LOCKED,))


def test_socket_is_in_the_services_folder(runtime: Path) -> None:
    assert control_socket() == runtime / FILE_NAME


def test_without_a_folder_there_is_no_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("device.files.RUNTIME_DIR", tmp_path / "none")
    assert control_socket() is None
