"""Turns pictures of a person into references: the only writer of references."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from device.credentials import format_badge, refuse_random
from device.errors import EnrollmentRefused
from device.ports import Camera, Clock
from device.records import Badge, Credential, Embedding, Event, Image, Person, Probe, Reason
from device.store.people import People
from device.store.store import Store
from device.vision.faces import FaceAnalyzer, Look, advice, look_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture that may become a reference, and what to call it."""

    label: str
    image: Image = field(repr=False)


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


class Enrollment:
    """Enrolls people with the models in use."""

    def __init__(self, store: Store, analyzer: FaceAnalyzer, clock: Clock, *, largest_face: bool = False) -> None:
        """With `largest_face` smaller faces in a picture do not count."""
        self._store = store
        self._analyzer = analyzer
        self._clock = clock
        self._largest_face = largest_face
        self._look = look_of(analyzer, largest_face=largest_face)

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

        A person who is enrolled already gets the badge or the references added if the faces match those known. Only one
        picture at a time is held, if `candidates` reads them one by one.
        Raises `EnrollmentRefused` if no picture is good, they show different people, or badge or name are taken.
        """
        probes, rejected = self._judged(candidates)
        if not probes:
            raise _refused("No picture can become a reference", rejected)
        person = self.holder(credential, name)
        with self._store.people() as people, self._store.audit() as audit:
            badge = people.badge(credential)
            _refuse_badge(badge, person)
            _refuse_changed(people, person)
            known = people.references(person, self._analyzer.embedder.model_sha256) if person else None
            kept = self._consistent({label: probe.embedding for label, probe in probes.items()}, known)
            rejected += tuple(
                Rejection(label, Reason.OUTLIER, Reason.OUTLIER.advice) for label in probes if label not in kept
            )
            if not kept:
                raise _refused("The pictures do not show one and the same person", rejected)
            now = self._clock.utc()
            person = person or people.add(name, now)
            if badge is None:
                people.issue(credential, person, now)
            embeddings = np.stack([probes[label].embedding for label in kept])
            people.add_references(person, embeddings, self._analyzer.embedder.model_sha256, now)
            audit.note(Event.ENROLLED, now, person=person, badge=format_badge(credential))
        suspended = badge is not None and badge.suspended_at is not None
        return EnrollmentReport(person, credential, kept, rejected, suspended)

    def _judged(self, candidates: Iterable[Candidate]) -> tuple[dict[str, Probe], tuple[Rejection, ...]]:
        found = [(candidate.label, self._look(candidate.image)) for candidate in candidates]
        probes = {label: result for label, result in found if isinstance(result, Probe)}
        rejected = tuple(
            Rejection(label, result, advice(result, largest_face=self._largest_face))
            for label, result in found
            if isinstance(result, Reason)
        )
        return probes, rejected

    def _consistent(self, embeddings: dict[str, Embedding], known: NDArray[np.float32] | None) -> tuple[str, ...]:
        """The labels of the pictures that belong together, and with the references that are known already."""
        threshold = self._analyzer.embedder.decision_rule.threshold(1, 1)
        anchors = [] if known is None else list(known)
        groups = linked_groups([*anchors, *embeddings.values()], threshold)
        group = _main_group(groups, len(anchors))
        labels = list(embeddings)
        return tuple(labels[index - len(anchors)] for index in sorted(group) if index >= len(anchors))


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
            found.append(Candidate(f"frame {len(found) + 1}", frame.image))
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
