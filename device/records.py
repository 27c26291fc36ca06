"""The frozen values that cross from room to room, and `Reason`, the one list of why a door opened or did not."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""RGB pixels, uint8 [height, width, 3]."""

Embedding = NDArray[np.float32]
"""A face as the network sees it: float32 [128], unit length. Never printed, logged or put into an audit row."""


MAX_SIMILARITY_ERROR = 1e-3
"""A cosine farther outside -1..1 does not come of rounding, but of vectors that are no unit vectors."""


class Reason(Enum):
    """Why a transaction ended as it did: the code that audit and JSON carry, what it means, what the person can do."""

    MATCH = ("match", "The face matches the badge's holder.", "Come in.")
    BADGE_UNREADABLE = (
        "badge-unreadable",
        "The reader gave something that is no badge number.",
        "Present the badge again.",
    )
    BADGE_UNKNOWN = ("badge-unknown", "Nobody holds this badge.", "Ask the operator to enroll the badge.")
    BADGE_REVOKED = ("badge-revoked", "This badge has been revoked.", "Ask the operator for a new badge.")
    NO_REFERENCES = (
        "no-references",
        "The badge's holder has no references made by the present model.",
        "Ask the operator to enroll your face again.",
    )
    NO_FACE = ("no-face", "No face was seen in time.", "Stand in front of the camera and look at it.")
    SEVERAL_FACES = ("several-faces", "More than one face was in view.", "Step up to the camera one at a time.")
    FACE_TOO_SMALL = ("face-too-small", "The face was too small in the picture.", "Come closer to the camera.")
    FACE_CUT_OFF = ("face-cut-off", "The face was partly outside the picture.", "Stand in the middle of the picture.")
    FACE_TURNED = ("face-turned", "The face was turned away.", "Look straight at the camera.")
    FACE_TOO_DARK = ("face-too-dark", "The face was too dark.", "Turn to the light, or switch a light on.")
    FACE_TOO_BRIGHT = ("face-too-bright", "The face was too bright.", "Turn away from the light.")
    FACE_BLURRED = ("face-blurred", "The face was blurred.", "Hold still, or clean the camera's lens.")
    FACE_TOO_BRIEF = (
        "face-too-brief",
        "The face was not seen well for long enough.",
        "Stay in front of the camera until the door answers.",
    )
    OUTLIER = (
        "outlier",
        "The face differs from the other pictures or from the references.",
        "Leave this picture out, or take it again.",
    )
    NON_MATCH = (
        "non-match",
        "The face does not match the badge's holder.",
        "Use your own badge, and look at the camera.",
    )
    STOPPING = (
        "stopping",
        "The door was asked to stop before it let anybody in.",
        "Present the badge again when the door is back in operation.",
    )
    CAMERA_FAULT = ("camera-fault", "The camera gave no fresh picture.", "Ask the operator to check the camera.")
    STORE_FAULT = (
        "store-fault",
        "The decision could not be written down, so the door stayed locked.",
        "Ask the operator to check the disk.",
    )
    VISION_FAULT = ("vision-fault", "The face could not be analyzed.", "Ask the operator to look at the log.")

    def __init__(self, code: str, meaning: str, advice: str) -> None:
        self.code = code
        self.meaning = meaning
        self.advice = advice

    @classmethod
    def from_code(cls, code: str) -> "Reason":
        """The reason with this code. Raises `KeyError` if there is none."""
        return {reason.code: reason for reason in cls}[code]


class Outcome(StrEnum):
    """What happened at the door."""

    DENIED = "denied"
    GRANTED = "granted"


@dataclass(frozen=True, slots=True, order=True)
class Credential:
    """What a badge carries: the card format, its facility code (0 where the format has none) and the card number."""

    format: str
    facility: int
    number: int


@dataclass(frozen=True, slots=True)
class BadgeRead:
    """A badge presented `at` seconds on the monotonic clock; `credential` is None if the reader understood nothing."""

    credential: Credential | None
    at: float


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture and when it was captured, in seconds on the monotonic clock."""

    image: Image = field(repr=False)
    captured_at: float


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in pixels, origin at the picture's top left; it may reach beyond the picture."""

    left: float
    top: float
    width: float
    height: float

    @property
    def center(self) -> tuple[float, float]:
        """(x, y) in pixels."""
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def area(self) -> float:
        """In square pixels."""
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Quality:
    """What a face's picture is worth.

    `face_px`: the longer side of the face, forehead to chin. `brightness`: mean luma of the chip, 0..255. `blur`: 0
    (sharp) to 1, of the chip. `turn`: how far the nose is off the middle between the eyes, as a share of the eyes'
    distance; 0 is frontal.
    """

    face_px: float
    brightness: float
    blur: float
    turn: float


@dataclass(frozen=True, slots=True)
class Probe:
    """A face ready for comparison, with the picture's quality."""

    embedding: Embedding = field(repr=False)
    quality: Quality
    box: Box


@dataclass(frozen=True, slots=True)
class Person:
    """Who is enrolled."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What the store knows of a presented badge: its holder, whether it is revoked, and the holder's references.

    `references` is float32 [n, 128], n >= 0, only those made by the model in use.
    """

    person: Person
    revoked: bool
    references: NDArray[np.float32] = field(repr=False)


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
    """What the door does and why. Without arguments beyond a reason it denies; a grant needs evidence of a match."""

    reason: Reason
    outcome: Outcome = Outcome.DENIED
    evidence: Evidence | None = None

    def __post_init__(self) -> None:
        granted = self.outcome is Outcome.GRANTED
        if granted != (self.reason is Reason.MATCH):
            raise ValueError(f"{self.outcome} does not go with {self.reason.code}")
        if granted and (self.evidence is None or not self.evidence.matches):
            raise ValueError("a granted decision needs evidence of a match")

    @property
    def granted(self) -> bool:
        """Whether the strike may be released."""
        return self.outcome is Outcome.GRANTED


@dataclass(frozen=True, slots=True)
class Transaction:
    """One swipe from badge to decision, as the audit keeps it.

    `started_at` is UTC. `waited_s` is the time from the badge to the decision on the door's clock; `fault` says what
    failed, in words without any personal data.
    """

    started_at: datetime
    credential: Credential | None
    person: Person | None
    decision: Decision
    waited_s: float
    frames: int = 0
    fault: str | None = None


class Event(StrEnum):
    """What an audit row speaks of."""

    DECISION = "decision"
    ENROLLED = "enrolled"
    PERSON_REMOVED = "person-removed"
    BADGE_REVOKED = "badge-revoked"
    BADGE_RESTORED = "badge-restored"
    SERVICE_STARTED = "service-started"
    SERVICE_STOPPED = "service-stopped"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge in the store: who holds it, since when, and when it was revoked, if it was."""

    credential: Credential
    person: Person
    issued_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class RevokedBadge:
    """A badge that stays revoked after its holder was removed."""

    credential: Credential
    revoked_at: datetime


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person in the store, with badges and the number of references by model."""

    person: Person
    enrolled_at: datetime
    badges: tuple[Badge, ...]
    references: tuple[tuple[str, int], ...]
    """(SHA-256 of the model, number of references made by it)"""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit. Names are not in it: `person_id` leads to the person as long as they are enrolled."""

    id: int
    at: datetime
    event: Event
    badge: str | None = None
    person_id: int | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    similarity: float | None = None
    threshold: float | None = None
    probes: int | None = None
    references: int | None = None
    frames: int | None = None
    waited_s: float | None = None
    fault: str | None = None
