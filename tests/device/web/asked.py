"""Requests and WebSockets as a server hands them to an application, without a server."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message

PORT = 8123
TOKEN = "a-token-of-a-test"
HOST = f"127.0.0.1:{PORT}"
AUTHORIZED = {"host": HOST, "authorization": f"Bearer {TOKEN}"}
JSON = {**AUTHORIZED, "content-type": "application/json"}


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def request(
    app: ASGIApp,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | Iterable[tuple[str, str]] = (),
    body: Iterable[bytes] = (b"",),
) -> Answer:
    """What an application answers; a body that isn't finished never comes to its end."""
    return asyncio.run(_request(app, path, method, list(dict(headers).items()), list(body)))


async def _request(app: ASGIApp, path: str, method: str, headers: list[tuple[str, str]], body: list[bytes]) -> Answer:
    raw, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": raw,
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "server": ("127.0.0.1", PORT),
        "client": ("127.0.0.1", 40000),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
    }
    answer, left = Answer(), [*body]

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left) or part == b"..."}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, send)
    return answer


def converse(app: ASGIApp, path: str, *, headers: dict[str, str], said: Iterable[Message] = ()) -> list[Message]:
    """What an application sends over a WebSocket whose browser says that, and then hangs up."""

    async def run() -> list[Message]:
        sent: list[Message] = []
        waiting = [{"type": "websocket.connect"}, *said]

        async def receive() -> Message:
            if waiting and waiting[0].get("type") == "never":
                await asyncio.Event().wait()
            return waiting.pop(0) if waiting else {"type": "websocket.disconnect", "code": 1000}

        async def send(message: Message) -> None:
            sent.append(message)

        scope: dict[str, Any] = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "ws",
            "subprotocols": [],
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        }
        await app(scope, receive, send)
        return sent

    return asyncio.run(run())
