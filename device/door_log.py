"""What happened at one door, on its way into the audit: kept in memory until a store takes it, oldest first."""

import math
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from device.door.operation import Door
from device.errors import StoreError
from device.failures import in_words
from device.policy.pacing import Pacing, summary_row
from device.ports import Clock
from device.records import AuditRow, Event, Transaction
from device.store.store import Store
from device.wakeup import Wakeup
from device.whereabouts import NOWHERE, Whereabouts

MAX_WAITING = 1000
"""How many rows wait at most for a store that fails; later ones are counted."""
BATCH = 50
"""How many rows are committed together at most: a slow disk costs one sync for all of them."""


class DoorLog:
    """Takes rows from any thread without ever waiting for a disk; one thread at a time writes them."""

    def __init__(self, door: Door, store: Store, clock: Clock, whereabouts: Whereabouts | None = None) -> None:
        """`whereabouts` hears of each row, to know where people are."""
        self.whereabouts = whereabouts or NOWHERE
        self._door = door
        self._store = store
        self._clock = clock
        self._waiting: deque[AuditRow | Transaction] = deque()
        self._lost = 0
        self._filled = Wakeup()
        self._emptied = Wakeup()
        self.has_writer = False
        """Whether a thread of its own writes this log down."""
        self._pacing = Pacing()
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    def add(self, event: Event, detail: str = "", *, reader: str = "", at: float | None = None, by: str = "") -> None:
        """Something about this door, `at` seconds on the monotonic clock; without it, now; `by` an operator."""
        age_s = 0.0 if at is None else self._clock.monotonic() - at
        when = self._clock.utc() - timedelta(seconds=age_s)
        place = AuditRow(0, when, event, door=self._door.name, reader=reader or None)
        self.keep(replace(place, fault=detail or None, by=by or None))

    def keep(self, row: AuditRow | Transaction) -> None:
        """A row, or a transaction that became one. When there is no room the first ones stay: how it began is worth
        more than how it went on.
        """
        with self._lock:
            if len(self._waiting) < MAX_WAITING:
                self._waiting.append(row)
            else:
                self._lost += 1
            self._emptied.clear()
            self._filled.set()

    def settle(self, within_s: float) -> None:
        """Waits until all rows are committed, at most `within_s` if another thread writes them."""
        if self.has_writer:
            self._clock.wait(self._emptied, within_s)
        else:
            self.write_down()

    def wait_for_rows(self, timeout_s: float) -> None:
        """Until there is something to write, or the time is over."""
        self._clock.wait(self._filled, timeout_s)

    def counts(self, transaction: Transaction) -> bool:
        """Whether a transaction is one of a flood of denials that is only counted; its summary is written later."""
        with self._lock:
            return self._pacing.is_counted(transaction, self._clock.monotonic())

    def write_down(self, *, finally_: bool = False) -> None:
        """Writes what waits, unless another thread is at it; `finally_` also what is still being counted. What the
        store does not take is written later.
        """
        if self._writing.acquire(blocking=False):
            try:
                self._add_summaries(finally_=finally_)
                with suppress(StoreError):
                    self._write()
            finally:
                self._writing.release()

    @property
    def door(self) -> str:
        """The door's name."""
        return self._door.name

    @property
    def waiting(self) -> int:
        """How many rows wait."""
        return len(self._waiting)

    def _add_summaries(self, *, finally_: bool) -> None:
        """Where there is no room for a summary, its count goes on."""
        now, utc = self._clock.monotonic(), self._clock.utc()
        with self._lock:
            for summary in self._pacing.due(math.inf if finally_ else now):
                if len(self._waiting) >= MAX_WAITING:
                    break
                began = utc - timedelta(seconds=now - summary.began_at)
                self._waiting.append(summary_row(summary, began, self._door.name))

    def _write(self) -> None:
        """Raises `StoreError`."""
        self._filled.clear()
        for notice in self._door.notices():
            self.add(notice.event, notice.detail, at=notice.at, by=notice.by)
        while batch := self._oldest():
            try:
                self._commit(batch)
            except StoreError:
                raise
            except Exception:  # a row that no store can take must not keep those behind it waiting for ever
                batch = batch[:1]
                self._commit_or_report(batch[0])
            with self._lock:
                for _ in batch:
                    self._waiting.popleft()
                if not self._waiting:
                    self._emptied.set()
        self._write_lost()

    def _commit(self, rows: Sequence[AuditRow | Transaction]) -> None:
        with self._store.audit() as audit, self._store.places() as places:
            for row in rows:
                if isinstance(row, Transaction):
                    self.whereabouts.record(audit, places, row)
                else:
                    self.whereabouts.heard(places, row, audit.add(row))

    def _commit_or_report(self, row: AuditRow | Transaction) -> None:
        """Raises `StoreError`; of what else goes wrong with a row another row says that it is missing."""
        try:
            self._commit([row])
        except StoreError:
            raise
        except Exception as error:
            self.add(Event.FAULT, f"a row could not be written: {in_words(error)}")

    def _oldest(self) -> tuple[AuditRow | Transaction, ...]:
        with self._lock:
            return tuple(islice(self._waiting, BATCH))

    def _write_lost(self) -> None:
        with self._lock:
            lost, self._lost = self._lost, 0
        if lost:
            self.add(
                Event.FAULT,
                f"{lost} event{'s' * (lost != 1)} lost: more happened than could be kept while the store failed",
            )
            self._write()
