"""Alarms as operators see them: listed by role, and acknowledged by name with a word why. That clears no door."""

from collections.abc import Callable
from dataclasses import replace

from device.at_work import LATE_S, at_work
from device.errors import DoorError
from device.names import refuse_controls
from device.ports import Clock
from device.records import Alarm, AlarmKind, AuditRow, Event, Operator, Reason, Role
from device.store.alarms import not_open
from device.store.store import Store

LEAST_WORDS, MOST_WORDS = 3, 200
"""Characters of a reason."""


class AlarmDesk:
    """Each raises `StoreError`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def open_ones(self, operator: Operator) -> tuple[Alarm, ...]:
        """Those that this operator may know of: duress is for auditors and admins."""
        with self._store.alarms() as alarms:
            found = alarms.open_ones()
        return tuple(alarm for alarm in found if _may_know(operator, alarm))

    def acknowledge(self, operator: Operator, number: int, why: str) -> Alarm:
        """Closes an alarm. What opened it goes on if it does, and opens another one when it happens again.

        Raises `DoorError` for an operator without a name, a reason that says nothing, and a number of no open alarm.
        """
        refuse_nameless(operator.words, is_named=operator.is_named)
        words = reason_words(why)
        with self._store.alarms() as alarms, self._store.audit() as audit:
            alarm = alarms.open_one(number)
            if not _may_know(operator, alarm):
                raise not_open(number)
            row = _row(self._clock, alarm, f"alarm {alarm.id}, {alarm.kind}: {words}")
            alarms.acknowledge(alarm, audit.add(replace(row, by=operator.words)))
        return alarm


def tell_again(
    store: Store,
    clock: Clock,
    *,
    every_s: float,
    wait: Callable[[float], bool],
    silently: Callable[[tuple[AuditRow, ...]], None],
) -> None:
    """Writes a row for each open alarm after each such time, until `wait` says that it is enough.

    Duress goes to `silently` instead: a gap in the rows' numbers at such times would show those who watch the door
    that there is something.
    """
    while not wait(every_s):
        with at_work(LATE_S), store.alarms() as alarms, store.audit() as audit:
            found = alarms.open_ones()
            for alarm in found:
                if alarm.kind is not AlarmKind.DURESS:
                    audit.add(_again(clock, alarm))
        if forced := tuple(_again(clock, alarm) for alarm in found if alarm.kind is AlarmKind.DURESS):
            silently(forced)


def _again(clock: Clock, alarm: Alarm) -> AuditRow:
    words = f"alarm {alarm.id}, {alarm.kind}, since {alarm.at:%Y-%m-%d %H:%M} UTC, {alarm.times} times"
    return _row(clock, alarm, words, Event.ALARM_OPEN)


def _row(clock: Clock, alarm: Alarm, words: str, event: Event = Event.ALARM_ACKNOWLEDGED) -> AuditRow:
    reason = Reason.DURESS if alarm.kind is AlarmKind.DURESS else None
    return AuditRow(0, clock.utc(), event, reason=reason, fault=words, door=alarm.door or None)


def _may_know(operator: Operator, alarm: Alarm) -> bool:
    return alarm.kind is not AlarmKind.DURESS or operator.has(Role.AUDITOR)


def refuse_nameless(words: str, *, is_named: bool) -> None:
    """Raises `DoorError` for an operator who is not a person."""
    if not is_named:
        raise DoorError(
            f"{words} names no person, and an alarm is acknowledged by one.",
            hint="Log in as yourself and use sudo, or ask with your own user and a role.",
        )


def reason_words(why: str) -> str:
    """A reason as it is kept. Raises `DoorError` for one that says nothing, or deceives."""
    words = why.strip()
    try:
        refuse_controls(words)
    except ValueError as error:
        raise DoorError(f"The reason can't be kept: {error}.", hint="Write a few plain words.") from None
    if not LEAST_WORDS <= len(words) <= MOST_WORDS:
        raise DoorError(
            f"The reason has {len(words)} characters, expected {LEAST_WORDS} to {MOST_WORDS}.",
            hint='Say why, for example `--why "went there, door closed"`.',
        )
    return words
