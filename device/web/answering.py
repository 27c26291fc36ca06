"""Reads requests in JSON and answers in it; what goes wrong is an answer with what happened and what to do."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from device.errors import ImageError, LintelError, ScenarioError

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]


class Wrong(msgspec.Struct, frozen=True):
    """The answer to a request that was not carried out."""

    what: str
    hint: str


class NotThere(LintelError):
    """Something that a request names and that does not exist."""


class Invalid(LintelError):
    """A request that isn't understood."""


class Busy(LintelError):
    """More is asked for at a time than is answered."""


STATUS: dict[type[LintelError], int] = {Invalid: 400, ImageError: 400, ScenarioError: 400, NotThere: 404, Busy: 429}
"""Of errors; all others are 409: understood, and not possible as things are."""


def json_answer(value: object) -> Response:
    """A value as JSON."""
    return Response(msgspec.json.encode(value), media_type="application/json")


def done() -> Response:
    """It was done, and there is nothing to say."""
    return Response(status_code=204)


async def asked(request: Request, kind: type[T]) -> T:
    """What a request says. Raises `Invalid`."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        said = "too deep" if isinstance(error, RecursionError) else str(error)[:200]
        raise Invalid(f"Invalid request: {said}.", hint="docs/page.md has the requests.") from None


def answering(handler: Handler) -> Handler:
    """The same handler, whose errors are answers."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except LintelError as error:
            status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 409)
            body = msgspec.json.encode(Wrong(error.message, error.hint))
            return Response(body, status_code=status, media_type="application/json")

    return answer
