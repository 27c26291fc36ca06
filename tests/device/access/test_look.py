"""What is seen at the way in: which frames count, what is wrong with the others, what fails."""

import itertools
from collections.abc import Callable
from typing import NoReturn

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from device.errors import CameraError, ModelError
from device.records import (
    Reason,
)
from device.settings.tables import AccessSettings
from tests.device.access.world import (
    PICTURE_REASONS,
    ScriptedAnalyzer,
    World,
    probe,
    swiped,
)

ALIKE = st.floats(-0.4, 0.4)
"""An angle to the first frame, in radians, whose cosine is above 0.9: the two frames match."""


@given(st.floats(0.4, 2.7), ALIKE, ALIKE)
def test_door_opens_only_if_mean_similarity_reaches_the_threshold(
    world_of: Callable[..., World], first: float, second: float, third: float
) -> None:
    similarities = np.cos([first, first + second, first + third]).astype(np.float32)
    assume(abs(similarities.mean() - 0.9) > 1e-4)
    world = world_of(*(probe(float(similarity)) for similarity in similarities))
    assert world.swipe().decision.granted == (similarities.mean() >= 0.9)


HOLDER, OTHER = 1.0, 0.75
"""Similarities to the reference: two frames of the holder and one of another have a mean of 0.917, above 0.9."""


@pytest.mark.parametrize("order", list(itertools.permutations([HOLDER, HOLDER, OTHER])))
def test_frames_of_two_people_are_not_fused(world_of: Callable[..., World], order: tuple[float, float, float]) -> None:
    """Each mix alone, then nobody: the other one is not let in on the holder's frames."""
    world = world_of(*(probe(similarity) for similarity in order), Reason.NO_FACE)
    assert (world.swipe().decision.reason, world.releases) == (Reason.FACE_TOO_BRIEF, 0)


@settings(max_examples=40)
@given(st.lists(st.sampled_from([HOLDER, OTHER, *PICTURE_REASONS, "bad frame"]), max_size=8))
def test_a_grant_has_as_many_frames_of_the_holder_as_are_needed(
    world_of: Callable[..., World], shown: list[Reason | float | str]
) -> None:
    """However frames are mixed, no frame of the other is between the holder's three."""
    a_grant_has_as_many_frames_of_the_holder_as_are_needed(world_of, shown)


@pytest.mark.slow(small="test_a_grant_has_as_many_frames_of_the_holder_as_are_needed")
@settings(max_examples=400)
@given(st.lists(st.sampled_from([HOLDER, OTHER, *PICTURE_REASONS, "bad frame"]), max_size=8))
def test_any_of_400_grants_has_enough_frames_of_the_holder(
    world_of: Callable[..., World], shown: list[Reason | float | str]
) -> None:
    """The same on ten times as many."""
    a_grant_has_as_many_frames_of_the_holder_as_are_needed(world_of, shown)


def a_grant_has_as_many_frames_of_the_holder_as_are_needed(
    world_of: Callable[..., World], shown: list[Reason | float | str]
) -> None:
    found = [probe(one) if isinstance(one, float) else ValueError(one) if one == "bad frame" else one for one in shown]
    transaction = world_of(*found, Reason.NO_FACE).swipe()
    faces = [one for one in shown if isinstance(one, float)]
    in_a_row = any(faces[at : at + 3] == [HOLDER] * 3 for at in range(len(faces)))
    assert not transaction.decision.granted or in_a_row


@pytest.mark.parametrize("reason", PICTURE_REASONS)
def test_what_is_wrong_with_the_picture_is_the_reason_at_the_time_out(
    world_of: Callable[..., World], reason: Reason
) -> None:
    world = world_of(reason)
    transaction = world.swipe()
    assert transaction.decision.reason is reason
    assert transaction.waited_s == pytest.approx(world.settings.access.face_timeout_s)


def test_walking_off_does_not_hide_what_was_wrong_before(world_of: Callable[..., World]) -> None:
    assert world_of(Reason.FACE_TOO_DARK, Reason.NO_FACE).swipe().decision.reason is Reason.FACE_TOO_DARK


