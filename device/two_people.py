"""Who waits at the readers of one door for a second person: dual custody, and visitors with their hosts.

It is asked in the transaction that writes a decision down. What the first person has shown is kept in memory alone, and
is judged again when the second comes: a badge that was revoked meanwhile makes no pair.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from device.names import name_key
from device.policy.custody import Approval, Awaited, Custody, Pair, Recognized, recognized
from device.policy.rules import group_keys
from device.records import Outcome, Transaction
from device.settings.areas import CustodySettings
from device.store.people import People

NOTHING = Custody()


@dataclass(frozen=True, slots=True)
class Comer:
    """A transaction that may be granted: when its badge came, on the monotonic clock, and whether it still may be."""

    transaction: Transaction
    badge_at: float
    still: Callable[[People], bool]

    @property
    def recognized(self) -> Recognized | None:
        """As `device.policy.custody` knows the person; None if none is let in."""
        person = self.transaction.person
        if person is None or not self.transaction.decision.granted:
            return None
        verdict_at = self.badge_at + self.transaction.waited_s
        return Recognized(person.id, group_keys(self.transaction.groups), self.badge_at, verdict_at)


@dataclass(slots=True)
class _First:
    awaited: Awaited
    comer: Comer
    row: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of a transaction; where two people may pass together, also what the first showed, and in which row
    of the audit.
    """

    transaction: Transaction
    first_row: int = 0
    first: Transaction | None = None


class TwoPeople:
    """Those who wait at the readers of one door. One thread uses it."""

    def __init__(self, custody: Custody = NOTHING) -> None:
        self._custody = custody
        self._waiting: dict[str, _First] = {}

    def judged(self, comer: Comer, people: People) -> Judged:
        """A grant stays one where one person is enough, or if the second of two has come; else it waits as a denial.

        What one of two is forced to, or needs more time for, counts for the pair.
        """
        now, reader = comer.recognized, comer.transaction.reader
        if now is None or self._custody == NOTHING:
            return Judged(comer.transaction)
        first = self._waiting.pop(reader, None)
        if first is not None and not first.comer.still(people):
            first = None
        found = recognized(self._custody, first.awaited if first else None, now)
        if isinstance(found, Awaited):
            self._waiting[reader] = _First(found, comer)
            return Judged(_waits(comer.transaction, found))
        if first is None or not isinstance(found, Pair):
            return Judged(comer.transaction)
        shown, other = comer.transaction, first.comer.transaction
        is_forced = shown.decision.duress or other.decision.duress
        is_slow = shown.extended or other.extended
        pair = replace(shown, decision=replace(shown.decision, duress=is_forced), extended=is_slow)
        if shown.ruling is not None:  # in a lockdown both have to be such as may pass
            both_pass = shown.passes_lockdown and other.passes_lockdown
            pair = replace(pair, ruling=replace(shown.ruling, passes=both_pass))
        return Judged(pair, first.row, other)

    def written(self, transaction: Transaction, row: int) -> None:
        """The decision is in the audit, in that row."""
        first = self._waiting.get(transaction.reader)
        if first is not None and transaction.decision.reason is first.awaited.reason:
            first.row = row

    def forget(self, reader: str) -> None:
        """No one waits at this reader any more, as what they showed was not written down."""
        self._waiting.pop(reader, None)


def custody_of(settings: CustodySettings) -> Custody:
    """What the settings of a door demand of two people. A group is the same however it is typed."""
    return Custody(
        settings.dual,
        settings.within_s,
        name_key(settings.approvers),
        Approval(settings.approval),
        name_key(settings.visitors),
        name_key(settings.hosts),
    )


def _waits(transaction: Transaction, awaited: Awaited) -> Transaction:
    denied = replace(transaction.decision, reason=awaited.reason, outcome=Outcome.DENIED)
    return replace(transaction, decision=denied)
