"""The figures of one transaction: how old a frame may be, how long a person has, and what a log may show of it."""

import numpy as np
import pytest

from device.policy.events import BadgeClaimed, FrameSeen, TimePassed
from device.policy.hearing import begun, hear
from device.policy.modes import Terms
from device.policy.showing import Showing
from device.records import (
    BADGE_AND_FACE,
    BadgeRead,
    Box,
    Claim,
    Credential,
    DoorState,
    Person,
    Probe,
    Quality,
    Reason,
)

PROBE = Probe(np.full(128, 0.4321, np.float32), Quality(100.0, 120.0, 0.1, 0.0), Box(0.0, 0.0, 123.0, 123.0))
CLAIM = Claim(Person(1, "Eileen"), False, np.ones((3, 128), np.float32))


def looking() -> Showing:
    """A badge at 100 s that has until 106 s, and whose holder is known."""
    terms = Terms(BADGE_AND_FACE, probes=3, timeout_s=6.0, max_age_s=0.5)
    badge = BadgeRead(Credential("h10301", 17, 1001), 100.0, "front")
    return hear(begun(badge, terms, door=DoorState.LOCKED, now=100.0), BadgeClaimed(100.0, CLAIM))


@pytest.mark.parametrize(("age_s", "frames"), [(0.0, 1), (0.25, 1), (0.5, 1), (0.625, 0), (-0.25, 0)])
def test_frame_counts_up_to_half_a_second_of_age(age_s: float, frames: int) -> None:
    assert hear(looking(), FrameSeen(102.0, 101.0, 101.0 + age_s, PROBE)).frames == frames


@pytest.mark.parametrize(("captured_at", "frames"), [(99.75, 0), (100.0, 0), (100.125, 1)])
def test_frame_counts_if_captured_after_the_badge(captured_at: float, frames: int) -> None:
    assert hear(looking(), FrameSeen(101.0, captured_at, captured_at + 0.25, PROBE)).frames == frames


@pytest.mark.parametrize(("at", "reason"), [(105.9, None), (106.0, Reason.CAMERA_FAULT), (107.0, Reason.CAMERA_FAULT)])
def test_person_has_six_seconds(at: float, reason: Reason | None) -> None:
    verdict = hear(looking(), TimePassed(at)).verdict
    assert (verdict and verdict.reason) is reason


def test_showing_is_written_without_its_faces() -> None:
    showing = hear(looking(), FrameSeen(101.0, 100.9, 101.0, PROBE))
    assert (len(showing.track), "123" in repr(showing)) == (1, False)
