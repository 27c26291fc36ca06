"""Carries commands to the door's service one by one, in bounded room, and drops those that have waited."""

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from device.control.client import Client
from device.control.messages import Doors
from device.control.remote_messages import CodedCommand, SignedCommand
from device.errors import LintelError
from device.link.commands.heard import FRESH_S, nonce_of
from device.remote.limits import Bucket

WAITING = 8
"""Commands that wait for the service at most; more are dropped."""
BURST, PER_S = 20, 5.0
"""What is carried at most: a flood from the broker is dropped here, so that the socket stays free for others."""
ANSWER_S = 5.0
END_S = 1.0


class Answer(msgspec.Struct, frozen=True):
    """What became of a command, for its sender."""

    id: str
    """The nonce of a signed command; "" for one with a code."""
    done: bool
    what: str = ""
    """Why not."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    request: SignedCommand | CodedCommand
    came_at: float


class Carrying:
    """A thread that asks the service. `add` may be called by any thread, and waits for nothing."""

    def __init__(self, client: Client, answered: Callable[[Answer], None]) -> None:
        """`answered` is called in the thread of its own, and must not raise."""
        self._client = client
        self._answered = answered
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(WAITING)
        self._bucket = Bucket.full(BURST, PER_S, time.monotonic())
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="commands", daemon=True)
        self._thread.start()

    def add(self, request: SignedCommand | CodedCommand) -> bool:
        """Whether there was room, and the rate allows it."""
        now = time.monotonic()
        taken = self._bucket.later(now).taken()
        if taken is None or self._is_ending:
            return False
        self._bucket = taken
        try:
            self._waiting.put_nowait(_Waiting(request, now))
        except queue.Full:
            return False
        return True

    def end(self) -> None:
        """Carries nothing more; what waits is dropped."""
        self._is_ending = True
        with suppress(queue.Full):  # the thread sees it at the next one
            self._waiting.put_nowait(None)
        self._thread.join(END_S)

    def _run(self) -> None:
        while (one := self._waiting.get()) is not None and not self._is_ending:
            if time.monotonic() - one.came_at <= FRESH_S:
                self._answered(self._asked(one.request))

    def _asked(self, request: SignedCommand | CodedCommand) -> Answer:
        nonce = nonce_of(request)
        try:
            doors = self._client.ask(request, Doors, timeout_s=ANSWER_S)
        except LintelError as error:
            return Answer(nonce, done=False, what=error.message)
        return Answer(nonce, done=True) if doors else Answer(nonce, done=False, what="The door's service does not run.")
