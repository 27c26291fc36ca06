"""Lines for the journal with stable fields, by its own socket where the service manager has connected it; else plain.

A line is a `str` that may say more of itself (`Entry`), so that whoever reports lines needs to know of no journal.
"""

import os
import socket
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Self

from device.redaction import redacted
from device.terminal import say

SOCKET = Path("/run/systemd/journal/socket")
MOST = 8000
"""Longest value, characters: a datagram takes it on each machine."""
WARNING, NOTICE, INFO = 4, 5, 6
"""Priorities as syslog(3) has them."""


class JournalEvent(StrEnum):
    """`LINTEL_EVENT` of a line. Names stay as they are in all versions."""

    GRANTED = "granted"
    DENIED = "denied"
    PART_FAILED = "part-failed"
    PART_WORKS = "part-works"
    LOOP_FAILED = "loop-failed"
    SETTINGS = "settings"
    NOTE = "note"


MEANINGS = {
    JournalEvent.GRANTED: "a badge opened a door",
    JournalEvent.DENIED: "a badge did not",
    JournalEvent.PART_FAILED: "a part of doors does not work",
    JournalEvent.PART_WORKS: "it works again",
    JournalEvent.LOOP_FAILED: "a door's loop failed and is run again",
    JournalEvent.SETTINGS: "what became of a reload",
    JournalEvent.NOTE: "anything else that the service says",
}
"""One clause for each, for the docs."""
FIELDS = {
    "LINTEL_EVENT": "what happened, as in the table above",
    "LINTEL_DOOR": "the door, or several with commas between",
    "LINTEL_READER": "the reader, for badges",
    "LINTEL_REASON": "why, for badges: the code of a [reason](reference.md#reasons)",
    "LINTEL_WAITED_MS": "from the badge to the decision, milliseconds",
}
"""Fields besides `MESSAGE`, `PRIORITY` and `SYSLOG_IDENTIFIER`."""


class Entry(str):
    """A line, with what the journal has besides."""

    event: JournalEvent
    priority: int
    fields: Mapping[str, str]

    @classmethod
    def of(cls, text: str, event: JournalEvent, doors: Iterable[str] = (), **fields: str) -> Self:
        """`fields` by the ends of their names in `FIELDS`, in lower case."""
        made = cls(text)
        made.event = event
        made.priority = _PRIORITIES.get(event, INFO)
        named = {f"LINTEL_{name.upper()}": value for name, value in fields.items() if value}
        made.fields = {"LINTEL_DOOR": ",".join(sorted(doors)), **named}
        return made


_PRIORITIES = {
    JournalEvent.DENIED: NOTICE,
    JournalEvent.PART_FAILED: WARNING,
    JournalEvent.LOOP_FAILED: WARNING,
    JournalEvent.SETTINGS: NOTICE,
}


class Journal:
    """Writes lines. A journal that is full or gone ends nothing."""

    def __init__(self, address: Path | None) -> None:
        """`address` is None without a journal: lines are printed then."""
        self._address = address

    @classmethod
    def of_environment(cls) -> "Journal":
        """The journal, if standard error is connected to it (`JOURNAL_STREAM`)."""
        return cls(SOCKET if _is_connected() else None)

    def put(self, line: str, *, err: bool = True) -> None:
        """Writes a line; to standard error or output where there is no journal, or where it does not take it."""
        if self._address is None or not self._sent(line, self._address):
            with suppress(OSError):
                say(str(line), err=err)

    @staticmethod
    def _sent(line: str, address: Path) -> bool:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram:
                datagram.sendto(datagram_of(line), socket.MSG_DONTWAIT, str(address))
        except OSError:
            return False
        return True


def datagram_of(line: str) -> bytes:
    """A line in journald's own protocol, a field each line; a value has no line ends, and no password of an address."""
    entry = line if isinstance(line, Entry) else Entry.of(line, JournalEvent.NOTE)
    values = {
        "MESSAGE": redacted(str(entry)),
        "PRIORITY": str(entry.priority),
        "SYSLOG_IDENTIFIER": "lintel",
        "LINTEL_EVENT": entry.event.value,
        **entry.fields,
    }
    lines = (f"{name}={' '.join(value.split())[:MOST]}\n" for name, value in values.items() if value)
    return "".join(lines).encode("utf-8", "replace")


def _is_connected() -> bool:
    """Whether standard error is the stream that the service manager names."""
    with suppress(OSError, AttributeError, ValueError):
        status = os.fstat(sys.stderr.fileno())
        return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
    return False
