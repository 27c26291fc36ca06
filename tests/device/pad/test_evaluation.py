"""Evaluations: the policy and each cue beside it, and what the network said of each presentation."""

from dataclasses import replace

import pytest

from device.pad.counting import Share
from device.pad.evaluation import Evaluation, evaluate
from device.pad.judging import Clip
from device.pad.manifest import Prompt
from device.policy.modes import Pad
from device.records import PadMode
from tests.device.pad.test_judging import STRANGER, clip, door, turns_at

POLICY = Pad(PadMode.TURN, can_prompt=True, live_threshold=0.7)


def some_clips() -> list[Clip]:
    """A print that the network takes for live, a phone that it does not, and a live person who turns."""
    person = replace(
        clip(turns_at(2.3, 1.0), lasts_s=5.0, species="live", live=0.95),
        prompts=(Prompt(at=2.0, ask="turn-left"),),
        clip="l",
    )
    return [
        replace(clip(live=0.9, lasts_s=5.0), clip="p"),
        replace(clip(live=0.1, lasts_s=5.0, species="phone"), clip="t"),
        person,
    ]


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluate(some_clips(), door(POLICY), every_s=2.0)


def test_policy_refuses_what_one_cue_lets_pass(evaluation: Evaluation) -> None:
    by = {"policy": evaluation.policy, **evaluation.cues}
    errors = {
        name: {one.species: one.apcer.presentations.errors for one in rates.attacks} for name, rates in by.items()
    }
    assert errors == {
        "policy": {"phone": 0, "print": 0},
        "scene": {"phone": 1, "print": 1},
        "network": {"phone": 0, "print": 1},
        "turn": {"phone": 0, "print": 0},
    }


def test_live_person_is_counted_by_each(evaluation: Evaluation) -> None:
    assert evaluation.policy.live.bpcer.presentations == Share(0, 1)
    assert evaluation.policy.live.refused.presentations == Share(0, 1)
    assert evaluation.cues["turn"].live.bpcer.presentations == Share(0, 1)


def test_values_are_those_that_the_door_saw(evaluation: Evaluation) -> None:
    values = {one.species: one.live for one in evaluation.values}
    assert values == {"print": pytest.approx(0.9), "phone": pytest.approx(0.1), "live": pytest.approx(0.95)}
    assert evaluation.proposal.threshold is None


def test_without_a_network_it_is_not_evaluated() -> None:
    found = evaluate([replace(one, references=None) for one in some_clips()], door(), every_s=2.0)
    assert set(found.cues) == {"scene", "turn"}
    assert found.policy.attacks[0].iapar.presentations == Share(0, 0)


def test_attack_that_shows_another_face_is_named() -> None:
    """Its IAPAR would look good for the wrong reason."""
    stranger = replace(some_clips()[0], references=STRANGER, name="print-0009")
    found = evaluate([some_clips()[0], stranger], door(POLICY), cues=(), every_s=4.0)
    assert found.unmatched == ("print-0009",)


def test_copies_of_a_clip_have_one_value() -> None:
    """Twenty copies of one clip, whatever their people are called, set no threshold."""
    copies = [replace(some_clips()[2], name=f"live-{at}", person=f"p{at % 3}") for at in range(4)]
    found = evaluate(copies, door(POLICY), cues=(), every_s=4.0)
    assert [one.name for one in found.values] == ["live-0"]
    assert (found.proposal.live, found.proposal.people) == (1, 1)


def test_each_clip_is_a_step() -> None:
    steps = list[int]()
    evaluate(some_clips(), door(POLICY), every_s=4.0, cues=(), step=lambda: steps.append(1))
    assert len(steps) == 3
