"""What the service says to a subscriber, as values; whatever it says, the link goes on."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from device.control.client import ANSWER_S, NOT_RUNNING, Client, Lines
from device.control.messages import Answer, Code, Error, Part, Subscribe, Update
from device.errors import LinkError
from device.failures import in_words

_START = "Start it: `sudo systemctl start lintel`."
_ROLE = 'Give it one in the door\'s settings: [[operators]] login = "lintel-link", role = "link".'


class ServiceLost(LinkError):
    """The door's service can't be reached, refuses, or says what isn't understood."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One subscription on its connection."""

    lines: Lines

    def updates(self, within_s: float) -> tuple[Update, ...]:
        """All that has come; nothing if nothing came within that time. Raises `ServiceLost`."""
        with _lost():
            try:
                received = self.lines.received(time.monotonic() + within_s)
            except TimeoutError:
                return ()
        return tuple(updates_in(received))


@contextlib.contextmanager
def subscribed(client: Client, request: Subscribe) -> Iterator[Stream]:
    """A subscription until the end of the block. Raises `ServiceLost`."""
    with contextlib.ExitStack() as ending:
        with _lost():
            lines = ending.enter_context(client.lines(request, time.monotonic() + ANSWER_S))
        yield Stream(lines)


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    """Turns each error of the socket into `ServiceLost`."""
    try:
        yield
    except (FileNotFoundError, ConnectionRefusedError):
        raise ServiceLost(f"The door's service can't be reached: {NOT_RUNNING}.", hint=_START) from None
    except PermissionError:
        raise ServiceLost(
            "This user may not connect to the door's service.",
            hint="Add it to the service's group: sudo gpasswd -a lintel-link lintel",
        ) from None
    except OSError as error:
        raise ServiceLost(
            f"The door's service can't be reached: {in_words(error, quoted=True)}.", hint=_START
        ) from None


def updates_in(lines: Iterable[bytes]) -> Iterator[Update]:
    """What lines of a subscription say. Raises `ServiceLost` for whatever isn't that."""
    for line in lines:
        try:
            answer = msgspec.json.decode(line, type=Answer)
            if isinstance(answer, Part):
                yield msgspec.json.decode(answer.part, type=Update)
                continue
        except (ValueError, RecursionError) as error:  # msgspec's errors and UnicodeDecodeError are ValueErrors
            raise ServiceLost(
                f"The door's service says what isn't understood: {in_words(error, quoted=True)}.",
                hint="Update and restart both: `sudo systemctl restart lintel lintel-link`.",
            ) from None
        if isinstance(answer, Error):
            raise ServiceLost(answer.what, hint=_ROLE if answer.code is Code.FORBIDDEN else answer.hint)
