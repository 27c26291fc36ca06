"""One frame: a probe, or the reason why there is none."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from device.records import Box, Image, Probe, Reason
from device.virtual.figures import Figure, Place
from device.virtual.scene import Scene
from device.vision import faces
from device.vision.faces import FaceAnalyzer
from tests.device.probes import probe_of

NEAR = Place(y=0.9, size=1.5)


def frame(portraits: Mapping[str, Image], *figures: Figure) -> np.ndarray:
    return Scene(figures, portraits).draw(0.0, 1)


def test_one_good_face_gives_a_probe(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    assert isinstance(analyzer.analyze(frame(portraits, Figure(image="eileen-collins", end=NEAR))), Probe)


def test_an_empty_room_has_no_face(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    assert analyzer.analyze(frame(portraits)) is Reason.NO_FACE


def test_two_people_are_too_many(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
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
def test_a_poor_picture_has_its_reason(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], figure: Figure, reason: Reason
) -> None:
    assert analyzer.analyze(frame(portraits, figure)) is reason


def scaled_to(portrait: NDArray[Any], box: Box, width: float) -> np.ndarray:
    factor = width / box.width
    return cv2.resize(portrait, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def cut(portrait: NDArray[Any], box: Box, margin: float) -> np.ndarray:
    left, top = int(box.left - margin * box.width), int(box.top - margin * box.height)
    right, bottom = int(box.left + (1 + margin) * box.width), int(box.top + (1 + margin) * box.height)
    return portrait[max(0, top) : bottom, max(0, left) : right]


def test_a_small_print_before_a_forehead_is_a_second_face(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image]
) -> None:
    (printed,) = analyzer.detector.detect(portraits["eileen-collins"])
    (own,) = analyzer.detector.detect(portraits["grace-hopper"])
    picture = scaled_to(portraits["grace-hopper"], own.box, 220)
    face = analyzer.detector.detect(picture)[0].box
    tight = cut(portraits["eileen-collins"], printed.box, 0.15)
    small = cv2.resize(tight, None, fx=143 / tight.shape[1], fy=143 / tight.shape[1], interpolation=cv2.INTER_AREA)
    left, top = int(face.left + 0.25 * face.width), int(face.top - 0.3 * face.height)
    picture[top : top + small.shape[0], left : left + small.shape[1]] = small
    assert analyzer.analyze(picture) is Reason.SEVERAL_FACES


def beside(front: np.ndarray, behind: np.ndarray) -> np.ndarray:
    picture = np.full((max(front.shape[0], behind.shape[0]), front.shape[1] + behind.shape[1], 3), 128, np.uint8)
    picture[: front.shape[0], : front.shape[1]] = front
    picture[: behind.shape[0], front.shape[1] :] = behind
    return picture


def eileen_before_grace(analyzer: FaceAnalyzer, portraits: Mapping[str, Image], times: float) -> np.ndarray:
    """Their faces beside each other, Eileen's so many times as high."""
    eileen, grace = portraits["eileen-collins"], portraits["grace-hopper"]
    (near,), (far,) = analyzer.detector.detect(eileen), analyzer.detector.detect(grace)
    front, behind = cut(eileen, near.box, 0.6), cut(grace, far.box, 0.6)
    return beside(scaled_to(front, near.box, 200), scaled_to(behind, far.box, 200 / times))


@pytest.mark.parametrize("times", [0.5, 0.9, 1.0, 1.2])
def test_no_face_is_taken_for_the_one_meant_unless_it_is_much_larger(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], times: float
) -> None:
    picture = eileen_before_grace(analyzer, portraits, times)
    largest = analyzer.analyze_largest(picture)
    if times > 0.5:
        assert largest is Reason.SEVERAL_FACES
    else:
        assert probe_of(largest).box.width > 300, "Grace is the larger one"


@pytest.mark.parametrize("times", [1.8, 2.5])
def test_largest_face_is_taken_for_operators_never_at_the_door(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], times: float
) -> None:
    picture = eileen_before_grace(analyzer, portraits, times)
    alone = analyzer.analyze(portraits["eileen-collins"])
    assert analyzer.analyze(picture) is Reason.SEVERAL_FACES
    similarity = probe_of(analyzer.analyze_largest(picture)).embedding @ probe_of(alone).embedding
    assert similarity >= analyzer.embedder.decision_rule.threshold(1, 1)


