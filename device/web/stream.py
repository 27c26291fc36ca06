"""The stream of a page: what happens goes to each browser that listens, in order, and no slow one holds up another.

Events, levels and answers are never left out: a browser that lets too many wait is hung up on, connects again, and
begins with the newest state. Of states and pictures a slow browser gets the newest.
"""

import asyncio
import struct
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from device.web.guard import VIOLATION
from device.web.messages import Message, Picture, Seen, World

MOST_CLIENTS = 16
MOST_WAITING = 2000
"""Messages that may wait for one browser."""
SEND_S = 20.0
"""A browser that takes nothing for that long is hung up on."""
MOST_IN_1_S = 60
"""Messages that are taken from a browser a second; more wait in its own connection."""
TRY_LATER = 1013

Payload = str | bytes
Took = Callable[[bytes], None]


class Client:
    """One browser: what waits for it. Used by the thread of the server alone."""

    def __init__(self) -> None:
        self._queue: deque[str] = deque()
        self._newest: dict[object, Payload] = {}
        self._is_due = asyncio.Event()
        self.is_too_slow = False

    def put(self, payload: Payload, replaces: object | None) -> None:
        """Has something sent, in place of what waits with the same key, or else after all that waits."""
        if replaces is not None:
            self._newest[replaces] = payload
        elif len(self._queue) < MOST_WAITING:
            assert isinstance(payload, str)
            self._queue.append(payload)
        else:
            self.is_too_slow = True
        self._is_due.set()

    async def taken(self) -> list[Payload]:
        """All that waits, as soon as something does."""
        await self._is_due.wait()
        self._is_due.clear()
        waiting = [*self._queue, *self._newest.values()]
        self._queue.clear()
        self._newest.clear()
        return waiting


class Stream:
    """All browsers that listen. What publishes may be called from any thread."""

    def __init__(self, join: Callable[[Client], None], took: Took | None = None) -> None:
        """`join` is called for each that comes, and has to see to it that `welcome` is called for it, once. `took` gets
        the binary messages that browsers send; without it they may send none.
        """
        self._join = join
        self._took = took
        self._clients: set[Client] = set()
        self._connected: set[Client] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._encoder = msgspec.json.Encoder()

    @property
    def listeners(self) -> int:
        """How many browsers listen."""
        return len(self._clients)

    def publish(self, message: Message) -> None:
        """Sends a message to all."""
        if self._connected:
            self._soon(self._deliver, self._encoder.encode(message).decode(), replaced_by(message))

    def publish_picture(self, kind: Picture, at_s: float, jpeg: bytes) -> None:
        """Sends a picture to all who are quick enough."""
        if self._connected:
            self._soon(self._deliver, picture_message(kind, at_s, jpeg), kind)

    def welcome(self, client: Client, messages: list[Message]) -> None:
        """Sends one browser how everything is; it gets all that is published from now on."""
        lines = [self._encoder.encode(message).decode() for message in messages]
        self._soon(self._admit, client, lines)

    async def endpoint(self, websocket: WebSocket) -> None:
        """Serves a WebSocket until it ends."""
        await websocket.accept()
        if len(self._connected) >= MOST_CLIENTS:
            await websocket.close(TRY_LATER, "too many pages are open")
            return
        self._loop, client = asyncio.get_running_loop(), Client()
        self._connected.add(client)
        self._join(client)
        try:
            await _first_of(self._sending(websocket, client), self._receiving(websocket))
        finally:
            self._connected.discard(client)
            self._clients.discard(client)

    async def _sending(self, websocket: WebSocket, client: Client) -> None:
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):  # RuntimeError: it has been closed
            while not client.is_too_slow:
                for payload in await client.taken():
                    async with asyncio.timeout(SEND_S):
                        await (
                            websocket.send_text(payload) if isinstance(payload, str) else websocket.send_bytes(payload)
                        )
            await websocket.close(TRY_LATER, "too slow")

    async def _receiving(self, websocket: WebSocket) -> None:
        began, count = time.monotonic(), 0
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            content = message.get("bytes")
            if content is None or self._took is None:
                await websocket.close(VIOLATION, "nothing like that is expected")
                return
            self._took(content)
            count += 1
            if count >= MOST_IN_1_S:
                await asyncio.sleep(max(0.0, began + 1.0 - time.monotonic()))
                began, count = time.monotonic(), 0

    def _soon(self, act: Callable[..., None], *values: object) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the server has ended
                self._loop.call_soon_threadsafe(act, *values)

    def _deliver(self, payload: Payload, replaces: object | None) -> None:
        for client in self._clients:
            client.put(payload, replaces)

    def _admit(self, client: Client, lines: list[str]) -> None:
        if client not in self._connected:  # it has gone meanwhile
            return
        for line in lines:
            client.put(line, None)
        self._clients.add(client)


def replaced_by(message: Message) -> object | None:
    """What a newer message of the kind takes the place of; None for what is never left out."""
    return type(message).__name__ if isinstance(message, World | Seen) else None


def picture_message(kind: Picture, at_s: float, jpeg: bytes) -> bytes:
    """A picture as a binary message."""
    return struct.pack(">Bd", kind, at_s) + jpeg


async def _first_of(*jobs: Coroutine[None, None, None]) -> None:
    """Runs jobs until one has ended, and the others no longer. Raises what that one raised."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()
