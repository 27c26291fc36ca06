"""The same picture twice is one reference, and the operator reads so."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from device.credentials import parse_badge
from device.enrollment import Candidate, Enrollment
from device.errors import EnrollmentRefused
from device.records import Event, Image, Reason, Reference
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from device.vision.faces import FaceAnalyzer
from tests.device.consented import CONSENTED

EILEEN, GRACE = "eileen-collins", "grace-hopper"
HERS, OTHER = parse_badge("17:1001"), parse_badge("17:1002")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


@pytest.fixture
def enrollment(store: Store, analyzer: FaceAnalyzer) -> Enrollment:
    return Enrollment(store, analyzer, SimulatedClock(), terms=CONSENTED)


def references(store: Store, name: str = "Eileen") -> tuple[Reference, ...]:
    with store.people() as people:
        person = people.named(name)
        return people.faces.of(person) if person else ()


def events(store: Store) -> list[Event]:
    with store.audit() as audit:
        return [row.event for row in audit]


def test_picture_given_twice_is_one_reference(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    twice = [Candidate("a.jpg", portraits[EILEEN]), Candidate("copy.png", portraits[EILEEN].copy())]
    report = enrollment.enroll(HERS, "Eileen", twice)
    assert report.accepted == ("a.jpg",)
    assert [(one.label, one.reason) for one in report.rejected] == [("copy.png", Reason.SAME_PICTURE)]
    assert len(references(store)) == 1


def test_one_file_named_twice_is_one_reference(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    report = enrollment.enroll(HERS, "Eileen", [Candidate("a.jpg", portraits[EILEEN])] * 2)
    assert [one.label for one in report.rejected] == ["a.jpg"]
    assert len(references(store)) == 1


def test_two_files_whose_names_look_alike_are_two_references(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    brighter = np.clip(portraits[EILEEN] * 1.1, 0, 255).astype(np.uint8)
    report = enrollment.enroll(HERS, "Eileen", [Candidate("?.jpg", portraits[EILEEN]), Candidate("?.jpg", brighter)])
    assert report.accepted == ("?.jpg", "?.jpg")
    assert len(references(store)) == 2


def test_enrollment_repeated_adds_nothing_and_no_row(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    for _ in range(3):
        report = enrollment.enroll(HERS, "Eileen", [Candidate("a.jpg", portraits[EILEEN])])
    assert (report.accepted, [one.reason for one in report.rejected]) == ((), [Reason.SAME_PICTURE])
    assert (len(references(store)), events(store)) == (1, [Event.ENROLLED])


def test_known_picture_still_proves_who_gets_another_badge(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    enrollment.enroll(HERS, "Eileen", [Candidate("a.jpg", portraits[EILEEN])])
    enrollment.enroll(OTHER, "Eileen", [Candidate("a.jpg", portraits[EILEEN])])
    with store.people() as people:
        (enrolled,) = people.everyone()
    assert [badge.credential for badge in enrolled.badges] == [HERS, OTHER]
    assert len(references(store)) == 1


def test_picture_of_another_person_stays_an_outlier(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    enrollment.enroll(HERS, "Eileen", [Candidate("a.jpg", portraits[EILEEN])])
    pictures = [Candidate("a.jpg", portraits[EILEEN]), Candidate("g.jpg", portraits[GRACE])]
    with pytest.raises(EnrollmentRefused, match=r"g\.jpg: The face differs"):
        enrollment.enroll(HERS, "Eileen", pictures)
    assert len(references(store)) == 1


def test_same_picture_of_another_person_is_theirs(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    enrollment.enroll(HERS, "Eileen", [Candidate("a.jpg", portraits[EILEEN])])
    enrollment.enroll(OTHER, "Grace", [Candidate("g.jpg", portraits[GRACE])])
    assert [len(references(store, name)) for name in ("Eileen", "Grace")] == [1, 1]


def test_reference_names_its_picture_and_quality(
    enrollment: Enrollment, portraits: Mapping[str, Image], store: Store
) -> None:
    enrollment.enroll(HERS, "Eileen", [Candidate("folder/a.jpg", portraits[EILEEN], "a.jpg")])
    (reference,) = references(store)
    assert reference.origin.source == "a.jpg"
    assert reference.origin.quality["face_px"] == pytest.approx(107, abs=2)
