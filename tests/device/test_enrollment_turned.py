"""Turned pictures are refused at enrollment, a file's and a camera's, with how to turn them back."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from device.cameras.hanging import HangingCamera
from device.credentials import parse_badge
from device.enrollment import Candidate, Enrollment, GuidedCapture
from device.errors import EnrollmentRefused
from device.looking import reporting
from device.policy.guidance import Guidance
from device.records import Frame, Image
from device.store.store import Store
from device.virtual.camera import SimulatedCamera
from device.virtual.clock import SimulatedClock
from device.virtual.figures import Figure, Place
from device.virtual.scene import Scene
from device.vision.faces import FaceAnalyzer
from tests.device.consented import CONSENTED


class Turned(SimulatedCamera):
    """A camera that hangs turned by right angles."""

    def __init__(self, clock: SimulatedClock, scene: Scene, quarters: int) -> None:
        super().__init__(clock, scene)
        self._quarters = quarters

    def read(self, timeout_s: float) -> Frame | None:
        frame = super().read(timeout_s)
        turned = None if frame is None else np.ascontiguousarray(np.rot90(frame.image, -self._quarters))
        return None if frame is None or turned is None else Frame(turned, frame.captured_at)


@pytest.mark.parametrize(("quarters", "rotate"), [(1, 270), (2, 180), (3, 90)])
def test_camera_that_hangs_turned_ends_an_enrollment(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], quarters: int, rotate: int
) -> None:
    clock = SimulatedClock()
    scene = Scene((Figure(image="grace-hopper", end=Place(y=0.85, size=1.4)),), portraits)
    camera = HangingCamera(Turned(clock, scene, quarters), 0)
    guidance = Guidance(5, 0.9, began_at=clock.monotonic(), deadline=clock.monotonic() + 60.0)
    look = reporting(analyzer.analyze, camera, analyzer)
    capture = GuidedCapture(camera, look, guidance, clock, place="camera")
    with pytest.raises(EnrollmentRefused, match=f"set `rotate = {rotate}` under"):
        list(capture.said())
    assert clock.monotonic() < 5.0


def refusal(folder: Path, analyzer: FaceAnalyzer, *pictures: Image) -> str:
    candidates = [Candidate(str(number), np.ascontiguousarray(picture)) for number, picture in enumerate(pictures)]
    with Store(folder) as store, pytest.raises(EnrollmentRefused) as refused:
        Enrollment(store, analyzer, SimulatedClock(), terms=CONSENTED).enroll(
            parse_badge("17:1001"), "Grace", candidates
        )
    return refused.value.message


@pytest.mark.parametrize(("quarters", "degrees"), [(1, 270), (2, 180), (3, 90)])
def test_a_turned_picture_is_left_out_with_how_to_turn_it(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], tmp_path: Path, quarters: int, degrees: int
) -> None:
    said = refusal(tmp_path, analyzer, np.rot90(portraits["grace-hopper"], -quarters))
    assert f"Turn the picture clockwise by {degrees} degrees" in said


def test_faces_upside_down_never_become_references(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], tmp_path: Path
) -> None:
    """Upside down, the network takes both for one person: similarity 0.950, above the threshold."""
    said = refusal(tmp_path, analyzer, *(portrait[::-1, ::-1] for portrait in portraits.values()))
    assert said.count("hangs turned") == 2


def test_a_small_face_in_a_turned_photo_says_how_to_turn_it(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], tmp_path: Path
) -> None:
    """A head in a corner of the photo, where one look at the whole finds nothing."""
    photo = np.random.default_rng(1).normal(120, 6, (1200, 1800, 3)).clip(0, 255).astype(np.uint8)
    photo[600:1200, 1288:1800] = portraits["grace-hopper"]
    assert "clockwise by 270 degrees" in refusal(tmp_path, analyzer, np.rot90(photo, -1))
