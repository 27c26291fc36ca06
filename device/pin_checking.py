"""Compares typed PINs with those of the badge's holder, one at a time, in a thread of its own.

A comparison is made slow on purpose, so the door's loop never waits for one. `Access` asks when a PIN is complete, and
hears the answer later.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from device.at_work import LATE_S, at_work
from device.errors import KeyMissing
from device.failures import in_words
from device.records import Person, PinAnswer, Reason
from device.store.pins import NO_PIN, USUAL, Cost, Pins, answer

MOST_WAITING = 16
"""PINs that wait to be compared, more than there are readers; what comes then is not compared."""
_NO_SECRET = bytes(32)
"""For a person without a PIN: a store without any has no key, and needs none."""
_JOIN_S = 2.0


@dataclass(frozen=True, slots=True)
class PinCheckFailed:
    """No comparison was possible: KEY_MISSING or STORE_FAULT, and why, in words without personal data."""

    reason: Reason
    fault: str


Then = Callable[[PinAnswer | PinCheckFailed], None]


class PinStore(Protocol):
    """What the checks need of a store."""

    def pins(self) -> contextlib.AbstractContextManager[Pins]:
        """The PINs, in one transaction."""


@dataclass(frozen=True, slots=True)
class _Question:
    person: Person
    digits: str = field(repr=False)
    then: Then


def checked(store: PinStore, person: Person, digits: str, cost: Cost = USUAL) -> PinAnswer | PinCheckFailed:
    """Compares now, whatever it takes, and never raises. Digits that can't be a PIN take as long as any."""
    try:
        with store.pins() as pins:
            known = pins.of(person)
            secret = _NO_SECRET if known == NO_PIN else pins.secret
        return answer(digits, known, secret, cost)
    except KeyMissing as error:
        return PinCheckFailed(Reason.KEY_MISSING, error.message)
    except Exception as error:  # whatever a damaged store comes up with, a door that is up denies
        return PinCheckFailed(Reason.STORE_FAULT, in_words(error))


class PinChecks:
    """Answers in its own thread, in the order asked. Thread-safe."""

    def __init__(self, store: PinStore, cost: Cost = USUAL) -> None:
        self._store = store
        self._cost = cost
        self._waiting: deque[_Question] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def ask(self, person: Person, digits: str, then: Then) -> None:
        """Has digits compared with the PINs of a person; `then` is called with the answer, from another thread.

        Give "" for an entry of a length that no PIN has: it is wrong, in the usual time.
        """
        with self._changed:
            has_room = len(self._waiting) < MOST_WAITING and not self._is_closed
            if has_room:
                self._waiting.append(_Question(person, digits, then))
                self._start()
                self._changed.notify()
        if not has_room:
            then(PinCheckFailed(Reason.STORE_FAULT, "Too many PINs wait to be compared."))

    def close(self) -> None:
        """Answers what waits no more, and ends; harmless when repeated."""
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pins", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        for question in self._questions():
            with at_work(LATE_S):
                found = checked(self._store, question.person, question.digits, self._cost)
            with contextlib.suppress(Exception):  # a door that can't be answered must not leave the others without one
                question.then(found)

    def _questions(self) -> Iterator[_Question]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if self._is_closed:
                    return
                question = self._waiting.popleft()
            yield question


class PinChecksInTurn:
    """The same without a thread, for a door that is simulated step by step: the answer is there when `ask` ends."""

    def __init__(self, store: PinStore, cost: Cost = USUAL) -> None:
        self._store = store
        self._cost = cost

    def ask(self, person: Person, digits: str, then: Then) -> None:
        """Compares, and calls `then`."""
        then(checked(self._store, person, digits, self._cost))

    def close(self) -> None:
        """Nothing to end."""
