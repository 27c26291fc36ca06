"""The other end of the operators' socket: asks the service, and reads what it answers."""

import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from device.control.earlier import EarlierReply, is_earlier_refusal, to_earlier
from device.control.joining import join_hint
from device.control.messages import (
    REQUESTS,
    Answer,
    Code,
    DoorRequest,
    Doors,
    End,
    Error,
    Part,
    Release,
    Reply,
    Request,
    Rewound,
    Row,
    Start,
    Subscribe,
    Update,
    verb_of,
)
from device.control.protocol import MAX_BULK, VERBS, Lane, ProtocolError, line_of
from device.errors import DoorError
from device.failures import in_words
from device.files import runtime_dir
from device.records import DoorCommand, DoorStatus, Event, Reason

FILE_NAME = "control.sock"
ANSWER_S = 5.0
"""After this time without an answer the service hangs, seconds."""
RETRY_S = 0.002
MAX_ANSWER = 2 * MAX_BULK
"""Longest line that is read of an answer, in bytes."""
SILENCE_S = 15.0
"""After this silence a subscriber connects again, seconds: the service sends a beat every 5 s."""
PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Back-off of a subscriber whose service is gone; the last one repeats."""
NOT_RUNNING = "it isn't running"
_FOR_GOOD = frozenset({Code.REQUEST, Code.VERSION, Code.VERB, Code.FORBIDDEN, Code.BUG})
"""Errors that asking again does not help against."""
R = TypeVar("R")


def control_socket() -> Path | None:
    """Where the service listens; None where Lintel is run by hand and has no folder for it."""
    folder = runtime_dir()
    return None if folder is None else folder / FILE_NAME


class NoAnswer(DoorError):
    """A service listens and does not answer, or not in its own language."""


class NotRunning(DoorError):
    """No service listens."""


class NotAnswered(OSError):
    """The service hung up without an answer."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The service can't be reached, or hung up; a subscriber looks for it until it is back."""

    why: str


class Place:
    """How far a subscriber has come, so that it can resume there with another connection."""

    def __init__(self, after: int | None, last: int) -> None:
        """`after` is the number of the last row that it has; None for one that begins with the newest `last`."""
        self._after = after
        self._last = last

    def request(self) -> Subscribe:
        """Asks for what comes next."""
        return Subscribe(last=self._last) if self._after is None else Subscribe(since=self._after + 1)

    def is_new(self, update: Update) -> bool:
        """Notes an update; whether it is none that was there before."""
        if isinstance(update, Row):
            if repeats_duress(update):
                return True
            if self._after is not None and update.id <= self._after:
                return False
            self._after = update.id
        elif isinstance(update, Start | Rewound):
            self._after = update.after
        return True


def repeats_duress(row: Row) -> bool:
    """Whether this is not a row of the audit, but an open duress alarm, repeated; its number is not its own."""
    return row.event == Event.ALARM_OPEN.value and row.reason == Reason.DURESS.code


