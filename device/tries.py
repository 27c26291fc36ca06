"""Failed tries with each badge: asked before a face or a PIN is taken, and counted with the decision they end in."""

from dataclasses import replace

from device.credentials import format_badge
from device.policy.attempts import FEW, Attempts, LastFailures, Limits, failed_by, stopped_by, used_by
from device.ports import Clock
from device.records import AuditRow, Credential, Event, Factor, Failures, Reason, Transaction
from device.store.audit import Audit
from device.store.counters import Counters

_DISABLED = {
    Factor.FACE: "{} faces in a row did not match: a face counts no more with this badge",
    Factor.PIN: "{} wrong PINs in a row were typed: a PIN counts no more with this badge",
}


class Tries:
    """Those at the ways in of one process. The counts lie in the store, the times of the last ones here."""

    def __init__(self, last: LastFailures, clock: Clock, limits: Limits = FEW) -> None:
        """`limits` are those of the door."""
        self._last = last
        self._clock = clock
        self._limits = limits

    def objections(self, badge: Credential, counters: Counters) -> tuple[Reason | None, Reason | None]:
        """Why a face, and why a PIN, does not count with a badge now."""
        attempts = self._attempts(badge, counters.of(badge))
        now = self._clock.monotonic()
        return attempts.objection(Factor.FACE, now), attempts.objection(Factor.PIN, now)

    def count(self, transaction: Transaction, counters: Counters, audit: Audit, *, but: frozenset[Factor]) -> None:
        """Counts what a decision says, in the transaction that writes it down, with rows of what is worth one: a grant
        after failures, and a factor that counts no more. All but what was counted before.
        """
        badge, decision = transaction.credential, transaction.decision
        if badge is None or transaction.person is None:
            return
        before, after = counters.decided(badge, failed=failed_by(decision) - but, used=used_by(decision))
        if decision.granted and before.since_grant:
            many = "tries" if before.since_grant > 1 else "try"
            what = f"{before.since_grant} failed {many} with this badge since its last grant"
            audit.add(_row(transaction, Event.TRIES_FAILED, what))
        earlier = replace(before, pin=before.pin - 1) if Factor.PIN in but and before.pin else before
        for factor in sorted(stopped_by(earlier, after, self._limits)):
            number = after.face if factor is Factor.FACE else after.pin
            audit.add(_row(transaction, Event.FACTOR_DISABLED, _DISABLED[factor].format(number)))

    def decided(self, transaction: Transaction) -> None:
        """Remembers when a face failed, once that was written down."""
        if transaction.credential is not None and Factor.FACE in failed_by(transaction.decision):
            self._last.failed(transaction.credential, self._clock.monotonic())

    def _attempts(self, badge: Credential, failures: Failures) -> Attempts:
        return self._last.attempts(badge, failures, self._limits)


def _row(transaction: Transaction, event: Event, what: str) -> AuditRow:
    badge, person = transaction.credential, transaction.person
    return AuditRow(
        0,
        transaction.started_at,
        event,
        badge=format_badge(badge) if badge else None,
        person_id=person.id if person else None,
        fault=what,
        door=transaction.door or None,
        reader=transaction.reader or None,
    )
