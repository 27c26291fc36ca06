"""What a showing hears says nothing of a face, and by itself no face is taken for the one before."""

import numpy as np

from device.policy.events import Compared, FrameSeen
from device.records import Box, Claim, Evidence, Person, Probe, Quality

PROBE = Probe(np.full(128, 0.4321, np.float32), Quality(100.0, 120.0, 0.1, 0.0), Box(0.0, 0.0, 123.0, 123.0))


def test_frame_is_written_without_its_face() -> None:
    assert "123" not in repr(FrameSeen(1.0, 0.9, 1.0, PROBE))


def test_comparison_is_written_without_its_faces() -> None:
    claim = Claim(Person(1, "Eileen"), False, np.zeros((0, 128), np.float32))
    assert "123" not in repr(Compared(1.0, (PROBE,), claim, Evidence(0.95, 0.9, 3, 1)))


def test_face_follows_no_other_unless_it_was_compared() -> None:
    assert FrameSeen(1.0, 0.9, 1.0, PROBE).follows is False
