"""Turns pictures of a person into references: the only writer of references."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray

from device.credentials import format_badge, refuse_random
from device.errors import EnrollmentRefused
from device.look_alikes import NOT_COMPARED, LookAlikes, Resemblance, everyone_alike
from device.policy.guidance import Guidance, Said
from device.ports import Camera, Clock
from device.records import Badge, Credential, Embedding, Event, Grounds, Image, Origin, Person, Photo, Probe, Reason
from device.store.people import People, stored_name
from device.store.store import Store
from device.vision.faces import FaceAnalyzer, Look, look_of
from device.vision.photos import PhotoLook, Unusable, advice_on, nothing_shown
from device.vision.pyramid import Shown
from device.vision.quality.limits import Purpose


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture that may become a reference, what to call it, and what to call it in the store if that differs."""

    label: str
    image: Image | Photo = field(repr=False)
    """A frame of the camera at the door, or a photo from a file, at which there is time to look closely."""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A picture that did not become a reference, why, and what the operator can do."""

    label: str
    reason: Reason
    advice: str = field(default="", repr=False)
    meaning: str = field(default="", repr=False)
    """What is wrong with a photo, where that is not the reason's own sentence."""

    @property
    def said(self) -> str:
        """What is wrong, and what the operator can do."""
        return f"{self.meaning or self.reason.meaning} {self.advice}"


@dataclass(frozen=True, slots=True)
class EnrollmentReport:
    """What an enrollment did."""

    person: Person
    credential: Credential
    accepted: tuple[str, ...]
    rejected: tuple[Rejection, ...]
    suspended: bool = False
    """Whether the badge is suspended, and stays so."""
    resembles: Resemblance = NOT_COMPARED


