"""A head's turn is read off all of the mesh's points, and the cues of a frame are taken within their time."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import Box, Cues, Frame, Image, Probe, Reason
from device.settings.tables import VisionSettings
from device.vision.attack.cues import CuesOf, scene_share
from device.vision.attack.pose import MeanFace, mean_face, mean_face_of, normalized, points_of
from device.vision.attack.scene import learnt, small
from device.vision.faces import FaceAnalyzer, look_for_attacks
from device.vision.following import View
from device.vision.landmarks import Landmarks
from device.vision.portraits import mesh_of, shipped_portraits
from device.vision.quality.judging import measure

CENTER = (320.0, 240.0)


@pytest.fixture(scope="module")
def mean(analyzer: FaceAnalyzer) -> MeanFace:
    return mean_face_of(analyzer.detector, analyzer.mesh)


@pytest.fixture(scope="module")
def watching(analyzer: FaceAnalyzer) -> FaceAnalyzer:
    own = FaceAnalyzer(analyzer.detector, analyzer.mesh, analyzer.embedder, VisionSettings())
    return look_for_attacks(own)


def turned(mean: MeanFace, yaw: float, pitch: float, *, size: float = 40.0) -> Landmarks:
    """The mean face, its chin forward by `pitch`, then turned to its own left by `yaw` degrees; in a frame's pixels."""
    left, forward = np.radians(yaw), np.radians(pitch)
    about_y = np.array([[np.cos(left), 0, -np.sin(left)], [0, 1, 0], [np.sin(left), 0, np.cos(left)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(forward), np.sin(forward)], [0, -np.sin(forward), np.cos(forward)]])
    points = mean.points @ (about_y @ about_x).T * size
    return Landmarks((points[:, :2] + CENTER).astype(np.float32), 1.0, points[:, 2].astype(np.float32))


@given(st.floats(-50, 50), st.floats(-30, 30), st.floats(20, 120))
def test_turn_of_a_head_is_measured(mean: MeanFace, yaw: float, pitch: float, size: float) -> None:
    assert mean.pose(turned(mean, yaw, pitch, size=size)) == pytest.approx((yaw, pitch), abs=0.01)


def test_mean_face_is_symmetric_and_looks_ahead(mean: MeanFace) -> None:
    right_eye, left_eye, nose = mean.points[33], mean.points[263], mean.points[1]
    assert right_eye == pytest.approx(left_eye * (-1, 1, 1), abs=0.03)
    assert nose[0] == pytest.approx(0.0, abs=0.01)
    assert nose[2] < min(right_eye[2], left_eye[2]) - 1


def test_mean_of_a_head_turned_both_ways_looks_ahead(mean: MeanFace) -> None:
    both = mean_face([points_of(turned(mean, yaw, 0.0)) for yaw in (-20.0, 20.0)])
    assert both.pose(turned(mean, 7.0, 0.0)) == pytest.approx((7.0, 0.0), abs=0.2)


def test_flattened_face_shows_little_of_its_turn(mean: MeanFace) -> None:
    """A print has no depth of its own: what remains is the slant of its outline."""
    flat = mean.points * (1, 1, 0.0)
    about_y = np.array([[np.cos(0.7), 0, -np.sin(0.7)], [0, 1, 0], [0, 0, 0]])
    points = flat @ about_y.T * 40
    seen = Landmarks((points[:, :2] + CENTER).astype(np.float32), 1.0, np.zeros(468, np.float32))
    assert abs(mean.pose(seen)[0]) < 5.0


def test_portrait_and_its_mirror_image_are_turned_oppositely(analyzer: FaceAnalyzer, mean: MeanFace) -> None:
    for portrait in shipped_portraits():
        mirrored = np.asarray(cv2.flip(portrait, 1), np.uint8)
        yaw, other = (mean.pose(mesh_of(one, analyzer.detector, analyzer.mesh))[0] for one in (portrait, mirrored))
        assert yaw == pytest.approx(-other, abs=1.5)


