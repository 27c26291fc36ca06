"""The protocol: what is said of a request that isn't understood, and the requests of the time before versions."""

import json
import socket
import threading
from pathlib import Path

import pytest

from device.control.client import Client, ask_doors
from device.control.messages import Doors, Lockdown
from device.control.protocol import VERBS, Lane
from device.errors import DoorError
from device.operators import Backing, operators_desk
from device.records import Commanded, DoorCommand
from tests.device.control.bench import LOCKED, Notes, ToldDoor, answers, request
from tests.waiting import PATIENCE_S


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("line", "code", "what", "hint"),
    [
        (request("status", v=2), "version", "Unknown protocol version: 2.", "Understood: version 1."),
        (b'{"verb": "status"}\n', "version", "Unknown protocol version: none.", "Understood: version 1."),
        (request("open"), "verb", "Unknown verb: 'open'.", "Understood: status, secure, lockdown, evacuate, clear,"),
        (b'{"v": 1}\n', "verb", "Unknown verb: none.", "Understood: status,"),
        (request("status", x=1), "request", "unknown field `x`", "Understood: verb, door, v, id."),
        (request("status", door=1), "request", "Expected `str | null`, got `int`", "Understood: verb, door, v, id."),
        (b"status\n", "request", "Invalid request", "JSON object on one line"),
        (b"x" * 2000, "request", "expected one line of up to 1048576 bytes", "Send less at once"),
    ],
)
def test_what_is_not_understood_is_answered_with_what_is(
    path: Path, line: bytes, code: str, what: str, hint: str
) -> None:
    (answer,) = answers(path, line)
    assert (answer["kind"], answer["code"]) == ("error", code)
    assert what in answer["what"]
    assert hint in answer["hint"]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("line", [request("status"), request("open"), request("status", v=9), request("status", x=1)])
def test_answer_has_the_number_of_its_request(path: Path, line: bytes) -> None:
    assert [answer["id"] for answer in answers(path, line)] == [7]


def test_every_verb_has_its_handler() -> None:
    handled = {verb.name for verb in VERBS.values() if verb.lane is not Lane.EVENTS}
    assert handled == set(operators_desk({}, Notes(), Backing()).handlers)


def test_safety_verbs_are_in_a_lane_of_their_own() -> None:
    safety = {verb.name for verb in VERBS.values() if verb.lane is Lane.SAFETY}
    assert safety == {"status", "secure", "lockdown", "evacuate", "clear"}


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("line", [b"{}\n", b'{"door": "main"}\n', b'{"command": null, "door": null}\n'])
def test_question_of_an_earlier_version_is_answered_in_its_form(path: Path, line: bytes) -> None:
    (answer,) = answers(path, line)
    assert (answer["doors"][0]["door"], answer["error"], answer["hint"]) == ("main", "", "")


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("command", DoorCommand)
def test_command_of_an_earlier_version_is_carried_out(path: Path, door: ToldDoor, command: DoorCommand) -> None:
    (answer,) = answers_while_open(path, json.dumps({"command": command, "door": None}).encode() + b"\n")
    assert (answer["doors"][0]["state"], door.told) == ("locked", [Commanded(command)])


@pytest.mark.usefixtures("server")
def test_error_for_an_earlier_version_is_in_its_form(path: Path) -> None:
    (answer,) = answers(path, b'{"door": "side"}\n')
    assert (answer["error"], answer["hint"]) == ("There is no door 'side'.", "Name one with --door: main.")


def answers_while_open(path: Path, line: bytes) -> list[dict[str, list[dict[str, str]]]]:
    """As a client that waits: a release needs it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(str(path))
        connection.sendall(line)
        return [json.loads(connection.recv(65536))]


class EarlierService:
    """A service of the time before versions: it refuses what it doesn't know, and answers its own requests."""

    def __init__(self, path: Path, connections: int = 2) -> None:
        self._connections = connections
        self.heard: list[bytes] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        doors = json.loads(
            json.dumps([{"door": "main", "state": "lockdown", "since": 1.0, "lines": [], "outputs": {}}])
        )
        for _ in range(self._connections):
            connection, _ = self._listener.accept()
            with connection:
                line = connection.recv(1024)
                self.heard.append(line)
                answer: dict[str, object] = {"doors": doors, "error": "", "hint": ""}
                if b'"v"' in line:
                    answer = {"doors": [], "error": "Invalid request: Object contains unknown field `v`.", "hint": "x"}
                connection.sendall(json.dumps(answer).encode() + b"\n")

    def close(self) -> None:
        self._thread.join(PATIENCE_S)
        self._listener.close()


def test_service_of_an_earlier_version_is_commanded_in_its_form(path: Path) -> None:
    service = EarlierService(path)
    (status,) = ask_doors(path, DoorCommand.LOCKDOWN) or ()
    service.close()
    assert (status.door, json.loads(service.heard[1])) == ("main", {"command": "lockdown", "door": None})


def test_service_of_an_earlier_version_has_no_subscriptions(path: Path) -> None:
    service = EarlierService(path, connections=1)
    with pytest.raises(DoorError, match="The service is of an earlier version") as refused:
        next(Client(path).subscribe())
    service.close()
    assert "systemctl restart lintel" in refused.value.hint


@pytest.mark.usefixtures("server")
def test_request_is_of_its_type(path: Path, door: ToldDoor) -> None:
    assert Client(path).ask(Lockdown(), Doors) == Doors((LOCKED,))
    assert door.told == [Commanded(DoorCommand.LOCKDOWN)]


@pytest.mark.usefixtures("server")
def test_error_is_raised_with_its_hint(path: Path) -> None:
    with pytest.raises(DoorError, match="no door 'side'") as refused:
        Client(path).ask(Lockdown(door="side"), Doors)
    assert refused.value.hint == "Name one with --door: main."
