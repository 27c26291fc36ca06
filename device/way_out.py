"""One transaction at an exit reader: a badge alone releases, and no missing part may keep anyone in.

No camera, no model and no schedule is asked, and the strike is released before the row is written: safety never waits
for a disk. The answer comes after the row, as long as the store works.
"""

import queue
import threading
from dataclasses import dataclass, replace

from device.at_work import LATE_S, at_work
from device.clock import Stop
from device.door.operation import Door
from device.door_log import DoorLog
from device.failures import in_words
from device.policy.events import BadgeClaimed, ClaimFailed
from device.policy.hearing import begun, hear, outcome
from device.policy.modes import way_out
from device.ports import Clock
from device.records import BadgeRead, Claim, Credential, Decision, Reason, Transaction
from device.store.store import Store

ANSWER_S = 0.4
"""How long the store may take to say whose badge it is; then the badge releases without having been looked up."""
NO_MODEL = ""
"""References don't matter at the way out."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the store says: whose badge it is, if it has a holder, or why it can't say."""

    claim: Claim | None
    fault: str = ""


class BadgeLookup:
    """Looks badges up in a thread of its own, so that a store that is locked or hangs delays no one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: queue.SimpleQueue[tuple[Credential, queue.SimpleQueue[_Found]] | None] = queue.SimpleQueue()
        self._is_idle = threading.Event()
        self._is_idle.set()
        self._thread: threading.Thread | None = None

    def find(self, credential: Credential) -> _Found:
        """What the store says within `ANSWER_S`."""
        if not self._is_idle.is_set():
            return _Found(None, "the store has not answered the last question yet")
        if self._thread is None and not self._begins():
            return _Found(None, "no thread could be started to look it up")
        answer: queue.SimpleQueue[_Found] = queue.SimpleQueue()
        self._is_idle.clear()
        self._asked.put((credential, answer))
        try:
            return answer.get(timeout=ANSWER_S)
        except queue.Empty:
            return _Found(None, f"the store did not answer within {ANSWER_S} s")

    def close(self) -> None:
        """Ends the thread, without waiting for a store that hangs; harmless when repeated."""
        self._asked.put(None)
        if self._thread is not None:
            self._thread.join(ANSWER_S)

    def _begins(self) -> bool:
        """Starts the thread; whether the system let it."""
        thread = threading.Thread(target=self._run, name="exit-lookup", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._thread = thread
        return True

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            credential, answer = asked
            with at_work(LATE_S):
                found = self._looked_up(credential)
            self._is_idle.set()
            answer.put(found)

    def _looked_up(self, credential: Credential) -> _Found:
        try:
            with self._store.people() as people:
                return _Found(people.claim(credential, NO_MODEL))
        except Exception as error:  # whatever fails here, the way out stays free
            return _Found(None, in_words(error))


class WayOut:
    """Carries out transactions at the exit readers of one door."""

    def __init__(self, door: Door, lookup: BadgeLookup, log: DoorLog, clock: Clock) -> None:
        self._door = door
        self._lookup = lookup
        self._log = log
        self._clock = clock

    def swipe(self, badge: BadgeRead, stop: Stop) -> Transaction:
        """Releases for a badge that has a holder, also in lockdown and fault; and for any badge if the store can't
        say whose it is. Unreadable, unknown and revoked badges are denied.
        """
        decided = self._decided(badge)
        if decided.decision.granted and not (not stop.is_set() and self._door.let_out(extended=decided.extended)):
            decided = replace(decided, decision=Decision(Reason.STOPPING if stop.is_set() else Reason.DOOR_FAULT))
        if decided.decision.granted:
            self._door.timed(badge.at)
        transaction = replace(decided, waited_s=self._clock.monotonic() - badge.at)
        if self._log.counts(transaction):
            return replace(transaction, counted=True)
        self._log.keep(transaction)
        if not transaction.fault:
            self._log.settle(ANSWER_S)
        return transaction

    def close(self) -> None:
        """Looks nothing up any more; harmless when repeated."""
        self._lookup.close()

    def _decided(self, badge: BadgeRead) -> Transaction:
        started_at = self._clock.utc()
        showing = begun(badge, way_out(badge.reader), door=self._door.state, now=self._clock.monotonic())
        if badge.credential is not None:
            showing = hear(showing, self._claimed(badge.credential))
        return outcome(showing, started_at, self._door.name)

    def _claimed(self, credential: Credential) -> BadgeClaimed | ClaimFailed:
        found, now = self._lookup.find(credential), self._clock.monotonic()
        if not found.fault:
            return BadgeClaimed(now, found.claim)
        why = f"Released without a look-up: {found.fault.removesuffix('.')}."
        return ClaimFailed(now, Reason.STORE_FAULT, why)