SAME_PICTURE = 1.0 - 1e-5
"""Embeddings at least as similar are of the same pixels. Measured: 1 - 6e-8 for these, 1 - 1.7e-4 for a copy saved
again as JPEG of quality 95.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Good:
    """A picture with one good face, and what the store calls it."""

    label: str
    probe: Probe
    source: str


@dataclass(frozen=True, slots=True)
class Terms:
    """On which legal basis references are taken, without which only people who have one get any; and all people who
    may look alike, where they were loaded before.
    """

    grounds: Grounds | None = None
    known: LookAlikes | None = field(default=None, repr=False)


UNSTATED = Terms()


class Enrollment:
    """Enrolls people with the models in use."""

    def __init__(
        self,
        store: Store,
        analyzer: FaceAnalyzer,
        clock: Clock,
        *,
        largest_face: bool = False,
        terms: Terms = UNSTATED,
    ) -> None:
        """With `largest_face` smaller faces in a picture do not count."""
        self._grounds = terms.grounds
        self._known = terms.known
        self._store = store
        self._analyzer = analyzer
        self._clock = clock
        self._largest_face = largest_face
        self._look = look_of(analyzer, largest_face=largest_face, purpose=Purpose.REFERENCE)
        self._photo_look = PhotoLook(analyzer, largest_face=largest_face, purpose=Purpose.REFERENCE)

    def holder(self, credential: Credential, name: str) -> Person | None:
        """Who gets the badge or the references, None for a new person: to ask before pictures are taken.

        Raises `EnrollmentRefused` if badge or name are someone else's or there is no legal basis, `CredentialError` for
        a random number or what is no name. Looks through all names, so without the lock.
        """
        refuse_random(credential)
        stored_name(name)
        with self._store.people() as people:
            namesake = people.named(name)
            _refuse_badge(people.badge(credential), namesake)
            self._refuse_groundless(people, namesake, name)
        return namesake

    def _refuse_groundless(self, people: People, person: Person | None, name: str) -> None:
        if self._grounds is None and (person is None or people.bases.present(person) is None):
            raise EnrollmentRefused(
                f"There is no legal basis for face data of {name}, so none is taken.",
                hint="State it: `--basis consent --basis-text-version 3`. The owner can set one for all: `basis` under "
                "[people].",
            )

    def enroll(
        self, credential: Credential, name: str, candidates: Iterable[Candidate], *, shown: Shown = nothing_shown
    ) -> EnrollmentReport:
        """Gives the badge to the person and keeps the good pictures' embeddings as references, all in one transaction.

        A person who is enrolled already gets the badge or the references added if the faces match those known; a
        picture that is a reference already adds none. Only one picture at a time is held, if `candidates` reads them
        one by one; `shown` gets how much of the work on a photo is done.
        Raises `EnrollmentRefused` if no picture is good, they show different people, or badge or name are taken.
        """
        found, rejected = self.judged(candidates, shown)
        return self.enroll_good(credential, name, found, rejected)

    def enroll_good(
        self, credential: Credential, name: str, found: Sequence[Good], rejected: tuple[Rejection, ...] = ()
    ) -> EnrollmentReport:
        """The same with pictures that have been judged: the good ones, and the others."""
        if not found:
            raise _refused("No picture can become a reference", rejected)
        person = self.holder(credential, name)
        with self._store.people() as people, self._store.audit() as audit:
            badge = people.badge(credential)
            _refuse_badge(badge, person)
            _refuse_changed(people, person)
            self._refuse_groundless(people, person, name)
            known = people.references(person, self._analyzer.embedder.model_sha256) if person else None
            new, repeated = _apart(found, known)
            kept, outliers = self._consistent(new, self._anchors(people, person, known))
            rejected += (*_left_out(repeated, Reason.SAME_PICTURE), *_left_out(outliers, Reason.OUTLIER))
            if not kept and (outliers or not repeated):
                raise _refused("The pictures do not show one and the same person", rejected)
            now = self._clock.utc()
            person = person or people.add(name, now)
            if badge is None:
                people.issue(credential, person, now)
            stated = self._grounds if self._grounds and people.bases.give(person, self._grounds, now) else None
            self._keep(people, person, kept, now)
            if kept or badge is None or stated:
                words = stated.words if stated else None
                audit.note(Event.ENROLLED, now, person=person, badge=format_badge(credential), fault=words)
        suspended = badge is not None and badge.suspended_at is not None
        alike = self._noticed(person) if kept else NOT_COMPARED
        return EnrollmentReport(person, credential, tuple(one.label for one in kept), rejected, suspended, alike)

    def _anchors(
        self, people: People, person: Person | None, known: NDArray[np.float32] | None
    ) -> NDArray[np.float32] | None:
        """The references that new pictures have to match: an operator's, where there are any."""
        if person is None:
            return known
        originals = people.faces.vectors(person, self._analyzer.embedder.model_sha256, originals=True)
        return originals if len(originals) else known

    def _noticed(self, person: Person) -> Resemblance:
        """Who looks like the person who was enrolled just now. All others are looked through without the lock, and a
        warning that is lost to a power cut is found again by `lintel people check`.
        """
        embedder = self._analyzer.embedder
        if self._known is None:
            known = everyone_alike(self._store, embedder.model_sha256, embedder.network_rule)
        else:
            known = self._known
        with self._store.people() as people:
            references = people.references(person, embedder.model_sha256)
        if not len(references):
            return NOT_COMPARED
        found = known.of(references, person)
        if self._known is not None:
            self._known.add(person, references)
        with self._store.audit() as audit:
            for one in found.alike:
                audit.note(Event.LOOK_ALIKE, self._clock.utc(), person=person, fault=f"person {one.person.id}")
        return found

    def _keep(self, people: People, person: Person, kept: Sequence[Good], now: datetime) -> None:
        if kept:
            embeddings = np.stack([one.probe.embedding for one in kept])
            origins = tuple(Origin(one.source, asdict(one.probe.quality)) for one in kept)
            people.add_references(person, embeddings, self._analyzer.embedder.model_sha256, now, origins)

    def judged(
        self, candidates: Iterable[Candidate], shown: Shown = nothing_shown
    ) -> tuple[list[Good], tuple[Rejection, ...]]:
        """The good pictures, and the others: no lock is held meanwhile."""
        judged = list(
            map(partial(self._judge, shown), candidates)
        )  # a loop would hold one picture until the next is read
        good = [one for one in judged if isinstance(one, Good)]
        return good, tuple(one for one in judged if isinstance(one, Rejection))

    def _judge(self, shown: Shown, candidate: Candidate) -> Good | Rejection:
        result = self._looked_at(candidate.image, shown)
        if isinstance(result, Probe):
            return Good(candidate.label, result, candidate.source or candidate.label)
        return Rejection(candidate.label, result.reason, result.advice, result.meaning)

    def _looked_at(self, image: Image | Photo, shown: Shown) -> Probe | Unusable:
        if isinstance(image, Photo):
            return self._photo_look(image, shown)
        found = self._look(image)
        if isinstance(found, Probe):
            return found
        what_to_do = advice_on(self._analyzer, found, image, largest_face=self._largest_face)
        return Unusable(found, found.meaning, what_to_do)

    def _consistent(self, found: Sequence[Good], known: NDArray[np.float32] | None) -> tuple[list[Good], list[Good]]:
        """The pictures that belong together, and with the references that are known already; and the others."""
        if not found:
            return [], []
        threshold = self._analyzer.embedder.network_rule.threshold(1, 1)
        anchors = [] if known is None else list(known)
        groups = linked_groups([*anchors, *(one.probe.embedding for one in found)], threshold)
        group = _main_group(groups, len(anchors))
        kept = [one for index, one in enumerate(found, len(anchors)) if index in group]
        return kept, [one for one in found if one not in kept]


