"""Presentations before a door's own policy: starts, directions, second turns, and whose face it is."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from device.pad.counting import Share, Tried, rates_of
from device.pad.judging import Clip, TriedDoor, TurnMade, judged
from device.pad.manifest import Prompt
from device.pad.values import frame_record, frames_seen, similarity_of, stand_ins
from device.policy.events import FrameSeen
from device.policy.modes import Pad, Terms
from device.policy.turn import Direction
from device.records import BADGE_AND_FACE, PadMode
from tests.device.pad.recorded import LOOKS, RULE, face, nothing

RATE = 16.0
TURN = Pad(PadMode.TURN, can_prompt=True)
PASSIVE, NETWORK = Pad(PadMode.PASSIVE), Pad(PadMode.PASSIVE, live_threshold=0.7)
STRANGER = np.array([[0.6, -0.8]], np.float32)


def door(pad: Pad = TURN) -> TriedDoor:
    return TriedDoor(RULE, Terms(BADGE_AND_FACE, probes=3, timeout_s=6.0, max_age_s=0.5, pad=pad))


def still(_at: float) -> float:
    return 0.0


def turns_at(second: float, sign: float) -> Callable[[float], float]:
    """A head that turns by 45 degrees within 0.6 s, and back after a second."""
    return lambda at: sign * float(np.interp(at - second, [0.0, 0.6, 1.0, 1.6], [0.0, 45.0, 45.0, 0.0]))


def clip(
    yaw: Callable[[float], float] = still, *, lasts_s: float = 8.0, species: str = "print", live: float | None = None
) -> Clip:
    frames = tuple(face(at / RATE, yaw(at / RATE), live=live) for at in range(int(lasts_s * RATE)))
    return Clip("a", "sha", species, "anna", "ben", frames, LOOKS[np.newaxis])


def answers(some: Clip, pad: Pad = TURN) -> set[tuple[str, bool | None, bool | None]]:
    return {(one.asked, one.accepted, one.opened) for one in judged(some, door(pad)).tried}


def test_print_that_never_turns_is_refused_at_every_start() -> None:
    assert answers(clip()) == {("left", False, False), ("right", False, False)}


def test_print_opens_a_door_that_asks_for_nothing() -> None:
    """PAD.md says so, and the docs: without a prompt a print is not stopped."""
    assert answers(clip(), PASSIVE) == {("", True, True)}


def test_network_that_sees_a_print_refuses_it() -> None:
    assert answers(clip(live=0.1), NETWORK) == {("", False, False)}
    assert answers(clip(live=0.9), NETWORK) == {("", True, True)}


def test_replay_passes_only_where_it_turns_as_asked() -> None:
    shown = judged(clip(turns_at(6.0, 1.0), lasts_s=12.0), door())
    passed = {(one.start, one.asked) for one in shown.tried if one.accepted}
    assert passed
    assert {asked for _, asked in passed} == {"left", "right"}  # the second turn may be asked to the left
    assert {one.accepted for one in shown.tried if one.start == 0.0} == {False}
    assert rates_of([shown]).attacks[0].apcer.presentations == Share(1, 1)


def test_face_of_another_person_opens_nothing() -> None:
    some = replace(clip(live=0.9), references=STRANGER)
    assert answers(some, NETWORK) == {("", True, False)}


def test_without_references_no_transaction_is_judged() -> None:
    assert answers(replace(clip(live=0.9), references=None), NETWORK) == {("", True, None)}


def test_empty_view_gives_no_answer() -> None:
    frames = tuple(nothing(at / RATE) for at in range(128))
    assert answers(replace(clip(), frames=frames)) == {("", None, None)}


def test_request_that_no_door_could_make_then_says_nothing() -> None:
    one = prompted(40.0, still)
    assert (one.valid, one.accepted) == (False, None)


def prompted(at: float, turn: Callable[[float], float]) -> Tried:
    some = replace(clip(turn, lasts_s=6.0, species="live"), prompts=(Prompt(at=at, ask="turn-left"),))
    (one,) = judged(some, door()).tried
    return one


def test_live_person_is_tried_when_they_were_asked() -> None:
    one = prompted(2.0, turns_at(2.3, 1.0))
    assert (one.asked, one.accepted, one.opened, one.valid) == ("left", True, True, True)


@pytest.mark.parametrize("turn", [still, turns_at(2.3, -1.0), turns_at(1.9, 1.0)], ids=["not", "other way", "before"])
def test_person_who_does_not_turn_as_asked_is_refused(turn: Callable[[float], float]) -> None:
    assert prompted(2.0, turn).accepted is False


def test_live_clip_counts_where_its_turn_answers_the_request() -> None:
    turn = TurnMade(5.0, Direction.LEFT)
    some = replace(clip(turns_at(5.0, 1.0), lasts_s=10.0, species="live"), turns=(turn,))
    shown = judged(some, door())
    assert {one.asked for one in shown.tried if one.valid} == {"left"}
    rates = rates_of([shown]).live
    assert rates.bpcer.presentations == Share(0, 1)
    assert 1 <= rates.bpcer.starts.trials <= 4


@pytest.mark.parametrize("pad", [TURN, NETWORK, PASSIVE], ids=lambda pad: pad.mode.value)
def test_kept_values_are_answered_as_the_frames_were(pad: Pad) -> None:
    """What is kept of a recording has no template, and means the same."""
    for some in (clip(live=0.9), clip(turns_at(3.0, 1.0), live=0.4), replace(clip(live=0.9), references=STRANGER)):
        assert some.references is not None
        kept = [frame_record(one, 0.0, similarity_of(one, some.references, RULE)) for one in some.frames]
        restored = replace(some, frames=frames_seen(kept), references=stand_ins(1))
        assert judged(restored, door(pad), every_s=2.0) == judged(some, door(pad), every_s=2.0)


def test_no_frame_before_the_start_is_looked_at() -> None:
    frames: list[FrameSeen] = [face(at / RATE, live=0.0) for at in range(32)]
    frames += [face(at / RATE, live=0.95) for at in range(32, 160)]
    shown = judged(replace(clip(), frames=tuple(frames)), door(NETWORK))
    assert [one.accepted for one in shown.tried if one.start in (0.0, 2.0)] == [False, True]
