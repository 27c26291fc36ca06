"""A person before a camera is guided through the pictures of an enrollment."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from device.credentials import parse_badge
from device.enrollment import Enrollment, GuidedCapture
from device.errors import CameraError, EnrollmentRefused
from device.policy.guidance import Asked, Guidance, Hindered, Said
from device.records import Frame, Image, Reason
from device.store.store import Store
from device.virtual.camera import SimulatedCamera
from device.virtual.clock import SimulatedClock
from device.virtual.figures import Figure, Place
from device.virtual.scene import Scene
from device.vision.faces import FaceAnalyzer
from tests.device.consented import CONSENTED


class Gone:
    """A camera that was pulled out."""

    def read(self, timeout_s: float) -> Frame | None:  # noqa: ARG002 - the camera's interface
        raise CameraError("The camera is gone.", hint="Check the cable.")

    def trouble(self) -> str:
        return "The camera is gone."

    def close(self) -> None:
        pass


def capture(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], figure: Figure, *, wanted: int = 3
) -> tuple[GuidedCapture, list[Said]]:
    """The pictures of a figure before a simulated camera, and what was said meanwhile; the time is up after 30 s."""
    clock = SimulatedClock()
    camera = SimulatedCamera(clock, Scene((figure,), portraits))
    threshold = analyzer.embedder.decision_rule.threshold(1, 1)
    taken = GuidedCapture(camera, analyzer.analyze, Guidance(wanted, threshold, 0.0, 30.0), clock, place="camera")
    return taken, [said for said in taken.said() if said is not None]


def test_person_who_comes_closer_gives_three_pictures(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], tmp_path: Path
) -> None:
    walks = Figure(image="eileen-collins", start=Place(y=0.85, size=1.0), end=Place(y=0.9, size=1.9), walk_s=20.0)
    taken, said = capture(analyzer, portraits, walks)
    assert [one.kept for one in said if isinstance(one, Asked)][-1] == 2
    assert [one.source for one in taken.good()] == ["camera, picture 1", "camera, picture 2", "camera, picture 3"]
    with Store(tmp_path) as store:
        report = Enrollment(store, analyzer, SimulatedClock(), terms=CONSENTED).enroll_good(
            parse_badge("17:1001"), "Eileen", taken.good()
        )
    assert report.accepted == ("picture 1", "picture 2", "picture 3")


def test_person_in_the_dark_is_refused_with_the_reason(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    dark = Figure(image="grace-hopper", end=Place(y=0.85, size=1.4), light=0.1)
    with pytest.raises(EnrollmentRefused, match=r"came in 30 s: 0, expected 3\..*too dark"):
        capture(analyzer, portraits, dark)


class Still:
    """A camera before which nothing moves: ten frames a second of one picture."""

    def __init__(self, picture: Image, clock: SimulatedClock) -> None:
        self._picture, self._clock = picture, clock

    def read(self, timeout_s: float) -> Frame | None:  # noqa: ARG002 - the camera's interface
        self._clock.sleep(0.1)
        return Frame(self._picture, self._clock.monotonic())

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        pass


def test_person_who_does_not_move_is_refused_with_that(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    clock = SimulatedClock()
    probe = analyzer.analyze(portraits["eileen-collins"])
    guidance = Guidance(3, 0.9, 0.0, 30.0)
    taken = GuidedCapture(Still(portraits["eileen-collins"], clock), lambda _: probe, guidance, clock, place="camera")
    with pytest.raises(EnrollmentRefused, match=r"in 30 s: 1, expected 3\. The others were all alike\.") as refused:
        list(taken.said())
    assert "--pictures 1" in refused.value.hint


def test_what_is_in_the_way_is_said_at_once(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    far = Figure(image="grace-hopper", start=Place(y=0.5, size=0.2), end=Place(y=0.85, size=1.8), walk_s=12.0)
    _, said = capture(analyzer, portraits, far, wanted=1)
    assert said[1] == Hindered(Reason.FACE_TOO_SMALL)


def test_camera_that_is_gone_ends_it(analyzer: FaceAnalyzer) -> None:
    taken = GuidedCapture(Gone(), analyzer.analyze, Guidance(3, 0.9, 0.0, 30.0), SimulatedClock(), place="camera")
    with pytest.raises(CameraError):
        list(taken.said())


def test_no_reference_is_written_without_a_legal_basis(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], tmp_path: Path
) -> None:
    walks = Figure(image="eileen-collins", start=Place(y=0.85, size=1.0), end=Place(y=0.9, size=1.9), walk_s=20.0)
    taken, _ = capture(analyzer, portraits, walks)

    with Store(tmp_path) as store:
        enrollment = Enrollment(store, analyzer, SimulatedClock())
        with pytest.raises(EnrollmentRefused, match="There is no legal basis for face data of Eileen"):
            enrollment.enroll_good(parse_badge("17:1001"), "Eileen", taken.good())
        with store.people() as people:
            assert people.everyone() == ()
