"""Who is enrolled, with which badges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from device.records.badges import Credential


@dataclass(frozen=True, slots=True)
class Person:
    """Who is enrolled."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge in the store: who holds it, since when, and when it was revoked or suspended, if it is."""

    credential: Credential
    person: Person
    issued_at: datetime
    revoked_at: datetime | None
    suspended_at: datetime | None = None

    @property
    def state(self) -> str:
        """`valid`, `suspended` or `revoked`; revocation wins."""
        return "revoked" if self.revoked_at else "suspended" if self.suspended_at else "valid"


@dataclass(frozen=True, slots=True)
class UnknownBadge:
    """A badge that was presented and has no holder: the audit row of the last time, how often, when and where."""

    row: int
    credential: Credential
    times: int
    last_at: datetime
    door: str
    reader: str


@dataclass(frozen=True, slots=True)
class RevokedBadge:
    """A badge that stays revoked after its holder was removed."""

    credential: Credential
    revoked_at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """What a reference was made of: the picture's name, and the measures of its quality by their names."""

    source: str = ""
    quality: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference without its embedding: its number, the model that made it, when, and of what, as far as is known."""

    id: int
    model_sha256: str
    made_at: datetime
    origin: Origin


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person in the store, with badges and the number of references by model."""

    person: Person
    enrolled_at: datetime
    badges: tuple[Badge, ...]
    references: tuple[tuple[str, int], ...]
    """(SHA-256 of the model, number of references made by it)"""
    extended: bool = False
    """Whether the strike is released for longer, for a person who needs more time."""
