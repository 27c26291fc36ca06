"""How each integration is, for `lintel link status`: kept in memory, and in a small file that other processes read."""

import dataclasses
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from device.errors import LinkError, LintelError
from device.failures import in_words
from device.files import write_whole

FILE_NAME = "status.json"
EVERY_S = 2.0
"""How often the file is written at least."""
STALE_S = 30.0
"""A file that is older says nothing of the present: the link hangs or has gone."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How an integration is."""

    name: str
    connected: bool = False
    row: int | None = None
    """The last row that it acknowledged; None before it began."""
    behind: int | None = None
    """How many rows are newer than that; None while no service says."""
    delivered: int = 0
    """Events since the link started."""
    error: str = ""
    """What failed last, in words; "" once it works again."""
    hint: str = ""
    """What to do about it."""


@dataclass(frozen=True, slots=True)
class Report:
    """All integrations at one moment."""

    at_s: float
    """On the monotonic clock."""
    service: str = ""
    """Why the door's service can't be reached, in a sentence; "" if it can."""
    integrations: tuple[Condition, ...] = ()


class Board:
    """Where integrations note how they are. Thread-safe."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._conditions = {name: Condition(name) for name in names}
        self._lock = threading.Lock()

    def note(self, name: str, **changes: object) -> None:
        """Notes what has changed."""
        with self._lock:
            self._conditions[name] = dataclasses.replace(self._conditions[name], **changes)  # type: ignore[arg-type]

    def failed(self, name: str, error: LintelError) -> None:
        """Notes an error that ended a session."""
        self.note(name, connected=False, error=error.message, hint=error.hint)

    def delivered(self, name: str, row: int | None, count: int) -> None:
        """Notes that the far side has acknowledged rows up to that one."""
        before = self._conditions[name].delivered
        self.note(name, row=row, delivered=before + count, error="", hint="")

    def report(self, newest: int | None, service: str) -> Report:
        """How all of them are, with the number of the newest row there is."""
        with self._lock:
            conditions = tuple(self._conditions.values())
        return Report(time.monotonic(), service, tuple(_behind(one, newest) for one in conditions))


def most_behind(report: Report) -> int | None:
    """How many rows wait for the slowest integration; None while that is unknown."""
    return max((one.behind for one in report.integrations if one.behind is not None), default=None)


def _behind(one: Condition, newest: int | None) -> Condition:
    behind = None if newest is None or one.row is None else max(0, newest - one.row)
    return dataclasses.replace(one, behind=behind)


def write_report(folder: Path, report: Report) -> None:
    """Replaces the file. Raises `OSError`."""
    write_whole(folder / FILE_NAME, msgspec.json.encode(report), durable=False, mode=0o644)


def read_report(folder: Path) -> Report:
    """What the running link says of itself. Raises `LinkError` if none runs or it may not be asked."""
    path = folder / FILE_NAME
    try:
        report = msgspec.json.decode(path.read_bytes(), type=Report)
    except FileNotFoundError:
        raise _not_running("there is no " + str(path)) from None
    except OSError as error:
        raise LinkError(f"Can't read {path}: {in_words(error)}.", hint="Use sudo.") from None
    except (ValueError, RecursionError):
        raise _not_running(f"{path} is damaged") from None
    age_s = time.monotonic() - report.at_s
    if not 0 <= age_s <= STALE_S:
        raise _not_running("its last word is old")
    return report


def _not_running(why: str) -> LinkError:
    return LinkError(f"The link isn't running: {why}.", hint="Start it: `sudo systemctl start lintel-link`.")
