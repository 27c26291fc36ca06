"""What `lintel run --json` prints: a line of JSON for each row of the audit, each swipe and each note."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from device.cli.context import print_json_line
from device.errors import LintelError

if TYPE_CHECKING:
    from device.clock import Stop
    from device.control.feed import Source
    from device.control.messages import Row
    from device.link.events import LinkEvent
    from device.records import Transaction

PAGE_ROWS = 100
LOOK_S = 0.5
END_S = 2.0
"""What is waited for the last rows at the end."""
EVENT_FIELDS = ("type", "at", "id", "uid", "kind", "door", "reader", "outcome", "reason", "severity", "detail")
NAME_FIELDS = ("person", "badge", "by")
SWIPE_FIELDS = ("type", "at", "door", "reader", "outcome", "reason", "waited_s", "fault")
NOTE_FIELDS = ("type", "at", "text")


class JsonLines:
    """Prints lines; an output that is full or gone ends nothing."""

    def __init__(self, *, names: bool) -> None:
        """`names` adds people, badges and operators, and shows duress."""
        self._names = names
        self._began_s = time.monotonic()

    def note(self, text: str) -> None:
        """What the service says of itself."""
        _put({"type": "note", "at": datetime.now(UTC), "text": str(text)})

    def swipe(self, transaction: "Transaction") -> None:
        """A decision at once, also where there is no database for its row; not one that is only counted."""
        if transaction.counted:
            return
        decision = transaction.decision
        _put(
            {
                "type": "swipe",
                "at": transaction.started_at,
                "door": transaction.door,
                "reader": transaction.reader,
                "outcome": decision.outcome.value,
                "reason": decision.reason.code,
                "waited_s": round(transaction.waited_s, 3),
                "fault": transaction.fault or "",
            }
        )

    @contextmanager
    def following(self, source: "Source", stop: "Stop") -> Iterator[None]:
        """Prints rows in a thread of its own, from those of this life of the service on, until the stop."""
        thread = threading.Thread(target=self._run, args=(source, stop), name="json", daemon=True)
        thread.start()
        yield
        thread.join(END_S)

    def _run(self, source: "Source", stop: "Stop") -> None:
        after: int | None = None
        while not stop.is_set():
            after = self._look(source, after)
            time.sleep(LOOK_S)
        self._look(source, after)

    def _look(self, source: "Source", after: int | None) -> int | None:
        with suppress(LintelError):  # a database that can't be read is a note already
            return self.printed(source, after)
        return after

    def printed(self, source: "Source", after: int | None) -> int:
        """Prints the rows behind a number, at first those since the service began; the number of the newest one.

        Raises `StoreError`.
        """
        if after is None:
            after = self._beginning(source)
        while rows := source.after(after, PAGE_ROWS).rows:
            for row in rows:
                self._event(row)
            after = rows[-1].id
        return min(after, source.before_newest(0))

    def _beginning(self, source: "Source") -> int:
        """The number behind which the rows of this life begin."""
        newest = source.before_newest(0)
        rows = source.after(source.before_newest(PAGE_ROWS), PAGE_ROWS).rows
        for row in reversed(rows):
            if row.boot != rows[-1].boot or row.monotonic_s is None or row.monotonic_s < self._began_s:
                return row.id
        return rows[0].id - 1 if rows else newest

    def _event(self, row: "Row") -> None:
        from device.control.subscriptions import as_seen
        from device.link.events import event_of

        if (seen := as_seen(row, people=self._names, duress=self._names)) is not None:
            _put(event_fields(event_of(seen, names=self._names), names=self._names))


def event_fields(event: "LinkEvent", *, names: bool) -> dict[str, object]:
    """An event by the names of its fields, in their order; those of people only with `names`."""
    wanted = EVENT_FIELDS[1:] + (NAME_FIELDS if names else ())
    return {"type": "event"} | {name: getattr(event, name) for name in wanted}


def _put(fields: dict[str, object]) -> None:
    with suppress(OSError):
        print_json_line(fields)
