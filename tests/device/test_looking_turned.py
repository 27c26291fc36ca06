"""How the faces in its pictures stand is reported to the camera that took them."""

import numpy as np
import pytest

from device.looking import Sight, Turns
from device.policy.events import FrameSeen
from device.records import Box, Frame, Image, Probe, Quality, Reason
from device.virtual.clock import SimulatedClock
from device.vision.following import View

PROBE = Probe(np.ones(2, np.float32), Quality(200, 120, 0.3, 0.0), Box(10, 10, 200, 200))


class Camera:
    """A camera that hears how its faces stand."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.heard: list[int] = []
        self._clock = clock

    def read(self, timeout_s: float) -> Frame | None:
        self._clock.sleep(timeout_s)
        return Frame(np.zeros((2, 2, 3), np.uint8), self._clock.monotonic())

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        pass

    def saw(self, back_deg: int) -> None:
        self.heard.append(back_deg)


class Analyzer:
    """Finds what it is told, in pictures that would have to be turned by so many degrees."""

    def __init__(self, found: Probe | Reason, back_deg: int) -> None:
        self._found, self._back_deg = found, back_deg

    def follow(self, _frame: Frame, _view: View) -> Probe | Reason:
        return self._found

    def turn_back_deg(self, _image: Image) -> int:
        return self._back_deg


@pytest.mark.parametrize(
    ("found", "back_deg", "heard"),
    [
        (Reason.PICTURE_TURNED, 180, [180]),
        (Reason.PICTURE_TURNED, 0, []),
        (PROBE, 90, [0]),
        (Reason.NO_FACE, 90, []),
        (Reason.FACE_TURNED, 90, []),
    ],
)
def test_camera_hears_of_turned_and_of_upright_faces(found: Probe | Reason, back_deg: int, heard: list[int]) -> None:
    clock = SimulatedClock()
    camera = Camera(clock)
    sight = Sight(camera, Analyzer(found, back_deg), clock, max_age_s=0.5)  # type: ignore[arg-type]
    look = sight.look(-1.0, 0.1, Turns())
    assert isinstance(look, FrameSeen)
    assert (look.found, camera.heard) == (found, heard)
