"""Who may speak to a page: every request passes here first, and what is refused reaches nothing behind it.

A page listens on loopback, where each program and each web site open in a browser of this machine can send requests. So
each is asked for its Host (DNS rebinding), its Origin (other sites) and, under `/api/`, for the token of the opened
address. The token travels in a header, never in a cookie, so that no other site's request carries it.
"""

import asyncio
import hmac
from dataclasses import dataclass, field

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), usb=(), serial=(), payment=()",
}
"""With every answer. `cache-control: no-store` besides, where an answer says nothing of that."""
API = "/api/"
METHODS = ("GET", "HEAD", "POST")
MOST_BYTES = 64 << 10
"""Of a request's body."""
MOST_PICTURE_BYTES = 10 * 10**6
PICTURES = "/api/pictures"
"""Where a body may be that large, and isn't JSON."""
BODY_S = 20.0
"""How long a body may take to come."""
TOKEN_S = 5.0
"""How long a WebSocket may take to show its token."""
VIOLATION = 1008
"""A WebSocket's closing code for what isn't allowed."""
_OPEN_AGAIN = "Open the address that Lintel printed when it started."


@dataclass(frozen=True, slots=True)
class Gate:
    """What a request has to know: the port that is listened on, and the token."""

    port: int
    token: str = field(repr=False)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names that this page has."""
        return tuple(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    def knows_host(self, host: str) -> bool:
        """Whether that is a name of this page, not another one that leads to this machine."""
        return host.lower() in self.hosts

    def knows_origin(self, origin: str) -> bool:
        """Whether this page itself asks."""
        return origin.lower() in {f"http://{host}" for host in self.hosts}

    def accepts(self, token: str) -> bool:
        """Compares in constant time."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode())


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status of HTTP, what is wrong, and what to do."""

    status: int
    what: str
    hint: str = _OPEN_AGAIN


class TokenShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first message of a WebSocket."""

    token: str


def json_headers(length: int) -> list[tuple[bytes, bytes]]:
    """Of an answer in JSON."""
    return [(b"content-type", b"application/json"), (b"content-length", str(length).encode())]


