"""Settings of what happened: how often an open alarm is told again, and for how long the audit is kept."""

from typing import Annotated

from msgspec import Meta

from device.settings.lock import Group


class AlarmSettings(Group, frozen=True):
    """Alarms that nobody has acknowledged yet."""

    repeat_s: Annotated[
        float, Meta(ge=0, le=86_400, description="how often the audit has a row for an open alarm, seconds; 0: never")
    ] = 900.0


class AuditSettings(Group, frozen=True):
    """For how many days the audit is kept; `lintel audit cut` does it."""

    passages_days: Annotated[int, Meta(ge=0, le=36500, description="then passages forget whose; 0: never")] = 90
    keep_days: Annotated[int, Meta(ge=0, le=36500, description="then all rows go; 0: never")] = 365
