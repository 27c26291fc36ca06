"""Reads the audit for the subscriptions, in a thread of its own: nothing else here waits for the store.

Rows are looked for where the store's files have changed, whichever process has written, and once a second in any case.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from device.at_work import at_work
from device.control.messages import Row
from device.errors import LintelError, StoreError
from device.failures import in_words

PAGE_ROWS = 100
"""Rows read at once: SQLite's lock is held for no longer than that takes."""
POLL_S = 0.05
"""How often the store's files are looked at while there are subscribers."""
LOOK_S = 1.0
"""How often the rows are looked at even if the files seem unchanged: their times are coarse."""
REST_S = 0.01
"""Pause after a whole page: who catches up with a million rows leaves the processor to the doors in between."""
SILENT_S = 30.0
"""A look that takes longer than this hangs, seconds."""
RETRY_S = 0.5
"""Pause before the store is asked again after it failed."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows in the order of their numbers, and the number of the newest row that there is."""

    rows: tuple[Row, ...]
    end: int


class Source(Protocol):
    """Where rows come from. What it raises is a `LintelError`."""

    def after(self, row: int, count: int) -> Page:
        """At most `count` rows behind that number."""

    def before_newest(self, count: int) -> int:
        """The number behind which the newest `count` rows are."""

    def signature(self) -> object:
        """Something that differs once rows may have been committed. Takes no lock and reads no row."""


class NoSource:
    """`Source` of a service that has no store yet."""

    def after(self, row: int, count: int) -> Page:  # noqa: ARG002
        """Raises `StoreError`."""
        raise _no_store()

    def before_newest(self, count: int) -> int:  # noqa: ARG002
        """Raises `StoreError`."""
        raise _no_store()

    def signature(self) -> object:
        """Never changes."""
        return None


def _no_store() -> StoreError:
    return StoreError("The service has only just started and has no store yet.", hint="Wait a few seconds.")


NOTHING = NoSource()


@dataclass(frozen=True, slots=True)
class After:
    """A wish for the rows behind a number."""

    row: int


@dataclass(frozen=True, slots=True)
class Newest:
    """A wish to know behind which number the newest rows are."""

    count: int


Wish = After | Newest


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a wish: rows, or the number behind which to begin; or why there is nothing."""

    wish: Wish
    page: Page | None = None
    begins_after: int = 0
    trouble: str = ""


def _place(wish: Wish) -> float:
    return wish.row if isinstance(wish, After) else math.inf


class Feed:
    """The thread that reads. `want` and `silent_s` are for other threads."""

    def __init__(self, source: Source, deliver: Callable[[Finding], None], poll_s: float = POLL_S) -> None:
        """`deliver` is called in this thread with what was found, and with the first trouble and each after a wait."""
        self._source = source
        self._deliver = deliver
        self._poll_s = poll_s
        self._wanted: frozenset[Wish] = frozenset()
        self._is_wanted = threading.Event()
        self._is_ending = False
        self._asked_at: float | None = None
        self._done: set[Wish] = set()
        self._signature: object = None
        self._looked_at = 0.0
        self._is_catching_up = False
        self._thread = threading.Thread(target=self._run, name="events-store", daemon=True)
        self._thread.start()

    def want(self, wishes: frozenset[Wish]) -> None:
        """What is read from now on."""
        if wishes != self._wanted:
            self._wanted = wishes
            self._is_wanted.set()

    def silent_s(self) -> float:
        """For how long the store has not answered; 0 if it isn't asked."""
        asked_at = self._asked_at
        return 0.0 if asked_at is None else time.monotonic() - asked_at

    def end(self) -> None:
        """Reads nothing more."""
        self._is_ending = True
        self._is_wanted.set()

    def join(self, deadline: float) -> None:
        """Waits for the read under way, until `deadline` on the monotonic clock: a store may hang."""
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while not self._is_ending:
            wishes = self._wanted
            self._is_wanted.wait(self._poll_s if wishes else None)
            self._is_wanted.clear()
            with at_work(SILENT_S):
                self._look(self._wanted)
            if self._is_catching_up and not self._is_ending:
                self._is_catching_up = False
                time.sleep(REST_S)

    def _look(self, wishes: frozenset[Wish]) -> None:
        """Reads what may have come, for those who have most already first: old rows that can't be read hold up no new
        ones. After a failure, rests.
        """
        try:
            self._asked_at = time.monotonic()
            self._forget_if_changed()
            for wish in sorted(wishes - self._done, key=_place, reverse=True):
                self._asked_at = time.monotonic()
                self._deliver(self._found(wish))
                if self._is_ending:
                    return
        except LintelError as error:
            self._fail(wishes, error.message)
        except Exception as error:  # the next look may do
            self._fail(wishes, f"The audit can't be read: {in_words(error)}.")
        finally:
            self._asked_at = None

    def _forget_if_changed(self) -> None:
        signature, now = self._source.signature(), time.monotonic()
        if signature != self._signature or now - self._looked_at >= LOOK_S:
            self._signature, self._looked_at = signature, now
            self._done.clear()

    def _found(self, wish: Wish) -> Finding:
        if isinstance(wish, Newest):
            return Finding(wish, begins_after=self._source.before_newest(wish.count))
        page = self._source.after(wish.row, PAGE_ROWS)
        if not page.rows:
            self._done.add(wish)
        self._is_catching_up = self._is_catching_up or len(page.rows) >= PAGE_ROWS
        return Finding(wish, page)

    def _fail(self, wishes: frozenset[Wish], what: str) -> None:
        self._asked_at = None
        self._done.clear()
        for wish in wishes:
            self._deliver(Finding(wish, trouble=what))
        time.sleep(0 if self._is_ending else min(RETRY_S, 10 * self._poll_s))
