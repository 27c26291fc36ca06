"""Two people for one passage: dual custody, where both show who they are, and a visitor with a host. Pure.

Who has been recognized waits at the reader for the second, whose own transaction is as any other. Times are seconds on
the monotonic clock, and nothing outlasts a restart: what the first has shown is forgotten with the process.
"""

from dataclasses import dataclass
from enum import StrEnum

from device.records import Reason

TOGETHER_S = 15.0
"""From the first person's verdict to the second's badge, where the settings say nothing else."""


class Approval(StrEnum):
    """Which of the two has to be of the approval group."""

    ONE = "one"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Custody:
    """What a door demands of two people. Without `is_dual` and `visitors` it demands nothing."""

    is_dual: bool = False
    within_s: float = TOGETHER_S
    approvers: str = ""
    """The group that has to approve; empty: none has to."""
    approval: Approval = Approval.ONE
    visitors: str = ""
    """The group whose members come in with a host alone; empty: none."""
    hosts: str = ""
    """The group of those who may be hosts; empty: all who are no visitors."""


@dataclass(frozen=True, slots=True)
class Recognized:
    """A person whose transaction would have been granted: who, and when the badge and the verdict came."""

    person_id: int
    groups: frozenset[str]
    badge_at: float
    verdict_at: float
    row: int = 0
    """The audit row of that, 0 until it is written."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people who may pass together, in the order in which they came."""

    first: Recognized
    second: Recognized


@dataclass(frozen=True, slots=True)
class Awaited:
    """The first of two, and why one is not enough: SECOND_AWAITED or HOST_AWAITED."""

    first: Recognized
    reason: Reason

    def until(self, custody: Custody) -> float:
        """When the second's badge comes too late."""
        return self.first.verdict_at + custody.within_s


def recognized(custody: Custody, waiting: Awaited | None, now: Recognized) -> Awaited | Pair | None:
    """What comes of a person who has just been recognized: None to pass alone, a pair, or who waits from now on.

    Whoever waits is paired if the badge now came in time and is another person's; else this one is the first.
    """
    is_in_time = waiting is not None and waiting.first.verdict_at <= now.badge_at <= waiting.until(custody)
    if waiting is not None and is_in_time and _go_together(custody, waiting, now):
        return Pair(waiting.first, now)
    if _is_visitor(custody, now.groups):
        return Awaited(now, Reason.HOST_AWAITED)
    return Awaited(now, Reason.SECOND_AWAITED) if custody.is_dual else None


def _go_together(custody: Custody, waiting: Awaited, now: Recognized) -> bool:
    first = waiting.first
    if first.person_id == now.person_id:
        return False
    if waiting.reason is Reason.HOST_AWAITED and not _is_host(custody, now.groups):
        return False
    if _is_visitor(custody, now.groups):  # the visitor comes first, and a visitor is no one's second
        return False
    return not custody.is_dual or _is_approved(custody, first, now)


def _is_approved(custody: Custody, first: Recognized, last: Recognized) -> bool:
    if not custody.approvers:
        return True
    by_last = custody.approvers in last.groups
    return by_last or (custody.approval is Approval.ONE and custody.approvers in first.groups)


def _is_visitor(custody: Custody, groups: frozenset[str]) -> bool:
    return bool(custody.visitors) and custody.visitors in groups


def _is_host(custody: Custody, groups: frozenset[str]) -> bool:
    return not _is_visitor(custody, groups) and (not custody.hosts or custody.hosts in groups)
