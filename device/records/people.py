"""Who is enrolled, with which badges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from device.records.badges import Credential
from device.records.rulings import ALWAYS_VALID, Validity


@dataclass(frozen=True, slots=True)
class Person:
    """Who is enrolled."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge in the store: who holds it, since when, and when it was revoked or suspended, if it is.

    A revocation is of one generation; a badge that is given back has the next one. `uid` is the same in every copy of
    the database; `changed` is the number of the last change, from one counter for all records.
    """

    credential: Credential
    person: Person
    issued_at: datetime
    revoked_at: datetime | None
    suspended_at: datetime | None = None
    valid: Validity = ALWAYS_VALID
    generation: int = 1
    uid: str = field(default="", compare=False)
    changed: int = field(default=0, compare=False)
    duress: bool = field(default=False, repr=False)
    """Whether its holder presents it when forced to; only said where it is asked for."""

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
    """A badge that stays revoked after its holder was removed, in the generation that was."""

    credential: Credential
    revoked_at: datetime
    generation: int = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """What a reference was made of: the picture's name, the measures of its quality by their names, and whether the
    person gave it alone at a door, invited, or before an operator.
    """

    source: str = ""
    quality: Mapping[str, float] = field(default_factory=dict)
    invited: bool = False


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
    groups: tuple[str, ...] = ()
    """By name, sorted."""
    valid: Validity = ALWAYS_VALID
    uid: str = field(default="", compare=False)
    """Random, and the same in every copy of the database, as the name may change."""
    changed: int = field(default=0, compare=False)
    """The number of the last change to person or groups, from one counter for all records."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """To give new references at a door, once, [given_at, ends_at) in UTC; `by` is the operator."""

    given_at: datetime
    ends_at: datetime
    by: str = ""

    def holds(self, times: Sequence[datetime]) -> bool:
        """Whether it counts at all of these readings of the time, of which there has to be one at least."""
        return bool(times) and all(self.given_at <= at < self.ends_at for at in times)


class BasisKind(StrEnum):
    """On what the law lets a person's face data be kept."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LAW = "law"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Grounds:
    """A legal basis as an operator states it: of which kind, and which version of which text."""

    kind: BasisKind
    version: str = ""
    text: str = ""
    operator: str = ""

    @property
    def words(self) -> str:
        """In a few words: `consent, text version 3`."""
        return self.kind.value + (f", text version {self.version}" if self.version else "")


@dataclass(frozen=True, slots=True)
class Basis:
    """Grounds on which a person's references are kept, since when, and until when if they ceased to count."""

    grounds: Grounds
    given_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""
