"""From a verdict to the strike: a decision is committed to the audit, and only then does a grant release the door."""

from dataclasses import replace

from device.clock import Stop
from device.door.operation import Door
from device.door_log import DoorLog
from device.failures import in_words
from device.policy.decision import door_refusal, refusal
from device.ports import Clock
from device.records import Claim, Decision, Event, Reason, Transaction
from device.store.people import People
from device.store.store import Store

MAX_LATE_S = 3.0
"""A grant that took longer to be written down is withdrawn: the person seen may have left."""


class CarryOut:
    """Carries out what was decided at the way in of one door, one transaction at a time."""

    def __init__(self, door: Door, store: Store, log: DoorLog, clock: Clock) -> None:
        """`log` takes what can't be written down at once."""
        self._door = door
        self._store = store
        self._log = log
        self._clock = clock

    def carry_out(
        self, decided: Transaction, badge_at: float, *, claim: Claim | None, model_sha256: str, stop: Stop
    ) -> Transaction:
        """What became of it. The badge was presented at `badge_at`, the verdict reached `waited_s` after it, both on
        the monotonic clock. `claim` is what the store said then.

        What can't be written down is denied; a grant is withdrawn if the badge was revoked or a reference removed
        meanwhile, if it took too long to be written down, if a request to stop came, or if the door doesn't carry it
        out.
        """
        transaction, row = self._recorded(decided, badge_at, claim, model_sha256)
        if not transaction.decision.granted:
            return transaction
        late_s = self._clock.monotonic() - badge_at - transaction.waited_s
        if late_s > MAX_LATE_S:
            why = f"The store took {late_s:.1f} s to write the decision down."
            return replace(self._withdrawn(transaction, Reason.STORE_FAULT), fault=why)
        if not stop.is_set() and self._door.grant(extended=transaction.extended, row=row):
            return transaction
        return self._withdrawn(transaction, self._objection(stop) or Reason.DOOR_INTERLOCKED)

    def _objection(self, stop: Stop) -> Reason | None:
        """What keeps the door itself from letting anyone in just now."""
        return Reason.STOPPING if stop.is_set() else door_refusal(self._door.state)

    def _recorded(
        self, transaction: Transaction, badge_at: float, claim: Claim | None, model_sha256: str
    ) -> tuple[Transaction, int]:
        """With its row in the audit, 0 for none.

        What could not be written down did not happen: it becomes a denial, whose row is written later. A flood of
        denials is only counted.
        """
        if self._log.counts(transaction):
            return replace(transaction, counted=True), 0
        if transaction.decision.reason is Reason.STORE_FAULT:  # asking again would keep them waiting as long again
            self._log.keep(transaction)
            return transaction, 0
        try:
            with (
                self._store.writing(),
                self._store.people() as people,
                self._store.audit() as audit,
                self._store.places() as places,
            ):
                transaction = _still_entitled(transaction, people, claim, model_sha256)
                return transaction, self._log.whereabouts.record(audit, places, transaction)
        except Exception as error:  # whatever a damaged store comes up with, a door that is up denies
            waited_s = self._clock.monotonic() - badge_at
            decision = Decision(Reason.STORE_FAULT)
            denied = replace(transaction, decision=decision, fault=in_words(error), waited_s=waited_s)
            self._log.keep(denied)
            return denied, 0

    def _withdrawn(self, transaction: Transaction, reason: Reason) -> Transaction:
        """A grant that became impossible while it was written down: the audit says that nothing was released."""
        self._log.add(Event.FAULT, f"The last grant was not carried out: {reason.code}.")
        self._log.write_down()
        return replace(transaction, decision=Decision(reason))


def _still_entitled(transaction: Transaction, people: People, before: Claim | None, model_sha256: str) -> Transaction:
    """A grant becomes a denial if the badge was revoked, the person erased or one of the references removed while they
    stood at the door.
    """
    if not transaction.decision.granted or transaction.credential is None:
        return transaction
    claim = people.claim(transaction.credential, model_sha256)
    reason = refusal(claim)
    if claim and transaction.person and claim.person.id != transaction.person.id:
        reason = Reason.BADGE_UNKNOWN
    if claim and before and not reason and not _vectors(before) <= _vectors(claim):
        reason = Reason.NON_MATCH
    return replace(transaction, decision=Decision(reason)) if reason else transaction


def _vectors(claim: Claim) -> frozenset[bytes]:
    return frozenset(vector.tobytes() for vector in claim.references)