def _apart(found: Sequence[Good], known: NDArray[np.float32] | None) -> tuple[list[Good], list[Good]]:
    """The pictures of which each adds a reference, and those that repeat one of them or a known reference."""
    seen = [] if known is None else list(known)
    new: list[Good] = []
    repeated: list[Good] = []
    for one in found:
        is_repeated = any(float(one.probe.embedding @ other) >= SAME_PICTURE for other in seen)
        (repeated if is_repeated else new).append(one)
        seen.append(one.probe.embedding)
    return new, repeated


def _left_out(pictures: Sequence[Good], reason: Reason) -> tuple[Rejection, ...]:
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


class GuidedCapture:
    """The pictures of a person before a camera, who is guided through them (`device/policy/guidance.py`)."""

    def __init__(self, camera: Camera, look: Look, guidance: Guidance, clock: Clock, *, place: str) -> None:
        """`place` says where the pictures were taken: "camera", or a door."""
        self._place = place
        self._camera = camera
        self._look = look
        self._guidance = guidance
        self._clock = clock

    def said(self) -> Iterator[Said | None]:
        """What is said to the person, as it is due, and in between None, a few times a second, until it is over.

        Raises `EnrollmentRefused` if too few pictures came or the camera hangs turned, `CameraError` if it fails.
        """
        self._guidance = guidance = self._guidance.begun()
        yield guidance.said
        while not guidance.is_over(now := self._clock.monotonic()):
            frame = self._camera.read(min(GLANCE_S, guidance.deadline - now))
            if frame is not None:
                found = self._look(frame.image)
                before, guidance = guidance, guidance.saw(found, self._clock.monotonic())
                self._guidance = guidance
                _refuse_turned(self._camera, found)
                yield guidance.said if guidance.said_at != before.said_at else None
            else:
                yield None
        self._refuse_too_few()

    def good(self) -> list[Good]:
        """The pictures that were kept."""
        kept = enumerate(self._guidance.kept, 1)
        return [Good(f"picture {number}", probe, f"{self._place}, picture {number}") for number, probe in kept]

    def _refuse_too_few(self) -> None:
        guidance = self._guidance
        if guidance.has_enough:
            return
        counted = f"{len(guidance.kept)}, expected {guidance.least}"
        message = f"Good pictures that came in {guidance.deadline - guidance.began_at:.0f} s: {counted}."
        if guidance.reason is None and guidance.kept:
            raise EnrollmentRefused(
                f"{message} The others were all alike.",
                hint="Nothing was stored. Have the person move between pictures, or ask for one: `--pictures 1`.",
            )
        reason = guidance.reason or Reason.NO_FACE
        raise EnrollmentRefused(
            f"{message} At the end: {reason.meaning}",
            hint=f"{reason.advice} Nothing was stored; run the command again.",
        )


def guidance_for(analyzer: FaceAnalyzer, wanted: int, now: float) -> Guidance:
    """Of a person who has `TIME_S` from now on, in seconds on the monotonic clock, for that many pictures."""
    threshold = analyzer.embedder.network_rule.threshold(1, 1)
    return Guidance(wanted, threshold, began_at=now, deadline=now + TIME_S)


TIME_S = 60.0
"""How long a person has for their pictures."""
GLANCE_S = 0.25
"""Longest wait for a frame at a time."""


def _refuse_turned(camera: Camera, found: Probe | Reason) -> None:
    """Raises `EnrollmentRefused` if a turned picture is the camera's trouble: it does not go away by waiting."""
    if found is Reason.PICTURE_TURNED and (trouble := camera.trouble()):
        raise EnrollmentRefused(f"No good picture: {trouble}", hint="Then enroll again.")


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
    lines = [f"  {rejection.label}: {rejection.said}" for rejection in rejected]
    return EnrollmentRefused(
        "\n".join([f"{what}; nothing was stored.", *lines]), hint="Take new pictures and try again."
    )
