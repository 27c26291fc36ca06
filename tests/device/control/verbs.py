"""Verbs for the tests of lanes that no verb of the service needs yet: a bulk request, and a streamed answer."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from device.control.desk import Caller, Desk, door_desk
from device.control.messages import Request
from device.control.protocol import VERBS, Lane, Verb, Who, table
from device.control.server import ControlServer
from device.errors import DoorError
from tests.device.control.bench import PATIENCE_S, Notes, ToldDoor


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
        self.ended = threading.Event()

    def store(self, request: Request, _caller: Caller) -> Stored:
        assert isinstance(request, Store)
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
            Verb(Secret, Stored, Lane.BULK, Who.OWNER),
        )
        handlers = {"store": self.store, "guide": self.guide, "secret": self.secret}
        return Desk(VERBS | table(verbs), {**doors.handlers, **handlers})


def office_at(path: Path, office: Office) -> ControlServer:
    """A service with these verbs."""
    return ControlServer(path, office.desk())


def longest_s(ask: "object", seconds: float) -> float:
    """The longest time that something took, tried again and again."""
    longest, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        ask()  # type: ignore[operator]
        longest = max(longest, time.monotonic() - began)
    return longest
