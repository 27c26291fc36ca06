"""`lintel watch --web`: asks the service how its doors are and what happens there, and has the page say so.

It can ask for nothing else: it holds a `Glass`, which has two questions, and its page has no route that takes anything.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from device.control.client import Client, Lost
from device.control.messages import Doors, Rewound, Row, Start, Status, Trouble, Update
from device.errors import LintelError
from device.web.events import event_of
from device.web.messages import Event, Hello, Level, Levels, Message, PageMode, World
from device.web.pages import page_routes
from device.web.stream import Client as Browser
from device.web.stream import Stream
from device.web.watched import levels_of, lost_world, now_utc, public, world_of

POLL_S = 0.5
"""Between two questions to the doors; after a row they are asked at once."""
ANSWER_S = 3.0
"""After this time without an answer the page says that the service is gone."""
ROWS = 200
"""How many of the newest rows a page begins with."""
REMEMBERED_S = 60.0
_UNREACHABLE = "No service answers: {}"


class Glass(Protocol):
    """What can be seen of a service; it carries nothing to the doors."""

    def doors(self) -> Doors:
        """All doors, with the service's health. Raises `LintelError`."""

    def updates(self) -> Iterator[Update | Lost]:
        """Rows, the newest ones first of all, for ever. Raises `LintelError` where this user may not see them."""


class ServiceGlass:
    """The service that listens at a path."""

    def __init__(self, path: Path, ended: threading.Event) -> None:
        """Looks for a service that is gone until `ended` is set."""
        self._client = Client(path, sleep=_until(ended))

    def doors(self) -> Doors:
        """All doors, with the service's health. Raises `LintelError`."""
        found = self._client.ask(Status(), Doors, timeout_s=ANSWER_S)
        if found is None:
            raise LintelError("it isn't running.", hint="Start it: `sudo systemctl start lintel`.")
        return found

    def updates(self) -> Iterator[Update | Lost]:
        """Rows, the newest ones first of all, for ever. Raises `LintelError` where this user may not see them."""
        return self._client.subscribe(last=ROWS)


class Ended(Exception):
    """Nothing is watched any more."""


class Monitor:
    """What is known of the doors, and the stream that says what is new."""

    def __init__(self, glass: Glass, version: str, ended: threading.Event) -> None:
        self._glass = glass
        self._version = version
        self._ended = ended
        self._lock = threading.Lock()
        self._asks_now = threading.Event()
        self._rows: deque[Event] = deque(maxlen=ROWS)
        self._levels: deque[Level] = deque(maxlen=5000)
        self._fault = self._unseen = ""
        self._world = lost_world(_UNREACHABLE.format("it was not asked yet."), at_s=time.monotonic(), now=now_utc())
        self.stream = Stream(self._welcome)

    def watch_doors(self) -> None:
        """Asks the doors again and again, until the end."""
        while not self._ended.is_set():
            self.look()
            self._asks_now.wait(POLL_S)
            self._asks_now.clear()

    def watch_rows(self) -> None:
        """Follows the audit, until the end. A service that refuses is asked again: its settings may change."""
        while not self._ended.is_set():
            try:
                for update in self._glass.updates():
                    if self._ended.is_set():
                        return
                    self._take(update)
            except Ended:
                return
            except LintelError as error:
                self._unseen = f"Events can't be shown: {error.message}"
                self._ended.wait(5.0)

    def end(self) -> None:
        """Has both watchers end soon."""
        self._ended.set()
        self._asks_now.set()

    def look(self) -> World:
        """Asks the doors once, and says what is new."""
        try:
            doors, why = self._glass.doors(), ""
        except LintelError as error:
            doors, why = Doors(), _UNREACHABLE.format(error.message)
        at_s, now = time.monotonic(), now_utc()
        faults = [words for words in (self._fault, self._unseen) if words]
        world = lost_world(why, at_s=at_s, now=now) if why else world_of(doors, at_s=at_s, now=now, faults=faults)
        with self._lock:
            levels = levels_of(None if self._world.lost else self._world, world)
            self._world = world
            self._levels.extend(levels)
            if levels:
                self.stream.publish(Levels(levels))
            self.stream.publish(world)
        return world

    def state(self) -> World:
        """How everything is, as it was seen last."""
        with self._lock:
            return self._world

    def known(self) -> tuple[Event, ...]:
        """The newest rows, as a page begins with them."""
        with self._lock:
            return tuple(self._rows)

    def _take(self, update: Update | Lost) -> None:
        match update:
            case Row() as row:
                self._unseen = ""
                if (seen := public(row)) is not None:
                    self._show(event_of(seen))
            case Trouble(what=what):
                self._fault = what and f"The audit can't be read: {what}"
            case Rewound():
                self._begin_again()
            case Start():
                self._unseen = ""
            case _:
                pass
        self._asks_now.set()

    def _show(self, event: Event) -> None:
        with self._lock:
            self._rows.append(event)
            self.stream.publish(event)

    def _begin_again(self) -> None:
        """An older copy of the store was put in place: what was shown is not in it."""
        with self._lock:
            self._rows.clear()
            self.stream.publish(self._hello())

    def _welcome(self, browser: Browser) -> None:
        with self._lock:
            since = self._world.at_s - REMEMBERED_S
            known = _since(self._levels, since)
            said: list[Message] = [self._hello(), self._world, Levels(known), *self._rows]
            self.stream.welcome(browser, said)

    def _hello(self) -> Hello:
        return Hello(mode=PageMode.MONITOR, version=self._version)


def monitor_app(monitor: Monitor) -> Starlette:
    """The page's routes: its files, the state, the stream. None takes anything."""

    async def world(_request: Request) -> Response:
        return Response(msgspec.json.encode(monitor.state()), media_type="application/json")

    routes = [
        *page_routes(),
        Route("/api/world", world, methods=["GET"]),
        WebSocketRoute("/api/stream", monitor.stream.endpoint),
    ]
    return Starlette(routes=routes)


def _since(levels: deque[Level], since_s: float) -> tuple[Level, ...]:
    """Each wire's level at that time, and all later ones."""
    before = {level.pin: level for level in levels if level.at_s < since_s}
    return (*before.values(), *(level for level in levels if level.at_s >= since_s))


def _until(ended: threading.Event) -> Callable[[float], None]:
    """What sleeps, and raises `Ended` instead once nothing is watched any more."""

    def sleep(seconds: float) -> None:
        if ended.wait(seconds):
            raise Ended

    return sleep