def test_no_points_at_all_are_no_turn(mean: MeanFace) -> None:
    assert np.isfinite(mean.pose(Landmarks(np.zeros((468, 2), np.float32), 0.0))).all()
    assert np.isfinite(normalized(np.zeros((468, 3)))).all()


def followed(watching: FaceAnalyzer, image: Image, view: View) -> tuple[Probe | Reason, Cues | None]:
    return watching.follow(Frame(image, time.monotonic()), view), view.cues


@pytest.fixture(scope="module")
def at_the_door() -> Image:
    """A portrait before a plain wall, 480 x 640."""
    frame = np.full((480, 640, 3), 110, np.uint8)
    portrait = shipped_portraits()[0]
    scale = 470 / portrait.shape[0]
    small_one = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small_one.shape[:2]
    frame[5 : 5 + height, 150 : 150 + width] = small_one
    return frame


def test_followed_face_leaves_its_cues(watching: FaceAnalyzer, at_the_door: Image) -> None:
    found, cues = followed(watching, at_the_door, View())
    assert isinstance(found, Probe)
    assert cues is not None
    assert (cues.scene, cues.live, cues.embedding) == (None, None, None)
    assert abs(cues.yaw) < 5
    assert cues.box_share == pytest.approx(max(found.box.width, found.box.height) / 640)
    assert cues.crop_scale == pytest.approx(min(640 / found.box.width, 480 / found.box.height))


def test_frame_without_a_face_leaves_no_cues(watching: FaceAnalyzer, at_the_door: Image) -> None:
    view = View()
    followed(watching, at_the_door, view)
    assert followed(watching, np.full_like(at_the_door, 110), view) == (Reason.NO_FACE, None)


def test_turned_face_is_embedded_while_a_turn_is_asked_for(watching: FaceAnalyzer, at_the_door: Image) -> None:
    """`max_turn` of the settings is set so that this face counts as turned."""
    strict = FaceAnalyzer(
        watching.detector, watching.mesh, watching.embedder, VisionSettings(max_turn=0.001, min_face_px=60)
    )
    look_for_attacks(strict)
    view = View()
    found, cues = followed(strict, at_the_door, view)
    assert (found, cues.embedding if cues else 1) == (Reason.FACE_TURNED, None)
    view.embeds_turned = True
    found, cues = followed(strict, at_the_door, view)
    assert found is Reason.FACE_TURNED
    assert cues is not None
    assert cues.embedding is not None
    assert np.linalg.norm(cues.embedding) == pytest.approx(1.0, abs=1e-5)


def test_scene_of_another_size_or_with_few_blocks_says_nothing(at_the_door: Image) -> None:
    face = Box(270.0, 170.0, 100.0, 100.0)
    assert scene_share(at_the_door, face, learnt([small(at_the_door[:200])])) is None
    assert scene_share(at_the_door, face, learnt([small(np.full_like(at_the_door, 90))])) is None


def test_scene_beside_the_head_is_seen() -> None:
    room = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    frame = np.asarray(cv2.resize(room, (640, 480), interpolation=cv2.INTER_NEAREST), np.uint8)
    assert scene_share(frame, Box(270.0, 170.0, 100.0, 100.0), learnt([small(frame)])) == 1.0


def test_cues_take_less_than_3_ms(watching: FaceAnalyzer, at_the_door: Image) -> None:
    """Quality, scene and pose of one face, of the processor's time; the quickest of some rounds."""
    view = View()
    watching.follow(Frame(at_the_door, 1.0), view)
    face = watching.detector.detect(at_the_door)[0]
    mesh = watching.mesh.locate(at_the_door, face)
    cues_of, scene = watching.cues_of, learnt([small(at_the_door)])
    assert isinstance(cues_of, CuesOf)
    took = [1.0]
    while min(took) >= 0.003 and len(took) < 400:  # beside other work, some rounds take longer
        began = time.thread_time()
        measure(at_the_door, face, mesh)
        cues_of.of(at_the_door, face.box, mesh, scene)
        took.append(time.thread_time() - began)
    assert min(took) < 0.003
