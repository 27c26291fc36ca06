"""What an evaluation must have shown before a door allows more tries: each kind of attack, in the door's own mode."""

import pytest

from device.pad.counting import AttackRates, Counted, LiveRates, Rates, Share
from device.pad.evaluation import Evaluation
from device.pad.threshold import Proposal
from device.policy.modes import Pad
from device.records import PadMode

NONE = Counted(Share(0, 42), Share(0, 42))


def evaluation(shown: dict[str, bool]) -> Evaluation:
    attacks = tuple(AttackRates(kind, NONE, NONE, 42, 0, is_shown, is_shown) for kind, is_shown in shown.items())
    rates = Rates(attacks, LiveRates(3, 0, NONE, NONE))
    return Evaluation(Pad(PadMode.TURN, can_prompt=True), rates, {}, (), Proposal(0.5, (), 20, 3, 0, 9))


@pytest.mark.parametrize(
    ("shown", "mode"),
    [
        ({"phone": True, "tablet": True, "print": True}, "turn"),
        ({"phone": True, "tablet": True, "print": True, "mask": True}, "turn"),
        ({"phone": True, "tablet": True, "print": True, "mask": False}, ""),
        ({"phone": True, "tablet": True, "print": False}, ""),
        ({"phone": True, "print": True}, ""),
        ({}, ""),
    ],
)
def test_each_kind_has_to_be_shown(shown: dict[str, bool], mode: str) -> None:
    assert evaluation(shown).shown_in == mode
