"""How often one may try: by badge and factor, and by reader. Values and a time; no I/O.

After 5 faces in a row that failed, 30 s pass before the next one counts, twice as long after each further one, up to
15 min; after 50 a face counts no more with that badge. After 10 wrong PINs in a row a PIN counts no more with it. A
badge's counts hold up no other badge.

What counts as a failure of the face: a non-match, a presentation attack, a turn that was not made. What does not: no
face in view, a bad picture, a fault, a try that came too soon. Nothing at an exit reader counts.

Counts are kept in the store, so that they survive a restart. The waits run on the monotonic clock, which a restart
begins again: a wait that was under way then lasts its whole time from the start of the process.
"""

import math
import threading
from dataclasses import dataclass, field, replace
from typing import assert_never

from device.records.badges import Credential
from device.records.decisions import Decision
from device.records.modes import Factor
from device.records.pins import NO_FAILURES, Failures, PinAnswer
from device.records.reasons import Reason

FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 900.0
MOST_PINS = 10
"""Wrong PINs in a row after which a PIN counts no more."""
FACE_FAILURES = frozenset({Reason.NON_MATCH, Reason.PRESENTATION_ATTACK, Reason.TURN_NOT_MADE})
"""Refusals that say that another face, or none, was held up."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Failures of the face in a row: from how many on the next try waits, and after how many a face counts no more."""

    waits_after: int = 5
    stops_after: int = 50


FEW = Limits()
"""Everywhere, whatever the door does against presentation attacks."""
MORE = Limits(10, 100)
"""At a door alone whose own measurement has shown that of each kind of attack fewer than 7 % are taken for a person."""


def failed_by(decision: Decision) -> frozenset[Factor]:
    """The factors that a decision counts against: a face that did not match, whatever the reason became, or though a
    PIN was enough; and a wrong PIN, though a face was.
    """
    is_other = decision.evidence is not None and not decision.evidence.matches
    face = {Factor.FACE} if is_other or decision.reason in FACE_FAILURES else set()
    is_wrong = decision.pin is PinAnswer.WRONG or decision.reason is Reason.PIN_WRONG
    return frozenset(face | ({Factor.PIN} if is_wrong else set()))


def used_by(decision: Decision) -> frozenset[Factor]:
    """The factors that a grant rests on; none for a refusal."""
    return decision.shown - {Factor.BADGE} if decision.granted else frozenset()


def counted(before: Failures, *, failed: frozenset[Factor], used: frozenset[Factor] = frozenset()) -> Failures:
    """The counts after what `failed`, and after a grant that `used` those factors, which it clears.

    A face that matched well enough to do without a PIN may name the PIN as used too. Neither leaves the counts as they
    are. Raises `ValueError` for a factor that is both.
    """
    if failed & used:
        raise ValueError("a factor was either used for the grant or has failed")
    face, pin = (Factor.FACE in failed), (Factor.PIN in failed)
    after = Failures(before.face + face, before.pin + pin, before.since_grant + (face or pin))
    if not used:
        return after
    return Failures(0 if Factor.FACE in used else after.face, 0 if Factor.PIN in used else after.pin)


def stopped_by(before: Failures, after: Failures, limits: Limits = FEW) -> frozenset[Factor]:
    """The factors that count no more from these failures on."""
    face = before.face < limits.stops_after <= after.face
    pin = before.pin < MOST_PINS <= after.pin
    return frozenset(({Factor.FACE} if face else set()) | ({Factor.PIN} if pin else set()))


def wait_s(failures: int, limits: Limits = FEW) -> float:
    """How long after the last of so many failed faces in a row the next one counts, seconds."""
    if failures < limits.waits_after:
        return 0.0
    doubled = min(failures - limits.waits_after, 10)
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0**doubled)


@dataclass(frozen=True, slots=True)
class Attempts:
    """The failures with one badge, and when the last face failed, in seconds on the monotonic clock."""

    failures: Failures = NO_FAILURES
    failed_at: float = 0.0
    limits: Limits = FEW

    def objection(self, factor: Factor, now: float) -> Reason | None:
        """Why that factor does not count with this badge now, None if it does. Ask for a PIN when its `#` comes too."""
        match factor:
            case Factor.FACE:
                return self._face_objection(now)
            case Factor.PIN:
                return Reason.PIN_DISABLED if self.failures.pin >= MOST_PINS else None
            case Factor.BADGE:
                return None
            case _:
                assert_never(factor)

    @property
    def free_at(self) -> float:
        """When a face counts again, in seconds on the monotonic clock; in the past where none has to wait."""
        return self.failed_at + wait_s(self.failures.face, self.limits)

    def after(
        self, *, failed: frozenset[Factor], used: frozenset[Factor] = frozenset(), now: float = 0.0
    ) -> "Attempts":
        """After a try that ended `now`, as `counted`."""
        failures = counted(self.failures, failed=failed, used=used)
        failed_at = max(now, self.failed_at) if Factor.FACE in failed else self.failed_at
        return replace(self, failures=failures, failed_at=failed_at)

    def _face_objection(self, now: float) -> Reason | None:
        if self.failures.face >= self.limits.stops_after:
            return Reason.FACE_DISABLED
        return Reason.WAIT_AFTER_FAILURES if now < self.free_at else None


class LastFailures:
    """When the last face failed with each badge, at the doors of one process, which share it. Thread-safe."""

    def __init__(self, began_at: float = -math.inf) -> None:
        """`began_at` is when the process began: to what failed before, no time is known but that it was earlier."""
        self._began_at = began_at
        self._failed_at: dict[Credential, float] = {}
        self._lock = threading.Lock()

    def attempts(self, badge: Credential, failures: Failures, limits: Limits = FEW) -> Attempts:
        """Of a badge with these failures in the store."""
        with self._lock:
            return Attempts(failures, self._failed_at.get(badge, self._began_at), limits)

    def failed(self, badge: Credential, now: float) -> None:
        """A face has failed with this badge."""
        with self._lock:
            self._failed_at[badge] = max(now, self._failed_at.get(badge, now))


REFUSALS = 10
"""Refusals at one reader within `WITHIN_S` after which it is slow."""
WITHIN_S = 60.0
SLOW_S = 5.0
"""How much later a slow reader shows a refusal."""


@dataclass(frozen=True, slots=True)
class ReaderPace:
    """Slows the refusals at one reader, whosever badges they are. A badge that is in order is decided at once, also
    while a refusal waits to be shown, and the reader never stops.
    """

    refused_at: tuple[float, ...] = field(default=(), repr=False)
    """The last ten, seconds on the monotonic clock."""

    def delay_s(self, now: float) -> float:
        """How much later a refusal of `now` is to be shown, seconds."""
        is_slow = len(self.refused_at) == REFUSALS and now - self.refused_at[0] < WITHIN_S
        return SLOW_S if is_slow else 0.0

    def refused(self, now: float) -> "ReaderPace":
        """After a refusal, whatever its reason."""
        return ReaderPace((*self.refused_at, now)[-REFUSALS:])