def test_largest_face_is_asked_for_only_where_an_operator_watches() -> None:
    rooms = Path(faces.__file__).parents[1]
    asking = {
        str(path.relative_to(rooms))
        for path in rooms.rglob("*.py")
        if {"analyze_largest", "look_of", "PhotoLook"} & names_in(path)
    }
    at_a_desk = {"enrollment.py", "verification.py", "identification.py", "cli/enrollment.py", "pad/reading.py"}
    at_a_desk |= {"simulation/web/enrolling.py"}
    assert asking == {"vision/faces.py", "vision/photos.py", "guided_enrollment.py", *at_a_desk}


def names_in(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def test_the_largest_face_must_be_good_as_any_other(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    dark = (eileen_before_grace(analyzer, portraits, 2.0) * 0.2).astype(np.uint8)
    assert isinstance(analyzer.analyze_largest(dark), Reason)


def test_the_only_face_is_the_largest(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    grace = portraits["grace-hopper"]
    only, largest = probe_of(analyzer.analyze(grace)), probe_of(analyzer.analyze_largest(grace))
    assert largest.embedding.tobytes() == only.embedding.tobytes()


def test_a_person_in_the_background_does_not_count(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    near = Figure(image="grace-hopper", end=Place(x=0.35, y=0.75, size=1.3))
    far = Figure(image="eileen-collins", end=Place(x=0.9, y=0.3, size=0.3))
    assert isinstance(analyzer.analyze(frame(portraits, near, far)), Probe)


def test_a_probe_does_not_show_its_embedding(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    probe = analyzer.analyze(frame(portraits, Figure(image="eileen-collins", end=NEAR)))
    assert "embedding" not in repr(probe)


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 4000, 3), (480, 640, 3)])
def test_noise_of_any_shape_is_answered(analyzer: FaceAnalyzer, shape: tuple[int, int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert analyzer.analyze(noise) is Reason.NO_FACE


def test_what_the_mesh_denies_is_no_second_face(analyzer: FaceAnalyzer, lintel_data: Path) -> None:
    from device.images import read_image

    building_beside_a_face = read_image(lintel_data / "people" / "test" / "obama1.jpg")
    assert isinstance(analyzer.analyze(building_beside_a_face), Probe)


def test_two_people_far_away_are_seen_as_two(analyzer: FaceAnalyzer, lintel_data: Path) -> None:
    from device.images import read_image

    assert analyzer.analyze(read_image(lintel_data / "people" / "test" / "obama_and_biden.jpg")) is Reason.SEVERAL_FACES


def test_no_face_is_the_largest_of_two_equal_ones_in_a_photo(analyzer: FaceAnalyzer, lintel_data: Path) -> None:
    """The detector also finds a face of twice the size around one of the two."""
    from device.images import read_image

    group = read_image(lintel_data / "people" / "test" / "obama_and_biden.jpg")
    assert analyzer.analyze_largest(group) is Reason.SEVERAL_FACES


def test_a_group_behind_a_person_is_left_out(analyzer: FaceAnalyzer, lintel_data: Path) -> None:
    from device.images import read_image

    folder = lintel_data / "people"
    group, person = (read_image(folder / name) for name in ("test/obama_and_biden.jpg", "train/rose_leslie/img1.jpg"))
    picture = beside(person, cv2.resize(group, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA))
    found, alone = analyzer.analyze_largest(picture), analyzer.analyze(person)
    assert analyzer.analyze(picture) is Reason.SEVERAL_FACES
    assert probe_of(found).embedding @ probe_of(alone).embedding >= analyzer.embedder.decision_rule.threshold(1, 1)


@pytest.mark.parametrize("quality", [20, 50, 95])
def test_a_compressed_picture_is_the_same_person(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], quality: int
) -> None:
    image = portraits["grace-hopper"]
    _, jpeg = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert decoded is not None
    compressed = np.ascontiguousarray(decoded[:, :, ::-1], np.uint8)
    original, again = analyzer.analyze(image), analyzer.analyze(compressed)
    assert probe_of(original).embedding @ probe_of(again).embedding >= analyzer.embedder.decision_rule.threshold(1, 1)
