"""What stands in for a face: only the owner's choice, only while a part is missing, and never less than was chosen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.instead import Instead, Lacking, instead_of
from device.records import BADGE, BADGE_AND_FACE, BADGE_AND_PIN, MODES, Mode, Reason, Ruling

MISSING, FACELESS = Lacking(part="camera main"), Lacking(has_no_face=True)
modes = st.sampled_from(sorted(MODES.values(), key=str))
choices = st.builds(Instead, st.sampled_from([None, BADGE_AND_PIN, BADGE]), st.sampled_from([None, BADGE_AND_PIN]))
lackings = st.builds(Lacking, st.sampled_from(["", "camera main"]), st.booleans())


@pytest.mark.parametrize(
    ("mode", "choice", "needed"),
    [
        ("badge+face", BADGE_AND_PIN, "badge+pin"),
        ("badge+face", BADGE, "badge"),
        ("badge+face", None, "badge+face"),
        ("badge+face+pin", BADGE, "badge+pin"),
        ("badge+face+pin", BADGE_AND_PIN, "badge+pin"),
        ("badge+face-or-pin", BADGE_AND_PIN, "badge+face-or-pin"),
        ("badge+face-or-pin", BADGE, "badge"),
        ("badge+pin", BADGE, "badge+pin"),
    ],
)
def test_what_is_enough_while_a_part_is_missing(mode: str, choice: Mode | None, needed: str) -> None:
    assert instead_of(Ruling(MODES[mode]), Instead(choice), MISSING).mode == MODES[needed]


def test_ruling_names_the_part_that_was_missing() -> None:
    assert instead_of(Ruling(BADGE_AND_FACE), Instead(BADGE_AND_PIN), MISSING).rule == "when_missing: camera main"


@pytest.mark.parametrize("choice", [BADGE, BADGE_AND_PIN])
def test_less_than_demanded_begins_no_first_in_release(choice: Mode) -> None:
    ruled = instead_of(Ruling(BADGE_AND_FACE, leads=True), Instead(choice), MISSING)
    assert (ruled.mode, ruled.leads) == (choice, False)


def test_person_without_a_face_shows_a_pin_where_the_owner_says_so() -> None:
    found = [instead_of(Ruling(BADGE_AND_FACE), Instead(None, one), FACELESS).mode for one in (None, BADGE_AND_PIN)]
    assert found == [BADGE_AND_FACE, BADGE_AND_PIN]


@given(modes, choices, lackings)
def test_nothing_changes_without_a_choice_and_a_lack(mode: Mode, choice: Instead, lacking: Lacking) -> None:
    ruling = Ruling(mode, rule="office")
    assert instead_of(ruling, Instead(), lacking) == ruling
    assert instead_of(ruling, choice, Lacking()) == ruling


@given(modes, choices, lackings)
def test_badge_alone_is_never_enough_unless_it_was_chosen(mode: Mode, choice: Instead, lacking: Lacking) -> None:
    found = instead_of(Ruling(mode), choice, lacking).mode
    assert found != BADGE or mode == BADGE or (choice.when_missing == BADGE and lacking.part)


@given(st.sampled_from([Reason.NOT_ALLOWED, Reason.EXPIRED, Reason.RULE_DENIES]), choices, lackings)
def test_refusal_stays_a_refusal(reason: Reason, choice: Instead, lacking: Lacking) -> None:
    assert instead_of(Ruling(reason=reason), choice, lacking) == Ruling(reason=reason)


@pytest.mark.parametrize(("missing", "faceless"), [(BADGE_AND_FACE, None), (None, BADGE), (BADGE_AND_PIN, BADGE)])
def test_other_choices_are_impossible(missing: Mode | None, faceless: Mode | None) -> None:
    with pytest.raises(ValueError, match="stand in for a face"):
        Instead(missing, faceless)
