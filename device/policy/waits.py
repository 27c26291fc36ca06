"""How long a badge waits after presentation attacks: two in a row, and the next try waits. Values and a time; no I/O.

A wrong angle is tried again at once; an attack is not tried ten times for free. `device.access` hears of each
transaction here, and after a start asks the audit what was before.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from device.records import AuditRow, Credential, Decision, Reason

WAIT_S = 30.0
"""From the last of the attacks to the next try."""
IN_A_ROW = 2
"""After how many; a grant ends the row."""
ATTACKS = frozenset({Reason.PRESENTATION_ATTACK, Reason.TURN_NOT_MADE})
"""Refusals that count. A try that has to wait does not, nor a face that was not seen well."""


@dataclass(frozen=True, slots=True)
class Tries:
    """Attacks with one badge since its last grant: how many, and how long ago the last one was, seconds."""

    attacks: int = 0
    ago_s: float = 0.0


def tries_in(rows: Sequence[AuditRow], now: datetime) -> Tries:
    """Those that decisions on one badge speak of, the newest first; `now` is UTC."""
    attacks: list[AuditRow] = []
    for row in rows:
        if row.reason in (Reason.MATCH, Reason.DURESS):
            break
        if row.reason in ATTACKS:
            attacks.append(row)
    if not attacks:
        return Tries()
    decided_at = attacks[0].at + timedelta(seconds=attacks[0].waited_s or 0.0)
    return Tries(len(attacks), (now - decided_at).total_seconds())


class Waits:
    """Those of all badges at the doors of one process. Thread-safe; times are seconds on the monotonic clock."""

    def __init__(self) -> None:
        self._attacks: dict[Credential, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def knows(self, badge: Credential) -> bool:
        """Whether anything is known of it since the start."""
        return badge in self._attacks

    def remember(self, badge: Credential, before: Tries, now: float) -> None:
        """What was before the start, unless more is known. A time in the future, of a clock that was set back, is now:
        the wait is never longer.
        """
        with self._lock:
            self._attacks.setdefault(badge, (before.attacks, now - max(0.0, before.ago_s)))

    def decided(self, badge: Credential, decision: Decision, now: float) -> None:
        """After a transaction at a way in."""
        with self._lock:
            attacks, _ = self._attacks.get(badge, (0, now))
            if decision.granted:
                self._attacks[badge] = (0, now)
            elif decision.reason in ATTACKS:
                self._attacks[badge] = (attacks + 1, now)

    def has_to_wait(self, badge: Credential, now: float) -> bool:
        """Whether a try `now` comes too soon."""
        attacks, last_at = self._attacks.get(badge, (0, now))
        return attacks >= IN_A_ROW and now - last_at < WAIT_S
