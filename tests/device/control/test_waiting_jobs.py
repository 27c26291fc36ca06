"""A job that waits for its turn gets the signs of life of those before it, and so does not give up."""

import json
import queue
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from device.control.command_messages import Administer, Administered, Admitted, Ended
from device.control.desk import Caller, Desk, door_desk
from device.control.jobs import Job
from device.control.messages import Alive, Request
from device.control.protocol import VERBS
from device.control.workers import Workers
from device.line_server import Peer
from device.records import Role
from tests.device.control.bench import Notes, one_of
from tests.waiting import PATIENCE_S, line, until

THREADS = 2


class Steps:
    """A handler whose commands take their steps from the test: True is a sign of life, False the end."""

    def __init__(self) -> None:
        self.steps: queue.Queue[bool] = queue.Queue()
        self.ended: list[str] = []

    def __call__(self, request: Request, caller: Caller) -> Iterator[Administered]:  # noqa: ARG002
        assert isinstance(request, Administer)
        yield Admitted()
        try:
            while self.steps.get(timeout=PATIENCE_S):
                yield Alive()
            yield Ended(0)
        finally:
            self.ended.append(request.command)


def desk_of(steps: Steps) -> Desk:
    desk = door_desk({}, Notes())
    return replace(desk, handlers={**desk.handlers, "administer": steps})


@contextmanager
def lane(steps: Steps, count: int) -> Iterator[list[socket.socket]]:
    """So many commands in one lane with two threads, in their order; the far ends."""
    workers = Workers("commands", desk_of(steps), threads=THREADS, waiting=16)
    far_ends: list[socket.socket] = []
    for number in range(count):
        near, far = socket.socketpair()
        far.settimeout(PATIENCE_S)
        far_ends.append(far)
        request = Administer(id=number, command=f"command {number}", folder="/")
        workers.add(Job(Peer(near, 0.0), VERBS["administer"], request, one_of(1000, Role.ADMIN)))
        if number < THREADS:
            assert said(far) == "admitted"
    try:
        yield far_ends
    finally:
        workers.end()
        for _ in far_ends:
            steps.steps.put(False)
        workers.join(time.monotonic() + PATIENCE_S)
        for far in far_ends:
            far.close()


def said(far: socket.socket) -> str:
    """The type of the next part; "end" for the end."""
    answer = json.loads(line(far))
    return str(answer["part"]["type"]) if "part" in answer else "end"


def test_third_of_two_hears_that_the_first_are_alive() -> None:
    steps = Steps()
    with lane(steps, 4) as (*_, third, fourth):
        for _ in range(3):
            steps.steps.put(True)
        assert [said(third) for _ in range(3)] == ["alive"] * 3
        assert [said(fourth) for _ in range(3)] == ["alive"] * 3


def test_who_has_waited_is_admitted_and_carried_out() -> None:
    steps = Steps()
    with lane(steps, 3) as (*_, third):
        steps.steps.put(True)
        assert said(third) == "alive"
        steps.steps.put(False)
        assert said(third) == "admitted"
        steps.steps.put(False)
        steps.steps.put(False)
        assert [said(third), said(third)] == ["ended", "end"]


def test_who_waits_and_has_gone_holds_up_nothing() -> None:
    steps = Steps()
    with lane(steps, 4) as (_, _, third, fourth):
        with closing(third):
            pass
        steps.steps.put(True)
        assert said(fourth) == "alive"


def test_command_under_way_ends_with_its_peer() -> None:
    """What passes signs of life on passes the end on too."""
    steps = Steps()
    with lane(steps, 2) as (first, second):
        first.close()
        second.close()
        for _ in range(20):
            steps.steps.put(True)
        until(lambda: len(steps.ended) == 2)
    assert sorted(steps.ended) == ["command 0", "command 1"]
