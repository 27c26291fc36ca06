"""From a verdict to the strike: a decision is committed to the audit, and only then does a grant release the door."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from device.clock import Stop
from device.door.operation import Door
from device.door_log import DoorLog
from device.failures import in_words
from device.policy.decision import door_refusal, refusal, validity_refusal
from device.ports import Clock
from device.records import AuditRow, Claim, Decision, Event, Factor, Reason, Ruling, Transaction
from device.store.audit import Audit
from device.store.people import People
from device.store.places import Places
from device.store.store import Store
from device.tries import Tries
from device.two_people import Comer, Judged, TwoPeople

MAX_LATE_S = 3.0
"""A grant that took longer to be written down is withdrawn: the person seen may have left."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a verdict rests on: what the store said of the badge, with references of which model, what the rules say of
    its holder now, and the readings of the time when it came, UTC.
    """

    claim: Claim | None
    model_sha256: str = ""
    ruling: Callable[[Claim], Ruling] | None = None
    came_at: tuple[datetime, ...] = ()
    tries: Tries | None = None
    """Where failed tries are counted; None at a way out."""
    counted: frozenset[Factor] = frozenset()
    """The factors of which a failure was counted already."""


class CarryOut:
    """Carries out what was decided at the way in of one door, one transaction at a time."""

    def __init__(
        self, door: Door, store: Store, log: DoorLog, clock: Clock, two_people: TwoPeople | None = None
    ) -> None:
        """`log` takes what can't be written down at once; `two_people` knows who waits for a second person."""
        self._two_people = two_people or TwoPeople()
        self._door = door
        self._store = store
        self._log = log
        self._clock = clock

    def carry_out(self, decided: Transaction, badge_at: float, *, before: Before, stop: Stop) -> Transaction:
        """What became of it. The badge was presented at `badge_at`, the verdict reached `waited_s` after it, both on
        the monotonic clock.

        What can't be written down is denied; a grant is withdrawn if the badge was revoked, a reference removed or a
        rule changed meanwhile, if it took too long to be written down, if a request to stop came, or if the door
        doesn't carry it out.
        """
        transaction, row = self._recorded(decided, badge_at, before)
        if not transaction.decision.granted:
            return transaction
        late_s = self._clock.monotonic() - badge_at - transaction.waited_s
        if late_s > MAX_LATE_S:
            why = f"The store took {late_s:.1f} s to write the decision down."
            return replace(self._withdrawn(transaction, Reason.STORE_FAULT, row), fault=why)
        if not stop.is_set() and self._granted(transaction, row):
            self._door.timed(badge_at)
            return transaction
        return self._withdrawn(transaction, self._objection(stop) or Reason.DOOR_INTERLOCKED, row)

    def _granted(self, transaction: Transaction, row: int) -> bool:
        leads, passes = _leads(transaction), transaction.passes_lockdown
        return self._door.grant(extended=transaction.extended, row=row, leads=leads, passes=passes)

    def _objection(self, stop: Stop) -> Reason | None:
        """What keeps the door itself from letting anyone in just now."""
        return Reason.STOPPING if stop.is_set() else door_refusal(self._door.state)

    def _recorded(self, transaction: Transaction, badge_at: float, before: Before) -> tuple[Transaction, int]:
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
                self._store.counters() as counters,
            ):
                entitled = _still_entitled(transaction, people, before)
                judged = Judged(entitled)
                if before.tries is not None:  # at the way out one person is enough
                    judged = self._two_people.judged(Comer(entitled, badge_at, _again(entitled, before)), people)
                    judged = self._with_room(judged, places)
                row = self._log.whereabouts.record(audit, places, judged.transaction, judged.first)
                self._two_people.written(judged.transaction, row)
                if before.tries is not None:
                    before.tries.count(entitled, counters, audit, but=before.counted)
                if judged.first_row:
                    audit.add(_pair_row(judged, row))
                return _with_violation(judged.transaction, audit, row), row
        except Exception as error:  # whatever a damaged store comes up with, a door that is up denies
            self._two_people.forget(transaction.reader)
            waited_s = self._clock.monotonic() - badge_at
            decision = Decision(Reason.STORE_FAULT)
            denied = replace(transaction, decision=decision, fault=in_words(error), waited_s=waited_s)
            self._log.keep(denied)
            return denied, 0

    def _with_room(self, judged: Judged, places: Places) -> Judged:
        """A pair that has no room for both is refused."""
        first = judged.first
        if first is None or self._log.whereabouts.has_room(places, judged.transaction, first):
            return judged
        before = judged.transaction.decision
        decision = Decision(Reason.AREA_FULL, mode=before.mode, duress=before.duress)
        return Judged(replace(judged.transaction, decision=decision))

    def _withdrawn(self, transaction: Transaction, reason: Reason, row: int) -> Transaction:
        """A grant that became impossible while it was written down: the audit says that nothing was released, and no
        one counts as having passed.
        """
        with suppress(Exception), self._store.places() as places:  # a damaged store keeps the denial from no one
            places.withdraw(row)
        self._log.add(Event.FAULT, f"The last grant was not carried out: {reason.code}.")
        self._log.write_down()
        return replace(transaction, decision=Decision(reason))


