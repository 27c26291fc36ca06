"""One start of a presentation ends as a door would end it; what a clip does not show any more was not granted."""

from collections.abc import Callable

import numpy as np
import pytest

from device.pad.trying import Against, Anyone, Comparer, starts, tried
from device.policy.events import FrameSeen
from device.policy.modes import Pad, Terms
from device.policy.turn import Direction
from device.records import BADGE_AND_FACE, Box, Cues, PadMode, Probe, Quality, Reason
from device.vision.manifest import DecisionRule, Fusion, OperatingPoint

RULE = DecisionRule(
    metric="cosine-similarity",
    direction="higher-is-closer",
    target_fmr=1e-3,
    dataset="none",
    fusion=Fusion(least_probe_length=0.9, least_reference_length=0.9),
    points=(OperatingPoint(references=1, probes=1, threshold=0.6, non_mated_comparisons=1),),
)
SELF, OTHER = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
HOLDER, ANYONE = Against([SELF], RULE), Anyone(RULE)
BOX = Box(200, 100, 200, 200)
TURN = Pad(PadMode.TURN, can_prompt=True)


def terms(pad: Pad) -> Terms:
    return Terms(BADGE_AND_FACE, probes=3, timeout_s=6.0, max_age_s=0.5, pad=pad)


def frame(at: float, yaw: float = 0.0, *, who: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]" = SELF) -> FrameSeen:
    """15 pictures a second of a face; one that is turned far is no good picture."""
    good = Probe(who, Quality(face_px=200, brightness=120, blur=0.1, turn=0), BOX)
    cues = Cues(yaw, 0.0, 2.5, 1.0, 0.4, BOX, live=0.99, embedding=who)
    return FrameSeen(at, at, at, good if abs(yaw) < 28 else Reason.FACE_TURNED, cues=cues)


def clip(yaw_at: Callable[[float], float] = lambda _at: 0.0, *, seconds: float = 6.0, **of: object) -> list[FrameSeen]:
    return [frame(number / 15, yaw_at(number / 15), **of) for number in range(round(seconds * 15))]  # type: ignore[arg-type]


def left_at(moment: float) -> Callable[[float], float]:
    """A head that turns to its left within 0.5 s from then on."""
    return lambda at: float(np.clip((at - moment) * 80, 0, 40))


def ends(frames: list[FrameSeen], pad: Pad, comparer: Comparer = HOLDER, side: Direction = Direction.LEFT) -> bool:
    return tried(frames, 0.0, terms=terms(pad), comparer=comparer, direction=side).granted


def test_a_door_without_pad_grants_a_match() -> None:
    ended = tried(clip(), 0.0, terms=terms(Pad()), comparer=HOLDER, direction=Direction.LEFT)
    assert (ended.granted, round(ended.at, 3), ended.prompts) == (True, round(2 / 15, 3), ())


@pytest.mark.parametrize(("side", "granted"), [(Direction.LEFT, True), (Direction.RIGHT, False)])
def test_a_turn_is_granted_only_if_it_was_asked_for(side: Direction, granted: bool) -> None:
    assert ends(clip(left_at(1.0)), TURN, HOLDER, side) is granted


def test_a_face_that_keeps_still_is_asked_twice_and_refused() -> None:
    ended = tried(clip(), 0.0, terms=terms(TURN), comparer=HOLDER, direction=Direction.LEFT)
    assert ended.verdict is not None
    assert (ended.verdict.reason, len(ended.prompts)) == (Reason.TURN_NOT_MADE, 2)


def test_a_clip_that_is_over_first_has_no_verdict() -> None:
    ended = tried(clip(seconds=1.0), 0.0, terms=terms(TURN), comparer=HOLDER, direction=Direction.LEFT)
    assert (ended.verdict, ended.granted, len(ended.prompts)) == (None, False, 1)


def test_another_person_is_live_and_yet_opens_nothing() -> None:
    frames = clip(left_at(1.0), who=OTHER)
    assert (ends(frames, TURN, ANYONE), ends(frames, TURN, HOLDER)) == (True, False)


def test_frames_before_the_start_are_not_shown() -> None:
    """The head turned before the badge came; it stays turned, which is then its own view straight ahead."""
    frames = clip(left_at(1.0))
    assert not tried(frames, 3.0, terms=terms(TURN), comparer=ANYONE, direction=Direction.LEFT).granted


def test_starts_are_half_a_second_apart_and_leave_a_second() -> None:
    assert starts(clip(seconds=3.0)) == pytest.approx((0.0, 0.5, 1.0, 1.5))


def test_a_short_clip_has_one_start_and_an_empty_one_none() -> None:
    assert (starts(clip(seconds=0.5)), starts([])) == ((0.0,), ())
