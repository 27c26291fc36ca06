"""The pictures of one enrollment are apart in time, so that they differ."""

from itertools import pairwise

import numpy as np

from device.enrollment import capture_candidates
from device.records import Box, Frame, Image, Probe, Quality
from device.virtual.clock import SimulatedClock


class Camera:
    """Has a picture at once, always."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.taken_at: list[float] = []
        self._clock = clock

    def read(self, timeout_s: float) -> Frame | None:  # noqa: ARG002 - the camera's interface
        self.taken_at.append(self._clock.monotonic())
        return Frame(np.zeros((4, 4, 3), np.uint8), self._clock.monotonic())

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        pass


def good(_image: Image) -> Probe:
    quality = Quality(*[1.0] * len(Quality.__dataclass_fields__))
    return Probe(np.ones(128, np.float32), quality, Box(0.0, 0.0, 100.0, 100.0))


def test_pictures_are_0_7_s_apart() -> None:
    clock = SimulatedClock()
    camera = Camera(clock)
    capture_candidates(camera, clock, good, wanted=5, timeout_s=20.0)
    assert [round(after - before, 3) for before, after in pairwise(camera.taken_at)] == [0.7] * 4
