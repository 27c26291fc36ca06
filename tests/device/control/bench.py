"""What the tests of the operators' socket share: doors that write down what they are told, and a raw peer."""

import contextlib
import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

from device.control.desk import Ordered
from device.control.peers import Credentials, login_uid
from device.control.roster import Roster
from device.records import (
    DoorEvent,
    DoorInput,
    DoorOutput,
    DoorState,
    DoorStatus,
    Line,
    Operator,
    Outputs,
    Role,
)
from tests.waiting import PATIENCE_S

LOCKED = DoorStatus(
    "main",
    DoorState.LOCKED,
    1.5,
    ((DoorInput.DPS, Line.QUIET), (DoorInput.REX, Line.CUT)),
    Outputs(on=frozenset({DoorOutput.LED, DoorOutput.SIREN})),
    ("The wire of rex is cut.",),
)


def me() -> Operator:
    """This process as a service's socket knows it, without names."""
    return Roster().operator(Credentials(os.getuid(), login_uid=login_uid("self")))


def one_of(uid: int, *roles: Role) -> Operator:
    """An operator with these roles."""
    return Operator(uid, frozenset(roles), login_uid=uid)


class ToldDoor:
    """`Commandable` that writes down what it is told, and can fail or hang."""

    def __init__(self, status: DoorStatus = LOCKED) -> None:
        self.told: list[DoorEvent] = []
        self.failure: Exception | None = None
        self.hang: threading.Event | None = None
        self.is_hanging = threading.Event()
        self.is_written = True
        self._status = status

    def tell(self, event: DoorEvent) -> DoorState:
        if self.hang:
            self.is_hanging.set()
            self.hang.wait(PATIENCE_S)
        if self.failure:
            raise self.failure
        self.told.append(event)
        return self._status.state

    def status(self) -> DoorStatus:
        return self._status


class Notes(list[Ordered]):
    """Takes what goes into the audit, and can fail."""

    failure: Exception | None = None

    def __call__(self, ordered: Ordered) -> None:
        if self.failure:
            raise self.failure
        self.append(ordered)


def request(verb: str, **fields: object) -> bytes:
    """The line of a request, written by hand."""
    return json.dumps({"v": 1, "id": 7, "verb": verb, **fields}).encode() + b"\n"


def connected(path: Path) -> socket.socket:
    """A peer."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE_S)
    connection.connect(str(path))
    return connection


def send(path: Path, data: bytes) -> bytes:
    """What the server says to bytes; b"" if it hangs up, having heard enough."""
    received = b""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError), connected(path) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while more := connection.recv(65536):
            received += more
    return received


def answers(path: Path, data: bytes) -> list[dict[str, Any]]:
    """What the server says to bytes, line by line."""
    return [json.loads(line) for line in send(path, data).splitlines()]
