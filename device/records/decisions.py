"""From claim to decision: what the store knows, what a comparison found, and what the door does about it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from device.records.attacks import PadMode, Presentation
from device.records.badges import Credential
from device.records.modes import BADGE, BADGE_AND_FACE, Factor, Mode
from device.records.people import Invitation, Person
from device.records.pins import PinAnswer
from device.records.reasons import Reason
from device.records.rulings import ALWAYS_VALID, Ruling, Validity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_SIMILARITY_ERROR = 1e-3
"""A cosine farther outside -1..1 does not come of rounding, but of vectors that are no unit vectors."""


_GRANTING = {
    Reason.MATCH: frozenset({Factor.BADGE, Factor.FACE}),
    Reason.PIN: frozenset({Factor.BADGE, Factor.PIN}),
    Reason.BADGE: frozenset({Factor.BADGE}),
    Reason.EXIT: frozenset({Factor.BADGE}),
}
"""The reasons that release the strike, and the least that each rests on, whatever the mode says."""


class Outcome(StrEnum):
    """What happened at the door."""

    DENIED = "denied"
    GRANTED = "granted"


@dataclass(frozen=True, slots=True)
class Claim:
    """What the store knows of a presented badge: its holder, whether it is revoked or suspended, and the references.

    `references` is float32 [n, 128], n >= 0, only those made by the model in use; `extended` is for holders who need
    the strike to be released for longer. `groups` are the holder's, by name. `valid` and `badge_valid` say when the
    holder and the badge count; `has_pin`, whether the holder has a PIN; `duress`, whether the badge is the one that its
    holder presents when forced to.
    """

    person: Person
    revoked: bool
    references: "NDArray[np.float32]" = field(repr=False)
    extended: bool = False
    suspended: bool = False
    groups: frozenset[str] = frozenset()
    valid: Validity = ALWAYS_VALID
    badge_valid: Validity = ALWAYS_VALID
    has_pin: bool = False
    duress: bool = field(default=False, repr=False)
    invitation: Invitation | None = None
    """To give new references at a door, if there is one."""
    demands_pin: bool = False
    """Whether the holder has to type a PIN besides the face, as another person looks alike."""
    key_missing: bool = False
    """Whether references could not be opened, as their key is missing; `references` is empty then."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a comparison found: `similarity` of the fused probes with the references, higher is closer, and the
    threshold.
    """

    similarity: float
    threshold: float
    probes: int
    references: int

    def __post_init__(self) -> None:
        if self.probes < 1 or self.references < 1:
            raise ValueError("evidence needs at least one probe and one reference")
        if not abs(self.similarity) <= 1 + MAX_SIMILARITY_ERROR:
            raise ValueError("a similarity is the cosine of an angle, -1..1")

    @property
    def matches(self) -> bool:
        """Whether the similarity reaches the threshold."""
        return self.similarity >= self.threshold


@dataclass(frozen=True, slots=True)
class Decision:
    """What the door does and why. Without arguments beyond a reason it denies.

    A grant needs evidence of every factor that `mode` demands: a match is that of a badge and its holder's face, a
    right `pin` that of a badge and its holder, the name of an exit reader that of a badge at the way out, where a badge
    alone is enough; elsewhere `badge_only` says that the mode lets a badge in alone. At a door that looks for
    presentation attacks a face counts only with a `presentation` that meets its `pad` mode, whatever matches. `duress`
    changes nothing of all that. Raises `ValueError` otherwise.
    """

    reason: Reason
    outcome: Outcome = Outcome.DENIED
    evidence: Evidence | None = None
    exit_reader: str = ""
    mode: Mode = field(default=BADGE_AND_FACE, repr=False)
    pad: PadMode = PadMode.OFF
    presentation: Presentation = field(default_factory=Presentation)
    pin: PinAnswer | None = field(default=None, repr=False)
    """What a PIN that was typed is, whatever it was good for; None without one."""
    badge_only: bool = False
    duress: bool = field(default=False, repr=False)
    """Whether the holder was forced to come in."""

    def __post_init__(self) -> None:
        if self.granted != (self.reason in _GRANTING):
            raise ValueError(f"{self.outcome} does not go with {self.reason.code}")
        if (self.reason is Reason.EXIT) != bool(self.exit_reader):
            raise ValueError("a badge alone is enough at an exit reader and nowhere else")
        if (self.reason is Reason.BADGE) != self.badge_only or (self.badge_only and self.mode != BADGE):
            raise ValueError("a badge alone is enough where the mode says so and nowhere else")
        if self.granted:
            self._refuse_missing()

    @property
    def granted(self) -> bool:
        """Whether the strike may be released."""
        return self.outcome is Outcome.GRANTED

    @property
    def shown(self) -> frozenset[Factor]:
        """The factors that there is evidence of."""
        face = self._is_matched and self.presentation.meets(self.pad)
        pin = self.pin in (PinAnswer.RIGHT, PinAnswer.DURESS)
        others = {factor for factor, is_shown in ((Factor.FACE, face), (Factor.PIN, pin)) if is_shown}
        badge = {Factor.BADGE} if others or self.exit_reader or self.badge_only else set()
        return frozenset(badge | others)

    @property
    def _is_matched(self) -> bool:
        return self.evidence is not None and self.evidence.matches

    def _refuse_missing(self) -> None:
        """Raises `ValueError` if a factor is missing."""
        if self.reason is Reason.MATCH and self._is_matched and not self.presentation.meets(self.pad):
            raise ValueError(f"a granted decision needs a presentation that meets the pad mode {self.pad.value!r}")
        missing = (_GRANTING[self.reason] - self.shown) | self.mode.missing(self.shown)
        if missing:
            raise ValueError(f"a granted decision needs evidence of: {', '.join(sorted(missing))}")


@dataclass(frozen=True, slots=True)
class Transaction:
    """One swipe from badge to decision, as the audit keeps it.

    `started_at` is UTC. `waited_s` is the time from the badge to the decision on the door's clock; `fault` says what
    failed, in words without any personal data; `extended` is for holders who need the strike to be released for longer.
    `counted` means that it has no audit row of its own, but goes into a summary. `ruling` is what the rules said when
    the badge came, None where they were not asked. `groups` are the holder's.
    """

    started_at: datetime
    credential: Credential | None
    person: Person | None
    decision: Decision
    waited_s: float
    frames: int = 0
    fault: str | None = None
    door: str = ""
    reader: str = ""
    extended: bool = False
    groups: frozenset[str] = field(default=frozenset(), repr=False)
    counted: bool = field(default=False, repr=False)
    ruling: Ruling | None = None

    @property
    def passes_lockdown(self) -> bool:
        """Whether a lockdown lets this person in: the rules say so, and a badge was not all that was shown."""
        is_shown = not self.decision.shown.isdisjoint({Factor.FACE, Factor.PIN})
        return self.decision.granted and self.ruling is not None and self.ruling.passes and is_shown
