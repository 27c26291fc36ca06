"""Verbs for the tests of lanes that no verb of the service needs yet: a bulk request, and a streamed answer."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from device.control.desk import Caller, Desk, door_desk
from device.control.messages import Request
from device.control.protocol import VERBS, Lane, Verb, table
from device.control.roles import ADMINS
from device.control.server import ControlServer
from device.errors import DoorError
from tests.device.control.bench import Notes, ToldDoor
from tests.waiting import PATIENCE_S


class Store(Request, frozen=True, tag="store"):
    """Keep a picture."""

    picture: bytes


class Stored(msgspec.Struct, frozen=True):
    """How much was kept."""

    size: int


class Guide(Request, frozen=True, tag="guide"):
    """Guide somebody through some steps."""

    steps: int
    size: int = 0
    fails_at: int = -1


class Step(msgspec.Struct, frozen=True):
    """One of them."""

    number: int
    words: str = ""


class Secret(Request, frozen=True, tag="secret"):
    """What only the owner may ask."""


class Office:
    """The handlers: they note what was asked, can be held up, and note when a streamed answer was ended."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.at_work: queue.SimpleQueue[None] = queue.SimpleQueue()
        """An entry for each request that was begun."""
        self.ended = threading.Event()

    def store(self, request: Request, _caller: Caller) -> Stored:
        assert isinstance(request, Store)
        self.at_work.put(None)
        self.may_go_on.wait(PATIENCE_S)
        self.sizes.append(len(request.picture))
        return Stored(len(request.picture))

    def guide(self, request: Request, _caller: Caller) -> Iterator[Step]:
        assert isinstance(request, Guide)
        try:
            for number in range(request.steps):
                if number == request.fails_at:
                    raise DoorError("No face was seen.", hint="Stand in front of the camera.")
                self.may_go_on.wait(PATIENCE_S)
                yield Step(number, "x" * request.size)
        finally:
            self.ended.set()

    def secret(self, _request: Request, _caller: Caller) -> Stored:
        return Stored(1)

    def desk(self, door: ToldDoor | None = None) -> Desk:
        doors = door_desk({"main": door or ToldDoor()}, Notes())
        verbs = (
            Verb(Store, Stored, Lane.BULK),
            Verb(Guide, Step, Lane.BULK, streamed=True),
            Verb(Secret, Stored, Lane.BULK, ADMINS),
        )
        handlers = {"store": self.store, "guide": self.guide, "secret": self.secret}
        return Desk(VERBS | table(verbs), {**doors.handlers, **handlers})


def office_at(path: Path, office: Office) -> ControlServer:
    """A service with these verbs."""
    return ControlServer(path, office.desk())
