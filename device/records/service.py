"""What the service says of itself as a whole, without people, badges or duress."""

from dataclasses import dataclass
from datetime import datetime

from device.records.alarms import AlarmKind


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often the doors refused for a reason since the service began."""

    reason: str
    """Its code."""
    count: int


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """Alarms of one kind that no operator has acknowledged."""

    kind: AlarmKind
    count: int
    since: datetime
    """When the oldest of them was opened, UTC."""


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest row of the audit that the service has written."""

    row: int
    hash: str
    """SHA-256, in hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The service as a whole."""

    version: str = ""
    up_s: float = 0.0
    """For how long it has run, seconds."""
    is_ready: bool = False
    """Whether the doors are in operation and each other part was tried once."""
    grants: int = 0
    """Badges that opened a door since it began."""
    refusals: tuple[Refusals, ...] = ()
    """The others by reason, the most frequent first."""
    settings: str = ""
    """SHA-256 of the settings in force, without passwords, as in each row of the audit."""
    settings_said: str = ""
    """What became of the last reload, in words; "" if there was none."""
    model: str = ""
    """SHA-256 of the embedding model."""
    head: ChainHead | None = None
    alarms: tuple[OpenAlarm, ...] = ()
    as_of_s: float | None = None
    """How long ago the store was last asked for them, seconds; None if it never answered."""
    upgrade: str = ""
    """The upgrade that failed, or that waits for a moment in which no door is released, in words; "" if none does."""
    threads: tuple[str, ...] = ()
    """Names of all threads."""
