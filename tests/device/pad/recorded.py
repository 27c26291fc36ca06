"""A camera, a look and frames for tests of recordings: what a face does, second by second."""

from collections.abc import Callable

import numpy as np

from device.errors import CameraError
from device.pad.recording import Person
from device.policy.events import FrameSeen
from device.records import Box, Cues, Frame, Probe, Quality, Reason
from device.virtual.clock import SimulatedClock
from device.vision.manifest import CurvePoint, DecisionRule, Fusion, OperatingPoint

BLACK = np.zeros((12, 16, 3), np.uint8)
BOX = Box(200.0, 120.0, 160.0, 200.0)
LOOKS = np.array([0.8, 0.6], np.float32)
"""The face of the tests, as a network of two numbers sees it."""


class FakeCamera:
    """Gives a frame each 0.125 s of its clock, until a time at which it dies or gives no more."""

    def __init__(self, clock: SimulatedClock, *, dies_at: float = np.inf, stops_at: float = np.inf) -> None:
        self.clock, self.dies_at, self.stops_at = clock, dies_at, stops_at

    def read(self, timeout_s: float) -> Frame | None:
        self.clock.sleep(min(0.125, timeout_s))
        now = self.clock.monotonic()
        if now >= self.dies_at:
            raise CameraError("The camera was pulled out.", hint="Plug it in.")
        return None if now >= self.stops_at else Frame(BLACK, now)

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        return


def cues(yaw: float = 0.0, *, live: float | None = 0.9, scene: float | None = 0.95) -> Cues:
    return Cues(yaw, 0.0, 2.7, 1.0, 0.3, BOX, scene, live, LOOKS)


def face(at: float, yaw: float = 0.0, *, live: float | None = 0.9) -> FrameSeen:
    """A good frame of the face, or, beyond 20 degrees, one of a face that is turned away."""
    found = Probe(LOOKS, Quality(200.0, 120.0, 0.1, 0.0), BOX) if abs(yaw) <= 20 else Reason.FACE_TURNED
    return FrameSeen(at, at, at, found, cues=cues(yaw, live=live))


def nothing(at: float) -> FrameSeen:
    return FrameSeen(at, at, at, Reason.NO_FACE)


def look_by(is_there: Callable[[float], bool]) -> Callable[[Frame], FrameSeen]:
    """A look that sees the face at the times at which it is there."""
    return lambda frame: face(frame.captured_at) if is_there(frame.captured_at) else nothing(frame.captured_at)


RULE = DecisionRule(
    metric="cosine-similarity",
    direction="higher-is-closer",
    target_fmr=1e-4,
    dataset="none",
    fusion=Fusion(least_probe_length=0.5, least_reference_length=0.5),
    points=(OperatingPoint(1, 1, 0.9, 1000), OperatingPoint(1, 3, 0.92, 1000)),
    curve=(CurvePoint(1e-3, 0.88), CurvePoint(1e-4, 0.9)),
)
ANNA = Person(LOOKS[np.newaxis], RULE)
"""Of whom the tests' face is."""
