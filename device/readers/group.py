"""Several readers as one: each is read by a thread of its own, and none can keep the others from being heard."""

import contextlib
import math
import threading

from device.errors import ReaderEnded, ReaderError
from device.ports import Clock, Reader
from device.readers.mailbox import Mailbox
from device.readers.rate_limit import Intake
from device.records import ReaderEvent, Signal

LOOK_UP_S = 0.25
"""So often a thread looks whether it should end."""
DROPS_TOGETHER = 100
REST_S = 0.01
"""A reader that floods is left alone for so long whenever so many of its events in a row were dropped."""
END_TIME_S = 2.0
"""A thread that does not end within this hangs in its device, and is left to itself."""


class ReaderGroup:
    """`Reader` of several readers. Events beyond what people can do are dropped and counted (`Intake`, `Mailbox`).

    `show` is called from another thread than `read` of the same reader.
    """

    def __init__(self, readers: tuple[Reader, ...], clock: Clock) -> None:
        """Takes the readers over, and begins to read from them."""
        self._readers = readers
        self._clock = clock
        self._mailbox = Mailbox()
        self._closing = threading.Event()
        self._beats = [clock.monotonic()] * len(readers)
        self._left = set(range(len(readers)))
        self._threads = [
            threading.Thread(target=self._serve, args=(number, reader), name=f"reader-{number}", daemon=True)
            for number, reader in enumerate(readers)
        ]
        for thread in self._threads:
            thread.start()

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """The next event of any reader. Raises the first error of any once all that came is taken, each time; an input
        that has come to its end is none as long as there are others.
        """
        if (event := self._mailbox.take()) is None and self._clock.wait(self._mailbox.filled, timeout_s):
            event = self._mailbox.take()
        return event

    def show(self, signal: Signal) -> None:
        """Shows it on all readers. Raises the last error of those that could not."""
        failure: ReaderError | None = None
        for reader in self._readers:
            try:
                reader.show(signal)
            except ReaderError as error:
                failure = error
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Ends the threads, then closes all readers; harmless when repeated."""
        self._closing.set()
        deadline = self._clock.monotonic() + END_TIME_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.monotonic()))
        with contextlib.ExitStack() as stack:
            for reader in self._readers:
                stack.callback(reader.close)

    @property
    def last_beat(self) -> float:
        """When the slowest thread last came round, in seconds on the clock: one that is several seconds late hangs in
        its device.
        """
        return min(self._beats)

    def _serve(self, number: int, reader: Reader) -> None:
        """Passes a reader's events on until it fails, with whatever, or the group is closed."""
        intake, in_a_row = Intake(), 0
        try:
            while not self._closing.is_set():
                event, now = reader.read(LOOK_UP_S), self._clock.monotonic()
                self._beats[number] = now
                if event is not None and intake.lets_in(event, now):
                    self._mailbox.put(event)
                    in_a_row = 0
                elif event is not None and (in_a_row := in_a_row + 1) % DROPS_TOGETHER == 0:
                    self._clock.sleep(REST_S)
                if report := intake.report(now):
                    self._mailbox.put(report)
        except ReaderEnded as end:
            self._left.discard(number)
            self._beats[number] = math.inf
            if not self._left:
                self._mailbox.fail(end)
        except Exception as failure:
            self._mailbox.fail(failure)