class Client:
    """Speaks to the service that listens at a path; a connection for each request."""

    def __init__(self, path: Path, sleep: Callable[[float], None] = time.sleep) -> None:
        self._path = path
        self._sleep = sleep

    def ask(self, request: Request, reply: type[R], *, timeout_s: float = ANSWER_S) -> R | None:
        """The reply; None if no service listens.

        Raises `DoorError` if the service does not answer within `timeout_s`, refuses, or may not be spoken to. A safety
        command is sent again where the service hung up without an answer.
        """
        deadline = time.monotonic() + timeout_s
        try:
            with self._errors():
                return self._asked(request, reply, deadline)
        except (FileNotFoundError, ConnectionRefusedError):
            return None

    def stream(
        self, request: Request, part: type[R], *, silence_s: float, sends: Callable[[R], int | None] = lambda _: None
    ) -> Iterator[R]:
        """The parts of a streamed answer, each as it comes. Closing the iterator ends it at the other end too.

        `sends` gives a descriptor to send after a part. Raises `DoorError`, also if nothing comes for `silence_s`;
        `NotRunning` if no service listens.
        """
        try:
            with self._errors(), self.lines(request, time.monotonic() + silence_s) as lines:
                while True:
                    match lines.answer(time.monotonic() + silence_s):
                        case Part(part=raw):
                            said = msgspec.json.decode(raw, type=part)
                            if (descriptor := sends(said)) is not None:
                                lines.send_descriptor(descriptor)
                            yield said
                        case End():
                            return
                        case Error() as error:
                            raise _raised(error)
                        case other:
                            raise DoorError(f"Unexpected answer: {type(other).__name__}.", hint=_HANGS)
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunning("No service answers.", hint="Start it: `sudo systemctl start lintel`.") from None

    def subscribe(self, since: int | None = None, *, last: int = 0) -> Iterator[Update | Lost]:
        """Rows of the audit from number `since` on, or the newest `last` and all after them: each once, in order, also
        over restarts of the service, which is looked for again and again.

        Between them what else there is to say, and `Lost` when the service is gone. Raises `DoorError` if it refuses
        for good, as when this user may not speak to it.
        """
        place, failures = Place(None if since is None else since - 1, last), 0
        while True:
            why = "it hung up"
            try:
                for update in self._updates(place.request()):
                    failures = 0
                    if place.is_new(update):
                        yield update
            except PermissionError:
                raise self._forbidden() from None
            except ProtocolError as error:
                if error.code in _FOR_GOOD:
                    raise
                why = error.message.removesuffix(".")
            except (FileNotFoundError, ConnectionRefusedError):
                why = NOT_RUNNING
            except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
                why = in_words(error, quoted=True)
            if failures == 0:
                yield Lost(why)
            self._sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
            failures += 1

    def _updates(self, request: Subscribe) -> Iterator[Update]:
        """Until the service hangs up. Raises `OSError`, `msgspec.DecodeError`, `ProtocolError`."""
        with self.lines(request, time.monotonic() + SILENCE_S) as lines:
            while True:
                line = lines.line(time.monotonic() + SILENCE_S)
                if is_earlier_refusal(line):
                    raise ProtocolError(
                        "The service is of an earlier version.",
                        hint="Restart it: `sudo systemctl restart lintel`.",
                        code=Code.VERSION,
                    )
                answer = msgspec.json.decode(line, type=Answer)
                if isinstance(answer, Error):
                    raise _raised(answer)
                if isinstance(answer, Part):
                    yield msgspec.json.decode(answer.part, type=Update)

    @contextlib.contextmanager
    def lines(self, request: Request, deadline: float) -> Iterator["Lines"]:
        """A connection on which the request was sent. Raises `OSError`."""
        with socket.socket(socket.AF_UNIX) as connection:
            _connect(connection, self._path, deadline)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # what it said may be there to read
                connection.sendall(line_of(request))
            yield Lines(connection)

    def _asked(self, request: Request, reply: type[R], deadline: float) -> R:
        """Raises `OSError`, `msgspec.DecodeError`, `DoorError`."""
        while True:
            try:
                with self.lines(request, deadline) as lines:
                    line = lines.line(deadline)
                break
            except (NotAnswered, ConnectionResetError):
                verb = VERBS.get(verb_of(request))
                if verb is None or verb.lane is not Lane.SAFETY:
                    raise
                time.sleep(min(RETRY_S, _left(deadline)))
        if isinstance(request, DoorRequest) and is_earlier_refusal(line):
            return self._asked_earlier(request, reply, deadline)
        answer = msgspec.json.decode(line, type=Answer)
        if isinstance(answer, Error):
            raise _raised(answer)
        return msgspec.json.decode(answer.reply if isinstance(answer, Reply) else b"", type=reply)

    def _asked_earlier(self, request: DoorRequest, reply: type[R], deadline: float) -> R:
        """The same of a service of the time before versions, which has refused the request without doing anything."""
        with socket.socket(socket.AF_UNIX) as connection:
            _connect(connection, self._path, deadline)
            connection.sendall(to_earlier(request))
            answer = msgspec.json.decode(Lines(connection).line(deadline), type=EarlierReply)
        if answer.error:
            raise DoorError(answer.error, hint=answer.hint)
        return msgspec.json.decode(msgspec.json.encode(Doors(answer.doors)), type=reply)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Turns what keeps the service from being spoken to into a `DoorError`; but not that none is there."""
        try:
            yield
        except (FileNotFoundError, ConnectionRefusedError):
            raise
        except PermissionError:
            raise self._forbidden() from None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NoAnswer(
                f"The service at {self._path} does not answer: {in_words(error, quoted=True)}.", hint=_HANGS
            ) from None

    def _forbidden(self) -> DoorError:
        return DoorError(f"This user may not speak to the service at {self._path}.", hint=join_hint())


_HANGS = "It may hang: `sudo systemctl restart lintel` ends it, secures every door and starts it again."


class Lines:
    """What the service says on one connection, line by line, in bounded room."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines: deque[bytes] = deque()
        self._rest = b""

    def send_descriptor(self, descriptor: int) -> None:
        """Sends a descriptor, with one byte. Raises `OSError`."""
        socket.send_fds(self._connection, [b"\0"], [descriptor])

    def answer(self, deadline: float) -> Answer:
        """The next one, by `deadline` in seconds on the monotonic clock. Raises `OSError`, `msgspec.DecodeError`."""
        answer: Answer = msgspec.json.decode(self.line(deadline), type=Answer)
        return answer

    def received(self, deadline: float) -> list[bytes]:
        """All whole lines that are there, one at least. Raises `OSError` as `line`."""
        lines = [self.line(deadline), *self._lines]
        self._lines.clear()
        return lines

    def line(self, deadline: float) -> bytes:
        """The next line. Raises `OSError`: `NotAnswered` at the end, `TimeoutError`."""
        while not self._lines:
            self._connection.settimeout(_left(deadline))
            received = self._connection.recv(1 << 16)
            if not received:
                raise NotAnswered("it hung up")
            *lines, self._rest = (self._rest + received).split(b"\n")
            self._lines.extend(lines)
            if len(self._rest) > MAX_ANSWER:
                raise OSError(f"it sent a line of more than {MAX_ANSWER} bytes")
        return self._lines.popleft()


def ask_doors(
    path: Path,
    command: DoorCommand | None = None,
    door: str | None = None,
    *,
    for_s: float = 0.0,
    timeout_s: float = ANSWER_S,
) -> tuple[DoorStatus, ...] | None:
    """The doors, or the one that is named, after the command; None if no service listens. As `Client.ask`.

    `for_s` is how long a release lasts, seconds; 0 for one opening.
    """
    request = Release(door=door, for_s=for_s) if command is DoorCommand.RELEASE else REQUESTS[command](door=door)
    doors = Client(path).ask(request, Doors, timeout_s=timeout_s)
    return None if doors is None else doors.doors


def _raised(error: Error) -> ProtocolError:
    return ProtocolError(error.what, hint=error.hint, code=error.code, request=error.id)


def _connect(connection: socket.socket, path: Path, deadline: float) -> None:
    """A service whose queue is full is not waited for by the kernel."""
    while True:
        connection.settimeout(_left(deadline))
        try:
            return connection.connect(str(path))
        except BlockingIOError:
            time.sleep(RETRY_S)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