def _leads(transaction: Transaction) -> bool:
    """Whether this person begins a first-in release: with all that the rules demand, and not under duress."""
    ruling, decision = transaction.ruling, transaction.decision
    if ruling is None or ruling.mode is None or decision.duress:
        return False
    return ruling.leads and not ruling.mode.missing(decision.shown)


def _with_violation(transaction: Transaction, audit: Audit, row: int) -> Transaction:
    """Who should have been elsewhere begins no first-in release, wherever a violation is only reported."""
    ruling = transaction.ruling
    if ruling is None or not ruling.leads:
        return transaction
    violates = any(one.event is Event.ANTIPASSBACK_VIOLATED for one in audit.after(row, 1))
    return replace(transaction, ruling=replace(ruling, leads=False)) if violates else transaction


def _again(transaction: Transaction, before: Before) -> Callable[[People], bool]:
    """Whether it would still be granted, asked later."""
    return lambda people: _still_entitled(transaction, people, before).decision.granted


def _pair_row(judged: Judged, row: int) -> AuditRow:
    """That two people may pass together, by the rows of both."""
    done = judged.transaction
    detail = f"rows {judged.first_row} and {row}"
    return AuditRow(
        0, done.started_at, Event.TWO_PEOPLE, fault=detail, door=done.door or None, reader=done.reader or None
    )


def _still_entitled(transaction: Transaction, people: People, before: Before) -> Transaction:
    """A grant becomes a denial if the badge was revoked, the person erased, a right taken away or what they showed
    removed while they stood at the door.
    """
    if not transaction.decision.granted or transaction.credential is None:
        return transaction
    claim = people.claim(transaction.credential, before.model_sha256)
    reason = _objection(transaction, claim, before)
    return replace(transaction, decision=Decision(reason, mode=transaction.decision.mode)) if reason else transaction


def _objection(transaction: Transaction, claim: Claim | None, before: Before) -> Reason | None:
    """Why a grant does not hold any more."""
    if claim is None or refusal(claim):
        return refusal(claim)
    if transaction.person and claim.person.id != transaction.person.id:
        return Reason.BADGE_UNKNOWN
    if reason := validity_refusal(claim, before.came_at):
        return reason
    shown = transaction.decision.shown
    if (gone := _gone(shown, claim, before.claim)) or before.ruling is None:
        return gone
    ruling = before.ruling(claim)
    if transaction.passes_lockdown and ruling.mode is not None and not ruling.passes:
        return Reason.RULE_DENIES
    return _missing(shown, ruling)


def _gone(shown: frozenset[Factor], claim: Claim, before: Claim | None) -> Reason | None:
    """Why what was shown does not count any more."""
    if Factor.PIN in shown and before is not None and before.has_pin and not claim.has_pin:
        return Reason.NO_PIN
    if Factor.FACE not in shown:
        return None
    if len(claim.references) == 0:
        return Reason.NO_REFERENCES
    return Reason.NON_MATCH if before is not None and not _vectors(before) <= _vectors(claim) else None


def _missing(shown: frozenset[Factor], ruling: Ruling) -> Reason | None:
    """What the rules demand that was not shown."""
    if ruling.mode is None:
        return ruling.reason
    missing = ruling.mode.missing(shown)
    if not missing:
        return None
    return Reason.NO_FACE if Factor.FACE in missing else Reason.PIN_MISSING


def _vectors(claim: Claim) -> frozenset[bytes]:
    return frozenset(vector.tobytes() for vector in claim.references)
