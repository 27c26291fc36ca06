"""How the doors are now, and which row is the newest: asked in a thread of its own, for all integrations."""

import time
from collections.abc import Callable

from device.clock import Stop
from device.control.client import SILENCE_S, Client
from device.control.messages import Beat, Doors, Rewound, Row, Start, Status, Subscribe, Update
from device.errors import DoorError
from device.link.stream import ServiceLost, Stream, subscribed
from device.records import DoorStatus

ASK_S = 1.0
"""Between two questions for the doors while nothing happens."""
LEAST_S = 0.2
"""Between two questions in any case: a flood of rows brings no flood of questions."""
OLD_S = 5.0
"""Doors that were not heard of for that long are not known any more."""


class States:
    """The doors and the newest row; other threads read them."""

    def __init__(self, client: Client, stop: Stop) -> None:
        self._client = client
        self._stop = stop
        self.doors: tuple[DoorStatus, ...] = ()
        """None while no service answers."""
        self.newest: int | None = None
        self.why_lost = ""
        """Why no service answers; "" while one does."""
        self.beat_s = time.monotonic()
        """When the thread was last seen alive, seconds on the monotonic clock."""
        self._asked_s = self._known_s = float("-inf")

    def run(self, wait: Callable[[float], None]) -> None:
        """Until the stop."""
        while not self._stop.is_set():
            self.beat_s = time.monotonic()
            try:
                with subscribed(self._client, Subscribe(last=0)) as stream:
                    self._follow(stream)
            except ServiceLost as lost:
                self.doors, self.newest, self.why_lost = (), None, lost.message
            wait(ASK_S / 2)

    def _follow(self, stream: Stream) -> None:
        heard_s = time.monotonic()
        while not self._stop.is_set():
            self.beat_s = time.monotonic()
            self._ask()
            if updates := stream.updates(ASK_S / 2):
                heard_s = time.monotonic()
                for update in updates:
                    self._note(update)
                if any(_is_of_a_door(update) for update in updates):
                    self._asked_s = min(self._asked_s, time.monotonic() - ASK_S + LEAST_S)
            elif time.monotonic() - heard_s > SILENCE_S:
                raise ServiceLost("The door's service says nothing.", hint="`sudo systemctl restart lintel`")

    def _note(self, update: Update) -> None:
        match update:
            case Start(after=row) | Rewound(after=row) | Row(id=row):
                self.newest = row
            case Beat(after=int(row)):
                self.newest = row
            case _:
                pass

    def _ask(self) -> None:
        """Asks if it is time. A service that is too busy for an answer is asked again."""
        now = time.monotonic()
        if now - self._asked_s < ASK_S:
            return
        self._asked_s = now
        try:
            answer = self._client.ask(Status(), Doors, timeout_s=2.0)
        except DoorError as error:
            answer, self.why_lost = None, error.message
        if answer is not None:
            self.doors, self.why_lost, self._known_s = answer.doors, "", now
        elif now - self._known_s > OLD_S:
            self.doors = ()


def _is_of_a_door(update: Update) -> bool:
    return isinstance(update, Row) and update.door is not None
