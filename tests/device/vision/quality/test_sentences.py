"""What is said about a picture, in both languages."""

import pytest

from device.records import Quality, Reason
from device.settings.tables import VisionSettings
from device.vision.quality.judging import Issue, issues
from device.vision.quality.limits import Range, limits
from device.vision.quality.sentences import GERMAN, NAMES, UNITS, Language, for_operator, for_person

LIMITS = limits(VisionSettings())
NOISY = Issue(Reason.FACE_NOISY, "noise", 13.21, Range(most=6.0), "gray levels")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (Language.ENGLISH, "The picture was too noisy: noise 13.2 gray levels, at most 6."),
        (Language.GERMAN, "Das Bild rauschte zu stark: Rauschen 13.2 Graustufen, höchstens 6."),
    ],
)
def test_operators_read_value_and_limit(language: Language, sentence: str) -> None:
    assert for_operator(NOISY, language) == sentence


def test_a_value_below_its_range_has_the_lower_limit() -> None:
    (issue,) = issues(Quality(150, 120, 0.3, 0.0, contrast=9.0), VisionSettings())
    assert for_operator(issue, Language.ENGLISH).endswith("contrast 9 gray levels, at least 28.")


@pytest.mark.parametrize(
    ("language", "sentence"), [(Language.ENGLISH, "Open your eyes."), (Language.GERMAN, "Öffnen Sie die Augen.")]
)
def test_people_read_what_they_can_do(language: Language, sentence: str) -> None:
    assert for_person(Reason.EYES_CLOSED, language) == sentence


def test_every_fault_of_a_picture_has_german_sentences() -> None:
    assert {*(limit.reason for limit in LIMITS), Reason.PICTURE_TURNED} - GERMAN.keys() == set()
    assert all(text.endswith(".") for texts in GERMAN.values() for text in texts)


def test_every_measure_has_two_names_and_a_unit() -> None:
    assert {limit.measure for limit in LIMITS} == NAMES.keys()
    assert {limit.unit for limit in LIMITS} == UNITS.keys()


def test_other_reasons_stay_english() -> None:
    assert for_person(Reason.BADGE_UNKNOWN, Language.GERMAN) == "Ask the operator to enroll the badge."
