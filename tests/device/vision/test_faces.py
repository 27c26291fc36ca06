"""One frame: a probe, or the reason why there is none."""

import cv2
import numpy as np
import pytest

from device.records import Probe, Reason
from device.virtual.figures import Figure, Place
from device.virtual.scene import Scene

NEAR = Place(y=0.9, size=1.5)


def frame(portraits, *figures: Figure) -> np.ndarray:
    return Scene(figures, portraits).draw(0.0, 1)


def test_one_good_face_gives_a_probe(analyzer, portraits):
    assert isinstance(analyzer.analyze(frame(portraits, Figure(image="eileen-collins", end=NEAR))), Probe)


def test_an_empty_room_has_no_face(analyzer, portraits):
    assert analyzer.analyze(frame(portraits)) is Reason.NO_FACE


def test_two_people_are_too_many(analyzer, portraits):
    left = Figure(image="eileen-collins", end=Place(x=0.25, y=0.8, size=1.2))
    right = Figure(image="grace-hopper", end=Place(x=0.75, y=0.7))
    assert analyzer.analyze(frame(portraits, left, right)) is Reason.SEVERAL_FACES


@pytest.mark.parametrize(
    ("figure", "reason"),
    [
        (Figure(image="eileen-collins", end=Place(x=0.55, y=0.65, size=0.66)), Reason.FACE_TOO_SMALL),
        (Figure(image="eileen-collins", end=NEAR, light=0.15), Reason.FACE_TOO_DARK),
        (Figure(image="eileen-collins", end=NEAR, light=2.3), Reason.FACE_TOO_BRIGHT),
        (Figure(image="eileen-collins", end=NEAR, blur_px=4.0), Reason.FACE_BLURRED),
        (Figure(image="eileen-collins", end=NEAR, blur_px=6.0), Reason.FACE_BLURRED),
        (Figure(image="grace-hopper", end=Place(x=0.04, y=0.7, size=1.3)), Reason.FACE_CUT_OFF),
    ],
)
def test_a_poor_picture_has_its_reason(analyzer, portraits, figure, reason):
    assert analyzer.analyze(frame(portraits, figure)) is reason


def scaled_to(portrait, box, width: float) -> np.ndarray:
    factor = width / box.width
    return cv2.resize(portrait, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def cut(portrait, box, margin: float) -> np.ndarray:
    left, top = int(box.left - margin * box.width), int(box.top - margin * box.height)
    right, bottom = int(box.left + (1 + margin) * box.width), int(box.top + (1 + margin) * box.height)
    return portrait[max(0, top) : bottom, max(0, left) : right]


def test_a_small_print_before_a_forehead_is_a_second_face(analyzer, portraits):
    (printed,) = analyzer.detector.detect(portraits["eileen-collins"])
    (own,) = analyzer.detector.detect(portraits["grace-hopper"])
    picture = scaled_to(portraits["grace-hopper"], own.box, 220)
    face = analyzer.detector.detect(picture)[0].box
    tight = cut(portraits["eileen-collins"], printed.box, 0.15)
    small = cv2.resize(tight, None, fx=143 / tight.shape[1], fy=143 / tight.shape[1], interpolation=cv2.INTER_AREA)
    left, top = int(face.left + 0.25 * face.width), int(face.top - 0.3 * face.height)
    picture[top : top + small.shape[0], left : left + small.shape[1]] = small
    assert analyzer.analyze(picture) is Reason.SEVERAL_FACES


def test_a_person_in_the_background_does_not_count(analyzer, portraits):
    near = Figure(image="grace-hopper", end=Place(x=0.35, y=0.75, size=1.3))
    far = Figure(image="eileen-collins", end=Place(x=0.9, y=0.3, size=0.3))
    assert isinstance(analyzer.analyze(frame(portraits, near, far)), Probe)


def test_a_probe_does_not_show_its_embedding(analyzer, portraits):
    probe = analyzer.analyze(frame(portraits, Figure(image="eileen-collins", end=NEAR)))
    assert "embedding" not in repr(probe)


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 4000, 3), (480, 640, 3)])
def test_noise_of_any_shape_is_answered(analyzer, shape):
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert analyzer.analyze(noise) is Reason.NO_FACE


def test_what_the_mesh_denies_is_no_second_face(analyzer, lintel_data):
    from device.images import read_image

    building_beside_a_face = read_image(lintel_data / "people" / "test" / "obama1.jpg")
    assert isinstance(analyzer.analyze(building_beside_a_face), Probe)


def test_two_people_far_away_are_seen_as_two(analyzer, lintel_data):
    from device.images import read_image

    assert analyzer.analyze(read_image(lintel_data / "people" / "test" / "obama_and_biden.jpg")) is Reason.SEVERAL_FACES


@pytest.mark.parametrize("quality", [20, 50, 95])
def test_a_compressed_picture_is_the_same_person(analyzer, portraits, quality):
    image = portraits["grace-hopper"]
    _, jpeg = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    compressed = np.ascontiguousarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[:, :, ::-1])
    original, again = analyzer.analyze(image), analyzer.analyze(compressed)
    assert original.embedding @ again.embedding >= analyzer.embedder.decision_rule.threshold(1, 1)