class Guard:
    """An ASGI application that lets another one have what may pass, and adds `HEADERS` to all answers."""

    def __init__(self, app: ASGIApp, gate: Gate, *, body_s: float = BODY_S, token_s: float = TOKEN_S) -> None:
        self._app = app
        self._gate = gate
        self._body_s = body_s
        self._token_s = token_s
        self._uploads = asyncio.Semaphore(2)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, one WebSocket, or the application's beginning and end."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._request(scope, receive, _hardened(send))

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        if refusal := refused(scope, self._gate):
            await _refuse(send, refusal)
        elif scope["path"] == PICTURES and scope["method"] == "POST":
            async with self._uploads:  # the bodies of a few at a time are in memory
                await self._with_body(scope, receive, send, most=MOST_PICTURE_BYTES)
        else:
            await self._with_body(scope, receive, send, most=MOST_BYTES)

    async def _with_body(self, scope: Scope, receive: Receive, send: Send, *, most: int) -> None:
        try:
            async with asyncio.timeout(self._body_s):
                body = await _body(receive, most)
        except TimeoutError:
            await _refuse(send, Refusal(408, f"The body did not come within {self._body_s:g} s.", "Send it again."))
            return
        if body is None:
            await _refuse(send, _too_large(most))
        else:
            await self._app(scope, _whole(body, receive), send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if _refused_anywhere(scope, self._gate) or not scope["path"].startswith(API):
            await send({"type": "websocket.close", "code": VIOLATION})
            return
        await send({"type": "websocket.accept"})
        try:
            async with asyncio.timeout(self._token_s):
                first = await receive()
        except TimeoutError:
            first = {}
        if self._is_token(first):
            await self._app(scope, _connected(receive), _accepted(send))
        elif first.get("type") != "websocket.disconnect":
            await send({"type": "websocket.close", "code": VIOLATION, "reason": "no token"})

    def _is_token(self, first: Message) -> bool:
        try:
            shown = msgspec.json.decode(first.get("text") or "", type=TokenShown)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return False
        return self._gate.accepts(shown.token)


def refused(scope: Scope, gate: Gate) -> Refusal | None:
    """Why a request does not pass, by all but its body; None for one that does."""
    if refusal := _refused_anywhere(scope, gate):
        return refusal
    if scope["method"] not in METHODS:
        return Refusal(405, f"{scope['method'][:20]} is not answered here.", f"Use one of: {', '.join(METHODS)}.")
    if _length(scope) > (MOST_PICTURE_BYTES if scope["path"] == PICTURES else MOST_BYTES):
        return _too_large(MOST_PICTURE_BYTES if scope["path"] == PICTURES else MOST_BYTES)
    if not scope["path"].startswith(API):
        return None
    kind, _, shown = (_one(scope, b"authorization") or "").partition(" ")
    if kind.lower() != "bearer" or not gate.accepts(shown):
        return Refusal(401, "The request does not show this page's token.")
    if scope["method"] == "POST" and scope["path"] != PICTURES and not _is_json(scope):
        return Refusal(415, "The request is not in JSON.", "Send it with `Content-Type: application/json`.")
    return None


def _refused_anywhere(scope: Scope, gate: Gate) -> Refusal | None:
    host, origins = _one(scope, b"host"), _all(scope, b"origin")
    if host is None or not gate.knows_host(host):
        return Refusal(421, "The request is for another host.")
    if not all(map(gate.knows_origin, origins)):
        return Refusal(403, "The request comes from another site.")
    from_where = _all(scope, b"sec-fetch-site")
    if scope["path"].startswith(API) and not set(from_where) <= {"same-origin", "none"}:
        return Refusal(403, "The request comes from another site.")
    return None


def _all(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key.lower() == name]


def _one(scope: Scope, name: bytes) -> str | None:
    """A header's value; None without it, and if it comes twice."""
    found = _all(scope, name)
    return found[0] if len(found) == 1 else None


def _is_json(scope: Scope) -> bool:
    return (_one(scope, b"content-type") or "").partition(";")[0].strip().lower() == "application/json"


def _length(scope: Scope) -> int:
    """What is announced; what comes is counted besides."""
    said = _one(scope, b"content-length") or ""
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 18 else 0


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"The body is larger than {most:,} bytes.", "Send less, or a smaller picture.")


async def _body(receive: Receive, most: int) -> bytes | None:
    """The whole body; None as soon as it is too large."""
    parts, size, goes_on = [], 0, True
    while goes_on:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        goes_on = message["type"] == "http.request" and message.get("more_body", False)
        if size > most:
            return None
    return b"".join(parts)


def _whole(body: bytes, receive: Receive) -> Receive:
    """What gives the body in one message, then what comes."""
    given = False

    async def give() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


def _connected(receive: Receive) -> Receive:
    """What begins with the connection, which the guard has taken."""
    given = False

    async def give() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "websocket.connect"}

    return give


def _accepted(send: Send) -> Send:
    """What leaves the acceptance out, which the guard has sent."""

    async def pass_on(message: Message) -> None:
        if message["type"] != "websocket.accept":
            await send(message)

    return pass_on


def _hardened(send: Send) -> Send:
    async def pass_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = {name.lower() for name, _ in given}
            given += [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            if b"cache-control" not in names:
                given.append((b"cache-control", b"no-store"))
            message = {**message, "headers": given}
        await send(message)

    return pass_on


async def _refuse(send: Send, refusal: Refusal) -> None:
    """Answers, and hangs up: what else was sent isn't read."""
    body = msgspec.json.encode({"what": refusal.what, "hint": refusal.hint})
    headers = [*json_headers(len(body)), (b"connection", b"close")]
    if refusal.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
