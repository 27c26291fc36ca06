"""What an erasure leaves in the hand of whoever asked for it."""

from dataclasses import dataclass, field
from datetime import date, datetime

BACKUP_DAYS = 30
"""How long backups are kept, where the owner keeps to docs/keys.md."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was deleted of a person, when and by whom. It has no name: that was deleted too."""

    uid: str
    """The person's random id, by which other copies of the database know them."""
    at: datetime
    by: str
    """The operator in the audit's words."""
    row: int
    """The number of the audit's row about it: its place in the chain."""
    badges: int
    references: int
    had_pin: bool
    keys: int
    """How many data keys were destroyed; without them copies of the rows open no more."""
    backups_until: date | None = field(default=None)
    """Until when backups may still hold what was deleted, together with its keys."""