@pytest.mark.parametrize("before", [None, Reason.NO_FACE])
def test_good_frames_that_are_too_few_are_no_fault_of_the_camera(
    world_of: Callable[..., World], before: Reason | None
) -> None:
    """As with a camera that gives a frame every three seconds, or somebody who passes by."""
    world = world_of(*[before] * (before is not None), probe(0.95), probe(0.95), Reason.NO_FACE)
    transaction = world.swipe()
    assert (transaction.decision.reason, world.releases) == (Reason.FACE_TOO_BRIEF, 0)


def test_what_was_wrong_with_other_frames_is_told_rather(world_of: Callable[..., World]) -> None:
    world = world_of(Reason.FACE_TOO_DARK, probe(0.95), Reason.NO_FACE)
    assert world.swipe().decision.reason is Reason.FACE_TOO_DARK


def test_a_face_that_jumps_for_ever_is_no_fault_of_the_camera(world_of: Callable[..., World]) -> None:
    jumping = [probe(0.95, x=600 * (n % 2)) for n in range(100)]
    assert world_of(*jumping).swipe().decision.reason is Reason.FACE_TOO_BRIEF


def test_the_person_has_until_the_time_out_to_come_closer(world_of: Callable[..., World]) -> None:
    assert world_of(*[Reason.FACE_TOO_SMALL] * 45, probe(0.95)).swipe().decision.granted


def test_a_camera_that_fails_is_a_denial(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.camera.fault = CameraError("The cable is cut.", hint="Mend it.")
    transaction = world.swipe()
    assert transaction.decision.reason is Reason.CAMERA_FAULT
    assert transaction.fault == "The cable is cut."


def test_a_model_that_fails_is_a_denial(world_of: Callable[..., World]) -> None:
    transaction = world_of(ModelError("No vector.", hint="Check it.")).swipe()
    assert transaction.decision.reason is Reason.VISION_FAULT


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ValueError("face of Ada"), "the program failed with ValueError at "),
        (cv2.error("face of Ada"), "the program failed with cv2.error at "),
        (np.linalg.LinAlgError("face of Ada"), "the program failed with numpy.linalg.LinAlgError at "),
        (MemoryError("face of Ada"), "there is not enough memory"),
    ],
)
def test_vision_failure_is_a_denial_with_its_kind_only(
    world_of: Callable[..., World], error: Exception, fault: str
) -> None:
    world = world_of(error)
    assert world.swipe().decision.reason is Reason.VISION_FAULT
    said = world.last_row().fault or ""
    assert (said[: len(fault)], "Ada" in said) == (fault, False)
    world.analyzer.found = [probe(0.95)]
    assert world.swipe().decision.granted


@pytest.mark.parametrize("error", [ValueError("0x0"), cv2.error("resize"), ModelError("No vector.", hint="Check it.")])
def test_one_bad_frame_is_looked_past(world_of: Callable[..., World], error: Exception) -> None:
    world = world_of(error, probe(0.95))
    assert (world.swipe().decision.granted, world.last_row().fault) == (True, None)


def test_bad_frame_begins_the_view_again(world_of: Callable[..., World]) -> None:
    """Three good frames are needed, and two were there before it."""
    assert world_of(probe(0.95), probe(0.95), ValueError("0x0"), probe(0.95)).swipe().frames == 5


@pytest.mark.parametrize("error", [CameraError("The driver hiccups.", hint="Wait."), OSError("ioctl")])
def test_camera_that_fails_for_a_moment_is_looked_past(world_of: Callable[..., World], error: Exception) -> None:
    world = world_of(probe(0.95))
    world.camera.fault = error
    world.clock.at(world.clock.monotonic() + 2.0, lambda: setattr(world.camera, "fault", None))
    transaction = world.swipe()
    assert transaction.decision.granted
    assert transaction.waited_s < 3.0


