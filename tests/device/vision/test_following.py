"""The mesh follows a face by its own points: when the detector looks all the same, and who is noticed by it."""

from collections.abc import Mapping

import cv2
import numpy as np
import pytest

from device.records import Box, Frame, Image, Probe, Reason
from device.virtual.figures import Figure, Place
from device.virtual.scene import Scene
from device.vision.detector import Detection, Detector
from device.vision.faces import FaceAnalyzer
from device.vision.following import View, around, is_the_same
from device.vision.track import follows
from tests.device.probes import probe_of

EILEEN = Figure(image="eileen-collins", end=Place(x=0.35, y=0.8, size=1.2))
GRACE = Figure(image="grace-hopper", end=Place(x=0.8, y=0.7))


class Counting:
    """A detector that counts how often it looks."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.looks = 0

    def detect(self, image: Image) -> tuple[Detection, ...]:
        self.looks += 1
        return self._detector.detect(image)

    def once(self, image: Image) -> tuple[Detection, ...]:
        return self._detector.once(image)


class Watcher:
    """A camera's view, and the analyzer that follows a face in it."""

    def __init__(self, analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
        self.detector, self.view = Counting(analyzer.detector), View()
        self._portraits = portraits
        self._analyzer = FaceAnalyzer(self.detector, analyzer.mesh, analyzer.embedder, analyzer.limits)  # type: ignore[arg-type]

    def sees(self, at: float, *figures: Figure) -> Probe | Reason:
        return self.shown(at, Scene(figures, self._portraits).draw(0.0, 1))

    def shown(self, at: float, image: Image) -> Probe | Reason:
        return self._analyzer.follow(Frame(image, at), self.view)


@pytest.fixture
def watcher(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> Watcher:
    return Watcher(analyzer, portraits)


def moved(x: float, *, y: float = 0.8, size: float = 1.2) -> Figure:
    return Figure(image="eileen-collins", end=Place(x=x, y=y, size=size))


def test_detector_looks_twice_a_second_while_a_face_is_followed(watcher: Watcher) -> None:
    found = [watcher.sees(100.0 + 0.125 * number, EILEEN) for number in range(13)]
    assert (all(isinstance(one, Probe) for one in found), watcher.detector.looks) == (True, 4)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_face_in_a_turned_picture_is_never_followed(
    watcher: Watcher, portraits: Mapping[str, Image], quarters: int
) -> None:
    frames = [Scene((EILEEN,), portraits).draw(0.1 * number, number) for number in range(10)]
    turned = [np.ascontiguousarray(np.rot90(frame, -quarters)) for frame in frames]
    assert {watcher.shown(100.0 + 0.1 * n, frame) for n, frame in enumerate(turned)} == {Reason.PICTURE_TURNED}


def test_followed_face_is_the_face_that_is_detected(watcher: Watcher) -> None:
    """A step to the side at each frame: the embedding is that of a detection within what a threshold notices."""
    for number in range(4):
        figure = moved(0.4 + 0.006 * number)
        followed = probe_of(watcher.sees(100.0 + 0.1 * number, figure))
        watched = probe_of(Watcher(watcher._analyzer, watcher._portraits).sees(0.0, figure))
        assert float(followed.embedding @ watched.embedding) > 0.99
        assert abs(followed.box.center[0] - watched.box.center[0]) < 0.1 * watched.box.width
        assert abs(followed.box.width - watched.box.width) < 0.25 * watched.box.width
    assert watcher.detector.looks == 5


@pytest.mark.parametrize("after_s", [0.1, 0.4])
def test_second_person_is_noticed_within_half_a_second(watcher: Watcher, after_s: float) -> None:
    watcher.sees(100.0, EILEEN)
    found = [watcher.sees(100.0 + after_s + 0.1 * number, EILEEN, GRACE) for number in range(6)]
    noticed = found.index(Reason.SEVERAL_FACES)
    assert after_s + 0.1 * noticed <= 0.5 + 1e-6


def test_second_person_is_seen_at_each_frame_from_then_on(watcher: Watcher) -> None:
    watcher.sees(100.0, EILEEN)
    found = [watcher.sees(100.5 + 0.1 * number, EILEEN, GRACE) for number in range(3)]
    assert found == [Reason.SEVERAL_FACES] * 3


def test_person_who_leaves_is_gone_at_once(watcher: Watcher) -> None:
    watcher.sees(100.0, EILEEN)
    assert (watcher.sees(100.1), watcher.sees(100.2)) == (Reason.NO_FACE, Reason.NO_FACE)


def test_another_person_at_the_same_place_is_another_track(watcher: Watcher, analyzer: FaceAnalyzer) -> None:
    """Between two frames: the mesh may follow, and the embedding says who it is."""
    first = probe_of(watcher.sees(100.0, moved(0.5)))
    second = probe_of(watcher.sees(100.1, Figure(image="grace-hopper", end=Place(x=0.5, y=0.75, size=1.3))))
    rule = analyzer.embedder.decision_rule
    assert (follows((first,), first, rule), follows((first,), second, rule)) == (True, False)


@pytest.mark.parametrize(("gap_s", "looks"), [(0.25, 1), (0.3, 2), (0.0, 2), (-1.0, 2)])
def test_detector_looks_after_a_gap_and_when_time_goes_back(watcher: Watcher, gap_s: float, looks: int) -> None:
    watcher.sees(100.0, EILEEN)
    watcher.sees(100.0 + gap_s, EILEEN)
    assert watcher.detector.looks == looks


@pytest.mark.parametrize("widths", [-0.6, -0.5, 0.4, 0.5, 0.6])
def test_mesh_laid_beside_a_face_is_not_bent(
    watcher: Watcher, analyzer: FaceAnalyzer, portraits: Mapping[str, Image], widths: float
) -> None:
    """It bends to where it expects a face, which looks like a small step, and what it gives matches more people."""
    for picture in portraits.values():
        face = probe_of(watcher.shown(100.0, picture))
        beside = np.roll(picture, round(widths * face.box.width), axis=1)
        found, detected = watcher.shown(100.1, beside), analyzer.analyze(beside)
        if isinstance(found, Probe):
            assert float(found.embedding @ probe_of(detected).embedding) > 0.99
        watcher.view.lost()


@pytest.mark.parametrize("figure", [moved(0.75), moved(0.35, size=0.7), moved(0.43)])
def test_face_that_jumps_is_detected_again(watcher: Watcher, figure: Figure) -> None:
    watcher.sees(100.0, EILEEN)
    watcher.sees(100.1, figure)
    assert watcher.detector.looks == 2


@pytest.mark.parametrize("x", [0.36, 0.38, 0.4, 0.42, 0.44])
def test_face_that_moved_by_up_to_half_its_width_is_met(
    watcher: Watcher, analyzer: FaceAnalyzer, portraits: Mapping[str, Image], x: float
) -> None:
    watcher.sees(100.0, EILEEN)
    followed = probe_of(watcher.sees(100.25, moved(x)))
    detected = probe_of(analyzer.analyze(Scene((moved(x),), portraits).draw(0.0, 1)))
    assert float(followed.embedding @ detected.embedding) > 0.99


def test_bad_frame_of_a_followed_face_has_its_reason(watcher: Watcher, portraits: Mapping[str, Image]) -> None:
    watcher.sees(100.0, EILEEN)
    dark = (Scene((EILEEN,), portraits).draw(0.0, 1) * 0.15).astype(np.uint8)
    assert (watcher.shown(100.1, dark), watcher.detector.looks) == (Reason.FACE_TOO_DARK, 1)


def test_face_of_a_turned_away_head_is_followed(watcher: Watcher, portraits: Mapping[str, Image]) -> None:
    """As far as a tilt goes, which the mesh's crop follows by the eyes."""
    picture = Scene((moved(0.5),), portraits).draw(0.0, 1)
    for number in range(4):
        turn = cv2.getRotationMatrix2D((320, 240), 2.0 * number, 1.0)
        tilted = np.asarray(cv2.warpAffine(picture, turn, (640, 480)), np.uint8)
        assert isinstance(watcher.shown(100.0 + 0.1 * number, tilted), Probe)
    assert watcher.detector.looks == 1


def box(x: float, width: float) -> Detection:
    return Detection(Box(x, 100, width, width), (0, 0), (1, 0), 0.9)


@pytest.mark.parametrize(
    ("now", "same"), [(box(100, 100), True), (box(105, 100), True), (box(110, 100), False), (box(100, 115), False)]
)
def test_face_that_moves_by_a_tenth_is_detected_again(now: Detection, same: bool) -> None:
    assert is_the_same(box(100, 100), now) is same


def test_box_around_the_mesh_is_about_that_of_the_detector(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image]
) -> None:
    for picture in portraits.values():
        (face,) = analyzer.detector.detect(picture)
        found = around(analyzer.mesh.locate(picture, face), face.score)
        assert is_the_same(face, found)
        assert found.box.width == pytest.approx(face.box.width, rel=0.15)


def moved_face(x: float) -> Detection:
    return Detection(Box(x, 100.0, 100.0, 100.0), (x + 30, 140.0), (x + 70, 140.0), 0.9)


def test_motion_is_in_face_widths_a_second() -> None:
    view = View()
    view.detected(moved_face(100.0), 10.0)
    view.followed(moved_face(120.0), 10.1)
    assert view.motion == pytest.approx(2.0)


def test_a_face_found_by_the_detector_or_lost_has_no_motion() -> None:
    view = View()
    view.detected(moved_face(100.0), 10.0)
    view.followed(moved_face(120.0), 10.1)
    view.detected(moved_face(300.0), 10.2)
    assert view.motion == 0.0
    view.followed(moved_face(320.0), 10.3)
    view.lost()
    assert view.motion == 0.0
