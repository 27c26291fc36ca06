"""Several readers as one: each is read by a thread of its own, and none can keep the others from being heard."""

import contextlib
import threading

from device.errors import ReaderEnded, ReaderError
from device.ports import Clock
from device.readers.mailbox import Mailbox
from device.readers.part import LOOK_UP_S, Member, Part
from device.records import BadgeRead, ReaderEvent, Signal

END_TIME_S = 2.0
"""A thread that does not end within this hangs in its device, and is left to itself."""


class ReaderGroup:
    """`Reader` of several readers, or of none. One presentation of a badge comes once (`Presentations`); events beyond
    what people can do are dropped and counted (`RateLimit`, `Mailbox`).

    A reader that fails, with whatever, is a trouble and is tried again; the others go on. `show` is called from another
    thread than `read` of the same reader.
    """

    def __init__(self, members: tuple[Member, ...], clock: Clock) -> None:
        """Takes the readers over, and begins to read from them."""
        self._clock = clock
        self._mailbox = Mailbox()
        self._closing = threading.Event()
        self._members = members
        self._parts = tuple(Part(member, self._mailbox, clock, dropped=self.unserved) for member in members)
        self._threads = [
            threading.Thread(target=self._serve, args=(part,), name=f"reader-{number}", daemon=True)
            for number, part in enumerate(self._parts)
        ]
        for thread in self._threads:
            thread.start()

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """The next event of any reader. Raises `ReaderEnded`, each time, once every input has come to its end and all
        that came is taken; whatever else fails is a notice and a `trouble`.
        """
        for part in self._parts:
            part.report_hanging()
        if (event := self._mailbox.take()) is None and self._clock.wait(self._mailbox.filled, timeout_s):
            event = self._mailbox.take()
        return event

    def unserved(self, read: BadgeRead) -> None:
        """A badge was taken by `read` and then dropped: if it still lies there, it comes again."""
        for part in self._parts:
            part.unserved(read)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the readers, as their events name them."""
        return tuple(member.name for member in self._members)

    def wake(self) -> None:
        """Has a `read` that waits, or else the next one, return at once."""
        self._mailbox.wake()

    def trouble(self) -> str:
        """What keeps readers from working, a sentence each that names the reader; empty while all are well."""
        return " ".join(filter(None, (part.trouble() for part in self._parts)))

    @property
    def was_tried(self) -> bool:
        """Whether each reader has been found, or missed, once since the start."""
        return all(part.was_tried for part in self._parts)

    def show(self, signal: Signal) -> None:
        """Shows it on all readers. Raises the last error of those that could not."""
        failure: ReaderError | None = None
        for member in self._members:
            try:
                member.reader.show(signal)
            except ReaderError as error:
                failure = error
        if failure is not None:
            raise failure

    def show_at(self, name: str, signal: Signal) -> None:
        """Shows it on one reader. Raises `ReaderError`."""
        for member in self._members:
            if member.name == name:
                member.reader.show(signal)

    def close(self) -> None:
        """Ends the threads, then closes all readers; harmless when repeated."""
        self._closing.set()
        deadline = self._clock.monotonic() + END_TIME_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.monotonic()))
        with contextlib.ExitStack() as stack:
            for member in self._members:
                stack.callback(member.reader.close)

    def _serve(self, part: Part) -> None:
        """Passes a reader's events on until its input ends, or the group is closed."""
        try:
            while not self._closing.is_set():
                if wait_s := part.step():
                    self._closing.wait(min(wait_s, LOOK_UP_S))
        except ReaderEnded as end:
            if all(part.has_ended for part in self._parts):
                self._mailbox.fail(end)