def test_camera_that_fails_is_asked_until_the_time_out(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    world.camera.fault = CameraError("The cable is cut.", hint="Fix it.")
    assert world.swipe().waited_s == pytest.approx(6.0)


def test_nobody_there_after_a_hiccup_is_not_a_fault(world_of: Callable[..., World]) -> None:
    transaction = world_of(ValueError("0x0"), Reason.NO_FACE).swipe()
    assert (transaction.decision.reason, transaction.fault) == (Reason.NO_FACE, None)


@pytest.mark.parametrize("age_s", [0.6, 5.0])
def test_an_old_picture_is_no_evidence(world_of: Callable[..., World], age_s: float) -> None:
    world = world_of(probe(1.0))
    world.clock.sleep(60)
    world.camera.ages_s = [age_s] * 1000
    assert world.swipe().decision.reason is Reason.CAMERA_FAULT
    assert world.analyzer.seen == 0


def test_a_picture_from_before_the_badge_is_no_evidence(world_of: Callable[..., World]) -> None:
    world = world_of(probe(1.0))
    world.clock.sleep(60)
    world.camera.ages_s = [0.2, 0.3, 0.35]
    world.swipe()
    assert world.analyzer.seen == len(world.camera.given) - 3


@pytest.mark.parametrize("between", [Reason.NO_FACE, Reason.SEVERAL_FACES, Reason.PICTURE_TURNED])
def test_an_interrupted_view_begins_again(world_of: Callable[..., World], between: Reason) -> None:
    world = world_of(probe(0.95), probe(0.95), between, probe(0.95))
    assert world.swipe().frames == 6


def test_a_face_that_jumps_is_another_face(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95, x=0), probe(0.95, x=0), probe(0.95, x=400))
    assert world.swipe().frames == 5


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([*PICTURE_REASONS, "match", "other", "jump"]), min_size=1, max_size=40), st.integers(1, 5)
)
def test_a_grant_always_rests_on_enough_matching_frames_in_a_row(
    world_of: Callable[..., World], script: list[Reason | str], needed: int
) -> None:
    """40 examples; the slow one beside it has 400."""
    a_grant_always_rests_on_enough_matching_frames_in_a_row(world_of, script, needed)


@pytest.mark.slow(small="test_a_grant_always_rests_on_enough_matching_frames_in_a_row")
@settings(max_examples=400)
@given(
    st.lists(st.sampled_from([*PICTURE_REASONS, "match", "other", "jump"]), min_size=1, max_size=40), st.integers(1, 5)
)
def test_any_of_400_grants_rests_on_matching_frames_in_a_row(
    world_of: Callable[..., World], script: list[Reason | str], needed: int
) -> None:
    """The same on ten times as many."""
    a_grant_always_rests_on_enough_matching_frames_in_a_row(world_of, script, needed)


def a_grant_always_rests_on_enough_matching_frames_in_a_row(
    world_of: Callable[..., World], script: list[Reason | str], needed: int
) -> None:
    found = {"match": probe(0.99), "other": probe(0.1), "jump": probe(0.99, x=600)}
    world = world_of(*(found.get(item, item) if isinstance(item, str) else item for item in script), Reason.NO_FACE)
    settings = msgspec.structs.replace(world.settings, access=AccessSettings(probes=needed))
    transaction = swiped(world.access_with(settings=settings), world.read())
    if transaction.decision.granted:
        used = [item for item in script[: transaction.frames] if isinstance(item, str)][-needed:]
        assert len(used) == needed
        assert "other" not in used
    assert world.releases == int(transaction.decision.granted)


def test_model_that_is_not_calibrated_is_a_denial_without_a_look(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    def uncalibrated(_self: ScriptedAnalyzer) -> NoReturn:
        raise ModelError("The model has no thresholds.", hint="Calibrate it.")

    world = world_of(probe(0.95))
    monkeypatch.setattr(ScriptedAnalyzer, "decision_rule", property(uncalibrated))
    transaction = world.swipe()
    assert (transaction.decision.reason, transaction.fault) == (Reason.VISION_FAULT, "The model has no thresholds.")
    assert (world.camera.given, world.releases) == ([], 0)


def test_comparison_that_fails_is_a_denial_at_once(world_of: Callable[..., World]) -> None:
    """As with references of another length."""
    world = world_of(probe(0.95), references=np.array([[1.0, 0.0, 0.0]], np.float32))
    transaction = world.swipe()
    assert transaction.decision.reason is Reason.VISION_FAULT
    assert "ValueError" in (transaction.fault or "")
    assert (transaction.frames, world.releases) == (3, 0)
