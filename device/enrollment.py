"""Turns pictures of a person into references: the only writer of references."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from device.credentials import format_badge, refuse_random
from device.errors import EnrollmentRefused
from device.ports import Camera, Clock
from device.records import Badge, Credential, Embedding, Event, Image, Origin, Person, Probe, Reason
from device.store.people import People
from device.store.store import Store
from device.vision.faces import FaceAnalyzer, Look, advice, look_of
from device.vision.quality.limits import Purpose


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture that may become a reference, what to call it, and what to call it in the store if that differs."""

    label: str
    image: Image = field(repr=False)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A picture that did not become a reference, why, and what the operator can do."""

    label: str
    reason: Reason
    advice: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class EnrollmentReport:
    """What an enrollment did."""

    person: Person
    credential: Credential
    accepted: tuple[str, ...]
    rejected: tuple[Rejection, ...]
    suspended: bool = False
    """Whether the badge is suspended, and stays so."""


SAME_PICTURE = 1.0 - 1e-5
"""Embeddings at least as similar are of the same pixels. Measured: 1 - 6e-8 for these, 1 - 1.7e-4 for a copy saved
again as JPEG of quality 95.
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Good:
    """A picture with one good face, and what the store calls it."""

    label: str
    probe: Probe
    source: str


class Enrollment:
    """Enrolls people with the models in use."""

    def __init__(self, store: Store, analyzer: FaceAnalyzer, clock: Clock, *, largest_face: bool = False) -> None:
        """With `largest_face` smaller faces in a picture do not count."""
        self._store = store
        self._analyzer = analyzer
        self._clock = clock
        self._largest_face = largest_face
        self._look = look_of(analyzer, largest_face=largest_face, purpose=Purpose.REFERENCE)

    def holder(self, credential: Credential, name: str) -> Person | None:
        """Who gets the badge or the references, None for a new person: to ask before pictures are taken.

        Raises `EnrollmentRefused` if badge or name are someone else's, `CredentialError` for a random number. Looks
        through all names, so without the lock.
        """
        refuse_random(credential)
        with self._store.people() as people:
            namesake = people.named(name)
            _refuse_badge(people.badge(credential), namesake)
        return namesake

    def enroll(self, credential: Credential, name: str, candidates: Iterable[Candidate]) -> EnrollmentReport:
        """Gives the badge to the person and keeps the good pictures' embeddings as references, all in one transaction.

        A person who is enrolled already gets the badge or the references added if the faces match those known; a
        picture that is a reference already adds none. Only one picture at a time is held, if `candidates` reads them
        one by one.
        Raises `EnrollmentRefused` if no picture is good, they show different people, or badge or name are taken.
        """
        found, rejected = self._judged(candidates)
        if not found:
            raise _refused("No picture can become a reference", rejected)
        person = self.holder(credential, name)
        with self._store.people() as people, self._store.audit() as audit:
            badge = people.badge(credential)
            _refuse_badge(badge, person)
            _refuse_changed(people, person)
            known = people.references(person, self._analyzer.embedder.model_sha256) if person else None
            new, repeated = _apart(found, known)
            kept, outliers = self._consistent(new, known)
            rejected += (*_left_out(repeated, Reason.SAME_PICTURE), *_left_out(outliers, Reason.OUTLIER))
            if not kept and (outliers or not repeated):
                raise _refused("The pictures do not show one and the same person", rejected)
            now = self._clock.utc()
            person = person or people.add(name, now)
            if badge is None:
                people.issue(credential, person, now)
            self._keep(people, person, kept, now)
            if kept or badge is None:
                audit.note(Event.ENROLLED, now, person=person, badge=format_badge(credential))
        suspended = badge is not None and badge.suspended_at is not None
        return EnrollmentReport(person, credential, tuple(one.label for one in kept), rejected, suspended)

    def _keep(self, people: People, person: Person, kept: Sequence[_Good], now: datetime) -> None:
        if kept:
            embeddings = np.stack([one.probe.embedding for one in kept])
            origins = tuple(Origin(one.source, asdict(one.probe.quality)) for one in kept)
            people.add_references(person, embeddings, self._analyzer.embedder.model_sha256, now, origins)

    def _judged(self, candidates: Iterable[Candidate]) -> tuple[list[_Good], tuple[Rejection, ...]]:
        good, rejected = [], []
        for candidate in candidates:
            result = self._look(candidate.image)
            if isinstance(result, Probe):
                good.append(_Good(candidate.label, result, candidate.source or candidate.label))
            else:
                rejected.append(Rejection(candidate.label, result, advice(result, largest_face=self._largest_face)))
        return good, tuple(rejected)

    def _consistent(self, found: Sequence[_Good], known: NDArray[np.float32] | None) -> tuple[list[_Good], list[_Good]]:
        """The pictures that belong together, and with the references that are known already; and the others."""
        if not found:
            return [], []
        threshold = self._analyzer.embedder.decision_rule.threshold(1, 1)
        anchors = [] if known is None else list(known)
        groups = linked_groups([*anchors, *(one.probe.embedding for one in found)], threshold)
        group = _main_group(groups, len(anchors))
        kept = [one for index, one in enumerate(found, len(anchors)) if index in group]
        return kept, [one for one in found if one not in kept]


