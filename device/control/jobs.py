"""A request on its way to its answer: from the line that was received to the job that a lane carries out."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from device.control.command_messages import Administer
from device.control.desk import Caller, Desk, Later
from device.control.earlier import earlier_error, earlier_reply, from_earlier
from device.control.messages import Code, Doors, End, Request, verb_of
from device.control.peers import credentials_of
from device.control.protocol import (
    MAX_BULK,
    ProtocolError,
    Verb,
    decoded,
    error_line,
    is_earlier,
    line_of,
    part_line,
    reply_line,
)
from device.control.roles import COMMANDS, Roles, Way, may, role_words
from device.errors import LintelError
from device.line_server import Peer
from device.records import Operator

SEND_S = 10.0
"""How long a peer may take to make room for an answer, or a part of one."""
GRACE_S = 1.0
LEAST_RATE = 64 * 1024
"""A bulk request has to come at this rate, in bytes a second, after its first `GRACE_S`."""


def slow() -> ProtocolError:
    """The answer to a peer that sends or reads too slowly."""
    return ProtocolError(
        "The connection was too slow.", hint="Send the whole request at once, and read its answers.", code=Code.SLOW
    )


def ending() -> ProtocolError:
    """The answer to a request that the end of the service meets."""
    return ProtocolError("The service is being stopped.", hint="Ask again once it runs.", code=Code.ENDING)


def too_long(most: int, request: int = 0) -> ProtocolError:
    """The answer to a line of more than `most` bytes."""
    return ProtocolError(
        f"Invalid request: expected one line of up to {most} bytes.",
        hint="Send less at once.",
        code=Code.REQUEST,
        request=request,
    )


@dataclass(frozen=True, slots=True)
class Job:
    """One request that was understood, and the connection that waits for its answer."""

    peer: Peer
    verb: Verb
    request: Request
    operator: Operator
    is_earlier: bool = False
    """Of the time before versions."""

    def answer(self, desk: Desk, *, is_ending: Callable[[], bool] = lambda: False) -> object:
        """What the desk's handler gives. Raises `LintelError`. A caller counts as gone once the service `is_ending`."""
        waits = self.peer.is_connected
        return desk.answered(self.request, Caller(self.operator, lambda: not is_ending() and waits(), self._descriptor))

    def _descriptor(self, within_s: float) -> int:
        try:
            return self.peer.receive_descriptor(within_s)
        except OSError:
            raise slow() from None

    def reply(self, reply: object, *, within_s: float = 0.0) -> None:
        """Answers and hangs up. Waits at most `within_s` for room."""
        if self.is_earlier and isinstance(reply, Doors):
            self._end_with(earlier_reply(reply), within_s)
        else:
            self._end_with(reply_line(self.request.id, reply), within_s)

    def refuse(self, error: LintelError) -> None:
        """Says why not, and hangs up."""
        self._end_with(earlier_error(error) if self.is_earlier else error_line(self.request.id, error), 0.0)

    def say(self, part: object) -> None:
        """Sends a part before its turn, as far as there is room: another thread may begin the answer meanwhile."""
        self.peer.send(part_line(self.request.id, part))

    def stream(self, parts: Iterator[object], *, within_s: float, is_ending: Callable[[], bool]) -> None:
        """Sends parts as they come, each within that time, and an end; a peer that has gone ends them.

        Raises `ProtocolError` for one that doesn't read, and once the service `is_ending`.
        """
        try:
            for part in parts:
                if is_ending():
                    raise ending()
                self.peer.send_all(part_line(self.request.id, part), within_s)
            self.peer.send_all(line_of(End(self.request.id)), within_s)
        except TimeoutError:
            raise slow() from None
        except OSError:  # it has gone
            pass
        finally:
            if close := getattr(parts, "close", None):
                close()
        self.peer.close()

    def _end_with(self, line: bytes, within_s: float) -> None:
        with suppress(OSError):
            self.peer.send_all(line, within_s)
        self.peer.close()


def job_of(desk: Desk, peer: Peer, line: bytes) -> Job | None:
    """The job of a line. What can't be understood, or may not be asked, is answered here and gives none."""
    credentials = credentials_of(peer)
    if credentials is None:
        peer.close()
        return None
    operator = desk.roster.operator(credentials)
    earlier = is_earlier(line)
    try:
        verb, request = _understood(desk, line, earlier=earlier)
        _refuse_without_role(operator, verb, request)
    except ProtocolError as error:
        refuse(peer, earlier_error(error) if earlier else error_line(error.request, error))
        return None
    return Job(peer, verb, request, operator, earlier)


def _refuse_without_role(operator: Operator, verb: Verb, request: Request) -> None:
    """A command of `lintel` has its own row in the table of roles. Raises `ProtocolError`."""
    if not may(operator, verb.roles):
        raise _forbidden(operator, verb.name, verb.roles, request.id)
    if not isinstance(request, Administer):
        return
    row = COMMANDS.get(request.command)
    if row is None or row.way is not Way.SERVICE:
        raise ProtocolError(
            f"The service carries out no command {request.command!r}.",
            hint="docs/operators.md lists those it does. After an update: `sudo systemctl restart lintel`.",
            code=Code.FORBIDDEN,
            request=request.id,
        )
    if not may(operator, row.roles):
        raise _forbidden(operator, f"`lintel {request.command}`", row.roles, request.id)


def _forbidden(operator: Operator, what: str, roles: Roles, request: int) -> ProtocolError:
    held = role_words(operator.roles) or "none"
    return ProtocolError(
        f"{operator.words} may not ask for {what}: roles {held}, expected {role_words(roles)}.",
        hint="Have an admin add an [[operators]] table to the settings: `sudo lintel setup` does it.",
        code=Code.FORBIDDEN,
        request=request,
    )


def _understood(desk: Desk, line: bytes, *, earlier: bool) -> tuple[Verb, Request]:
    if not earlier:
        return decoded(line, desk.verbs)
    request = from_earlier(line)
    return desk.verbs[verb_of(request)], request


def refuse(peer: Peer, line: bytes) -> None:
    """Sends the line of an error, and hangs up."""
    peer.send(line)
    peer.close()


@dataclass(frozen=True, slots=True)
class Unread:
    """A bulk request whose line has only begun."""

    peer: Peer
    received: bytes

    def line(self) -> bytes:
        """The whole line, once it is here. Raises `ProtocolError`."""
        began, received = time.monotonic(), bytearray(self.received)
        while b"\n" not in received[-65536:]:
            late_s = GRACE_S + len(received) / LEAST_RATE - (time.monotonic() - began)
            if late_s <= 0:
                raise slow()
            more = self._more(late_s)
            received += more
            if not more or len(received) > MAX_BULK:
                raise too_long(MAX_BULK)
        return bytes(received.partition(b"\n")[0])

    def _more(self, within_s: float) -> bytes:
        self.peer.connection.settimeout(within_s)
        try:
            return self.peer.connection.recv(65536)
        except TimeoutError:
            raise slow() from None
        except OSError:
            return b""


def settled(answer: object) -> object:
    """The reply that an answer is by now."""
    return answer.reply() if isinstance(answer, Later) else answer
