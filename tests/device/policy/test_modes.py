"""A grant rests on every factor that its mode demands: any other can't be constructed."""

from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy import modes
from device.records import BADGE, BADGE_AND_FACE, Decision, Evidence, Factor, Mode, Outcome, PadMode, Reason
from device.settings.tables import AccessSettings, Settings

MATCH, NON_MATCH = Evidence(0.95, 0.9, 3, 1), Evidence(0.85, 0.9, 3, 1)
ALL_FACTORS = [
    frozenset(some) for some in chain.from_iterable(combinations(("badge", "face", "pin"), n) for n in range(4))
]
ALL_MODES = [Mode(frozenset(map(Factor, some))) for some in ALL_FACTORS if "badge" in some]


def is_granted(
    reason: Reason, mode: Mode, evidence: Evidence | None, exit_reader: str, outcome: Outcome = Outcome.GRANTED
) -> bool:
    try:
        return Decision(reason, outcome, evidence, exit_reader, mode).granted
    except ValueError:
        return False


@given(
    st.sampled_from(Reason),
    st.sampled_from(ALL_MODES),
    st.sampled_from([None, NON_MATCH, MATCH]),
    st.sampled_from(["", "inside"]),
    st.sampled_from(Outcome),
)
def test_grant_without_all_its_evidence_is_impossible(
    reason: Reason, mode: Mode, evidence: Evidence | None, exit_reader: str, outcome: Outcome
) -> None:
    in_ = reason is Reason.MATCH and evidence is MATCH and not exit_reader and "pin" not in mode.factors
    out = (
        reason is Reason.EXIT and bool(exit_reader) and (mode.factors == {"badge"} or is_badge_and_face(mode, evidence))
    )
    assert is_granted(reason, mode, evidence, exit_reader, outcome) == (outcome is Outcome.GRANTED and (in_ or out))


def is_badge_and_face(mode: Mode, evidence: Evidence | None) -> bool:
    """More than the way out demands, and shown."""
    return mode.factors == {"badge", "face"} and evidence is MATCH


@pytest.mark.parametrize("mode", [mode for mode in ALL_MODES if "pin" in mode.factors])
@pytest.mark.parametrize("reason", Reason)
def test_mode_that_demands_a_pin_grants_nothing_yet(mode: Mode, reason: Reason) -> None:
    with pytest.raises(ValueError, match=r"pin|does not go with|nowhere else"):
        Decision(reason, Outcome.GRANTED, MATCH, "inside" if reason is Reason.EXIT else "", mode)


def test_match_demands_the_face_in_every_mode() -> None:
    with pytest.raises(ValueError, match="needs evidence of: badge, face"):
        Decision(Reason.MATCH, Outcome.GRANTED, mode=BADGE)


def test_exit_demands_the_face_unless_its_mode_is_the_badge_alone() -> None:
    with pytest.raises(ValueError, match="needs evidence of: face"):
        Decision(Reason.EXIT, Outcome.GRANTED, exit_reader="inside")


@pytest.mark.parametrize("factors", [some for some in ALL_FACTORS if "badge" not in some])
def test_mode_without_a_badge_is_refused(factors: frozenset[str]) -> None:
    with pytest.raises(ValueError, match="without a badge"):
        Mode(frozenset(map(Factor, factors)))


def test_way_in_demands_badge_and_face_as_the_settings_say() -> None:
    settings = Settings(access=AccessSettings(probes=2, face_timeout_s=4.0, max_frame_age_s=0.25))
    assert modes.way_in(settings) == modes.Terms(BADGE_AND_FACE, probes=2, timeout_s=4.0, max_age_s=0.25)


def test_way_out_demands_a_badge_alone() -> None:
    assert (modes.way_out("inside").mode, modes.way_out("inside").exit_reader) == (BADGE, "inside")


@pytest.mark.parametrize(("mode", "exit_reader"), [(BADGE, ""), (BADGE_AND_FACE, "inside")])
def test_terms_of_a_badge_alone_are_for_exit_readers_only(mode: Mode, exit_reader: str) -> None:
    with pytest.raises(ValueError, match="nowhere else"):
        modes.Terms(mode, probes=3, timeout_s=6.0, max_age_s=0.5, exit_reader=exit_reader)


@pytest.mark.parametrize(
    ("mode", "how"),
    [
        (PadMode.TURN, {"can_prompt": False}),
        (PadMode.TURN_IN_DOUBT, {"can_prompt": False, "live_threshold": 0.6, "is_calibrated": True}),
        (PadMode.TURN_IN_DOUBT, {"can_prompt": True, "live_threshold": 0.6, "is_calibrated": False}),
        (PadMode.TURN_IN_DOUBT, {"can_prompt": True, "live_threshold": None, "is_calibrated": True}),
    ],
)
def test_pad_mode_that_the_door_cannot_keep_is_impossible(mode: PadMode, how: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a turn"):
        modes.Pad(mode, **how)