def _apart(found: Sequence[_Good], known: NDArray[np.float32] | None) -> tuple[list[_Good], list[_Good]]:
    """The pictures of which each adds a reference, and those that repeat one of them or a known reference."""
    seen = [] if known is None else list(known)
    new: list[_Good] = []
    repeated: list[_Good] = []
    for one in found:
        is_repeated = any(float(one.probe.embedding @ other) >= SAME_PICTURE for other in seen)
        (repeated if is_repeated else new).append(one)
        seen.append(one.probe.embedding)
    return new, repeated


def _left_out(pictures: Sequence[_Good], reason: Reason) -> tuple[Rejection, ...]:
    return tuple(Rejection(one.label, reason, reason.advice) for one in pictures)


def linked_groups(embeddings: Sequence[Embedding], threshold: float) -> list[set[int]]:
    """The embeddings' indices in groups; two of one group are linked by a chain of pairs that match."""
    vectors = np.stack(embeddings)
    matches = vectors @ vectors.T >= threshold
    left, groups = set(range(len(vectors))), []
    while left:
        group, edge = set(), {min(left)}
        while edge:
            group |= edge
            edge = {int(index) for index in np.flatnonzero(matches[list(edge)].any(axis=0))} - group
        groups.append(group)
        left -= group
    return groups


def capture_candidates(camera: Camera, clock: Clock, look: Look, *, wanted: int, timeout_s: float) -> list[Candidate]:
    """Frames with one good face, apart in time so that they differ; what was wrong with the last frame if there are
    none.

    Raises `EnrollmentRefused` if none came in time, `CameraError` if the camera fails.
    """
    found: list[Candidate] = []
    last, deadline = Reason.NO_FACE, clock.monotonic() + timeout_s
    while len(found) < wanted and (left := deadline - clock.monotonic()) > 0:
        frame = camera.read(left)
        result = look(frame.image) if frame else Reason.CAMERA_FAULT
        if frame and isinstance(result, Probe):
            label = f"frame {len(found) + 1}"
            found.append(Candidate(label, frame.image, f"camera, {label}"))
            clock.sleep(CAPTURE_PAUSE_S)
        elif isinstance(result, Reason):
            last = result
    if not found:
        raise EnrollmentRefused(f"No good picture in {timeout_s:.0f} s: {last.meaning}", hint=last.advice)
    return found


CAPTURE_PAUSE_S = 0.7


def _main_group(groups: list[set[int]], anchors: int) -> set[int]:
    """The group of the known references, else the largest if it is the only one of its size, else nothing."""
    if anchors:
        return set().union(*(group for group in groups if any(index < anchors for index in group)))
    ranked = sorted(groups, key=len, reverse=True)
    tied = len(ranked) > 1 and len(ranked[0]) == len(ranked[1])
    return set() if tied else ranked[0]


def _refuse_badge(badge: Badge | None, namesake: Person | None) -> None:
    """Refuses a badge that is revoked, or that another person holds."""
    if badge and badge.revoked_at:
        written = format_badge(badge.credential)
        raise EnrollmentRefused(
            f"Badge {written} has been revoked.",
            hint=f"Enroll another badge, or lift the revocation: `lintel badges restore {written}`.",
        )
    if badge and badge.person != namesake:
        raise EnrollmentRefused(
            f"Badge {format_badge(badge.credential)} belongs to {badge.person.name}.",
            hint="Enroll another badge. See who holds which: `lintel badges list`.",
        )


def _refuse_changed(people: People, person: Person | None) -> None:
    if person and people.names([person.id]).get(person.id) != person.name:
        raise EnrollmentRefused(f"{person.name} was renamed or removed just now.", hint="See `lintel people list`.")


def _refused(what: str, rejected: tuple[Rejection, ...]) -> EnrollmentRefused:
    lines = [f"  {rejection.label}: {rejection.reason.meaning} {rejection.advice}" for rejection in rejected]
    return EnrollmentRefused(
        "\n".join([f"{what}; nothing was stored.", *lines]), hint="Take new pictures and try again."
    )
