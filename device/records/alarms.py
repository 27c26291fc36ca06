"""Alarms: rows of the audit that somebody has to have seen, until a named operator acknowledges them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from device.records.audit import Event


class AlarmKind(StrEnum):
    """What an alarm is about."""

    FORCED = "forced"
    HELD = "held"
    TAMPER = "tamper"
    DURESS = "duress"
    TROUBLE = "trouble"


ALARM_EVENTS = {
    Event.DOOR_FORCED: AlarmKind.FORCED,
    Event.DOOR_HELD_OPEN: AlarmKind.HELD,
    Event.DOOR_TAMPERED: AlarmKind.TAMPER,
    Event.READER_TAMPERED: AlarmKind.TAMPER,
    Event.DOOR_FAULT: AlarmKind.TROUBLE,
    Event.DOOR_POWER_FAILED: AlarmKind.TROUBLE,
    Event.READER_POWER_FAILED: AlarmKind.TROUBLE,
    Event.READER_LOST: AlarmKind.TROUBLE,
    Event.PART_FAILED: AlarmKind.TROUBLE,
    Event.FAULT: AlarmKind.TROUBLE,
}
"""What each row opens; a row of any event whose reason is duress opens one of that kind."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An open alarm. What happens again at the same place meanwhile is counted, but duress never is."""

    id: int
    """Number of the audit's row that opened it."""
    kind: AlarmKind
    event: str
    at: datetime
    door: str
    reader: str
    times: int
    last_at: datetime
