"""Enrollment: good pictures of one person become references, everything else is refused with its reason."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.credentials import parse_badge
from device.enrollment import Candidate, Enrollment, linked_groups
from device.errors import CredentialError, EnrollmentRefused
from device.records import Credential, Event, Image, Person, Reason
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from device.virtual.figures import Figure, Place
from device.virtual.scene import Scene
from device.vision.faces import FaceAnalyzer
from tests.device.consented import CONSENTED
from tests.there import there

EILEEN, GRACE = "eileen-collins", "grace-hopper"
HERS, OTHER = parse_badge("17:1001"), parse_badge("17:1002")


def pictures_of(portraits: Mapping[str, Image], name: str, count: int, *, light: float = 1.0) -> list[Candidate]:
    """Different pictures of one person."""
    figure = Figure(image=name, end=Place(y=0.85, size=1.4), light=light)
    return [Candidate(f"{name} {n}", Scene((figure,), portraits).draw(0.5 * n, n)) for n in range(count)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


@pytest.fixture
def enrollment(store: Store, analyzer: FaceAnalyzer) -> Enrollment:
    return Enrollment(store, analyzer, SimulatedClock(), terms=CONSENTED)


def references(store: Store, credential: Credential = HERS) -> NDArray[Any]:
    with store.people() as people:
        return people.references(there(people.badge(credential)).person, enrollment_model(store))


def enrollment_model(store: Store) -> str:
    with store.people() as people:
        return people.everyone()[0].references[0][0]


def test_each_good_picture_becomes_a_reference(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    report = enrollment.enroll(HERS, "Eileen", pictures_of(portraits, EILEEN, 3))
    assert len(report.accepted) == 3
    assert references(store).shape == (3, 128)


def test_a_reference_is_bound_to_its_model(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store, analyzer: FaceAnalyzer
) -> None:
    enrollment.enroll(HERS, "Eileen", pictures_of(portraits, EILEEN, 1))
    assert enrollment_model(store) == analyzer.embedder.model_sha256


def test_an_enrollment_is_in_the_audit(enrollment: Enrollment, portraits: Mapping[str, Image], store: Store) -> None:
    enrollment.enroll(HERS, "Eileen", pictures_of(portraits, EILEEN, 1))
    with store.audit() as audit:
        assert [row.event for row in audit] == [Event.ENROLLED]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (lambda p: np.full_like(p[GRACE], 128), Reason.NO_FACE),
        (lambda p: np.hstack([p[EILEEN], p[EILEEN]]), Reason.SEVERAL_FACES),
        (lambda p: cv2.resize(p[EILEEN], None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA), Reason.FACE_TOO_SMALL),
        (lambda p: (p[GRACE] * 0.15).astype(np.uint8), Reason.FACE_TOO_DARK),
        (lambda p: cv2.GaussianBlur(p[EILEEN], (0, 0), 4), Reason.FACE_BLURRED),
        (lambda p: cv2.GaussianBlur(p[GRACE], (0, 0), 9), Reason.FACE_BLURRED),
        (lambda p: np.ascontiguousarray(p[GRACE][:, 220:]), Reason.FACE_CUT_OFF),
    ],
)
def test_a_poor_picture_is_left_out_with_its_reason(
    enrollment: Enrollment, portraits: Mapping[str, Image], image: Callable[..., Any], reason: Reason
) -> None:
    poor = Candidate("poor", image(portraits))
    report = enrollment.enroll(HERS, "Eileen", [poor, *pictures_of(portraits, EILEEN, 1)])
    assert [(rejection.label, rejection.reason) for rejection in report.rejected] == [("poor", reason)]


def test_only_poor_pictures_enroll_nobody(enrollment: Enrollment, store: Store) -> None:
    with pytest.raises(EnrollmentRefused, match="No face was seen"):
        enrollment.enroll(HERS, "Eileen", [Candidate("wall", np.full((480, 640, 3), 128, np.uint8))])
    with store.people() as people:
        assert people.everyone() == ()


def test_another_person_among_the_pictures_is_left_out(enrollment: Enrollment, portraits: Mapping[str, Image]) -> None:
    pictures = [*pictures_of(portraits, EILEEN, 2), *pictures_of(portraits, GRACE, 1)]
    report = enrollment.enroll(HERS, "Eileen", pictures)
    assert [rejection.reason for rejection in report.rejected] == [Reason.OUTLIER]
    assert report.accepted == (f"{EILEEN} 0", f"{EILEEN} 1")


@pytest.mark.parametrize("each", [1, 2])
def test_pictures_of_two_people_in_equal_number_enroll_nobody(
    enrollment: Enrollment, portraits: Mapping[str, Image], each: int
) -> None:
    pictures = [*pictures_of(portraits, EILEEN, each), *pictures_of(portraits, GRACE, each)]
    with pytest.raises(EnrollmentRefused, match="one and the same person"):
        enrollment.enroll(HERS, "Eileen", pictures)


def test_more_pictures_are_added_to_the_same_person(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    enrollment.enroll(HERS, "Eileen", pictures_of(portraits, EILEEN, 1))
    enrollment.enroll(HERS, "eileen", pictures_of(portraits, EILEEN, 2, light=0.8))
    assert len(references(store)) == 3


def test_nobody_elses_face_is_added_to_a_person(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    enrollment.enroll(HERS, "Eileen", pictures_of(portraits, EILEEN, 1))
    with pytest.raises(EnrollmentRefused):
        enrollment.enroll(HERS, "Eileen", pictures_of(portraits, GRACE, 3))
    assert len(references(store)) == 1


def test_a_second_badge_goes_to_the_same_face_alone(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    enrollment.enroll(HERS, "Eileen", pictures_of(portraits, EILEEN, 1))
    with pytest.raises(EnrollmentRefused):
        enrollment.enroll(OTHER, "Eileen", pictures_of(portraits, GRACE, 2))
    enrollment.enroll(OTHER, "Eileen", pictures_of(portraits, EILEEN, 1, light=0.9))
    with store.people() as people:
        assert there(people.badge(OTHER)).person == there(people.badge(HERS)).person


def test_a_badge_has_one_holder(enrollment: Enrollment, portraits: Mapping[str, Image]) -> None:
    enrollment.enroll(HERS, "Eileen", pictures_of(portraits, EILEEN, 1))
    with pytest.raises(EnrollmentRefused, match="belongs to Eileen"):
        enrollment.enroll(HERS, "Grace", pictures_of(portraits, GRACE, 1))


def test_a_taken_badge_is_refused_before_pictures_are_taken(
    enrollment: Enrollment, portraits: Mapping[str, Image]
) -> None:
    enrollment.enroll(HERS, "Eileen", pictures_of(portraits, EILEEN, 1))
    with pytest.raises(EnrollmentRefused, match="belongs to Eileen"):
        enrollment.holder(HERS, "Grace")
    assert (there(enrollment.holder(HERS, "EILEEN")).name, enrollment.holder(OTHER, "Grace")) == ("Eileen", None)


@pytest.mark.parametrize("change", ["removed", "renamed", "given away"])
def test_what_changes_while_somebody_is_enrolled_is_refused(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store, analyzer: FaceAnalyzer, change: str
) -> None:
    eileen = enrollment.enroll(HERS, "Eileen", pictures_of(portraits, EILEEN, 1)).person
    now = SimulatedClock().utc()

    class Meanwhile(Enrollment):
        def holder(self, credential: Credential, name: str) -> Person | None:
            found = super().holder(credential, name)
            if change == "removed":
                store.erase(eileen, now)
            with store.people() as people:
                if change == "renamed":
                    people.rename(eileen, "Eileen Collins")
                if change == "given away":
                    people.issue(OTHER, people.add("Grace", now), now)
            return found

    with pytest.raises(EnrollmentRefused):
        Meanwhile(store, analyzer, SimulatedClock()).enroll(OTHER, "Eileen", pictures_of(portraits, EILEEN, 1))
    with store.people() as people:
        assert sum(count for known in people.everyone() for _, count in known.references) == (change != "removed")


def test_a_revoked_badge_is_not_given_out_again(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    enrollment.enroll(HERS, "Eileen", pictures_of(portraits, EILEEN, 1))
    with store.people() as people:
        people.revoke(HERS, SimulatedClock().utc())
    with pytest.raises(EnrollmentRefused, match="revoked"):
        enrollment.enroll(HERS, "Eileen", pictures_of(portraits, EILEEN, 1))


def test_what_is_no_name_is_refused_before_pictures_are_taken(enrollment: Enrollment) -> None:
    with pytest.raises(CredentialError, match="Not a name"):
        enrollment.holder(HERS, "Ada\x1b[2J")


units = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).normal(size=(6, 3)).astype(np.float32))


@given(units, st.floats(-1, 1))
def test_groups_are_a_partition(vectors: NDArray[Any], threshold: float) -> None:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = linked_groups(list(vectors), threshold)
    assert sorted(index for group in groups for index in group) == list(range(6))


@given(units, st.floats(-1, 1))
def test_no_pair_that_matches_is_in_two_groups(vectors: NDArray[Any], threshold: float) -> None:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = linked_groups(list(vectors), threshold)
    apart = [(a, b) for first in groups for second in groups if first is not second for a in first for b in second]
    assert all(vectors[a] @ vectors[b] < threshold for a, b in apart)
