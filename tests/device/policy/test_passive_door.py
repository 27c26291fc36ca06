"""A door that can't ask for a turn and has no network still lets its people in from where they always stood."""

import numpy as np
import pytest

from device.policy.attack import Presented
from device.policy.events import FrameSeen
from device.policy.modes import Pad
from device.records import Box, Cues, PadMode, Probe, Quality, Reason

PROBE = Probe(np.full(128, 0.4321, np.float32), Quality(83.0, 120.0, 0.1, 0.0), Box(0.0, 0.0, 83.0, 83.0))
FAR = Cues(yaw=0.0, pitch=0.0, crop_scale=5.7, presence=0.99, box_share=0.13, box=PROBE.box)
TURNED = Cues(yaw=27.0, pitch=0.0, crop_scale=2.7, presence=0.99, box_share=0.3, box=PROBE.box)
AHEAD = Cues(yaw=0.0, pitch=0.0, crop_scale=2.7, presence=0.99, box_share=0.3, box=PROBE.box)
PASSIVE = Pad(PadMode.PASSIVE)
WITH_NETWORK = Pad(PadMode.PASSIVE, live_threshold=0.7)
TURN = Pad(PadMode.TURN, can_prompt=True)


@pytest.mark.parametrize(
    ("pad", "objection"),
    [(PASSIVE, None), (WITH_NETWORK, Reason.FACE_TOO_SMALL), (TURN, Reason.FACE_TOO_SMALL)],
)
def test_face_is_too_far_away_only_for_what_has_to_judge_it(pad: Pad, objection: Reason | None) -> None:
    assert Presented(pad).objection(FrameSeen(1.0, 0.9, 0.95, PROBE, cues=FAR)) is objection


@pytest.mark.parametrize("pad", [PASSIVE, WITH_NETWORK, TURN])
def test_face_without_cues_is_vouched_for_by_no_one(pad: Pad) -> None:
    assert Presented(pad).objection(FrameSeen(1.0, 0.9, 0.95, PROBE)) is Reason.FACE_UNCLEAR


def test_face_that_turns_after_the_first_frame_is_up_to_the_match() -> None:
    seen = Presented(PASSIVE).saw(FrameSeen(1.0, 0.9, 0.95, PROBE, cues=AHEAD))
    assert seen.objection(FrameSeen(1.1, 1.0, 1.05, PROBE, cues=TURNED)) is None
