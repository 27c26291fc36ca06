"""What an operator's photo gives: the face wherever it is, however large the photo, or a sentence about the photo."""

import re
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from device.images import read_photo
from device.records import Image, Probe, Reason, photo_of
from device.vision.faces import FaceAnalyzer
from device.vision.photos import SENTENCES, PhotoLook, Unusable
from device.vision.quality.limits import Purpose

EILEEN, GRACE = "eileen-collins", "grace-hopper"
FACE_PX = {EILEEN: 106.7, GRACE: 201.0}
"""How high the face is in the shipped portrait, and where its middle is."""
MIDDLE = {EILEEN: (225, 141), GRACE: (277, 197)}


def scene(portraits: Mapping[str, Image], size: tuple[int, int], *heads: tuple[str, int, tuple[float, float]]) -> Image:
    """A picture of (width, height) with portraits whose faces are so many pixels high, at shares of its sides."""
    width, height = size
    squares = np.random.default_rng(width).integers(60, 200, (height // 200 + 2, width // 200 + 2, 3)).astype(np.uint8)
    picture = np.ascontiguousarray(np.kron(squares, np.ones((200, 200, 1), np.uint8))[:height, :width])
    for name, face_px, (across, down) in heads:
        scale = face_px / FACE_PX[name]
        head = cv2.resize(portraits[name], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        margin = round(0.8 * face_px)
        x = round(margin + across * (width - 2 * margin) - scale * MIDDLE[name][0])
        y = round(margin + down * (height - 2 * margin) - scale * MIDDLE[name][1])
        left, top = max(0, x), max(0, y)
        shown = head[top - y : height - y, left - x : width - x]
        picture[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    return picture


def similarity(analyzer: FaceAnalyzer, found: Probe | Unusable, portrait: Image) -> float:
    alone = analyzer.analyze(portrait)
    assert isinstance(found, Probe)
    assert isinstance(alone, Probe)
    return float(found.embedding @ alone.embedding)


CORNERS = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
HEADS = [
    *(((1920, 1080), (name, 90, place)) for name in (EILEEN, GRACE) for place in (*CORNERS, (0.31, 0.64))),
    *(((640, 480), (name, 85, place)) for name in (EILEEN, GRACE) for place in CORNERS),
    *(((4000, 3000), (name, 200, place)) for name, place in ((EILEEN, (1.0, 1.0)), (GRACE, (0.31, 0.64)))),
    ((4000, 3000), (EILEEN, 85, (0.0, 1.0))),
    ((1080, 1920), (GRACE, 85, (0.9, 0.5))),
    ((3000, 500), (GRACE, 85, (0.9, 0.5))),
]


@pytest.mark.parametrize(("size", "head"), HEADS)
def test_face_is_found_wherever_it_is(
    analyzer: FaceAnalyzer,
    portraits: Mapping[str, Image],
    size: tuple[int, int],
    head: tuple[str, int, tuple[float, float]],
) -> None:
    found = PhotoLook(analyzer, largest_face=False)(photo_of(scene(portraits, size, head)))
    assert similarity(analyzer, found, portraits[head[0]]) >= analyzer.embedder.decision_rule.threshold(1, 1)


def big(portraits: Mapping[str, Image], folder: Path, size: tuple[int, int], kind: str) -> Path:
    """A file with a face of 84 pixels in the bottom right."""
    picture = scene(portraits, size, (EILEEN, 84, (0.97, 0.96)))
    PIL.Image.fromarray(picture).save(folder / "big", kind, quality=85)
    return folder / "big"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_small_face_is_read_at_full_size_from_a_picture_at_half(
    analyzer: FaceAnalyzer,
    portraits: Mapping[str, Image],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    monkeypatch.setattr("device.images.WHOLE_PIXELS", 1_000_000)
    photo = read_photo(big(portraits, tmp_path, (1921, 1081), kind))
    found = PhotoLook(analyzer, largest_face=False)(photo)
    assert photo.image.shape == (541, 961, 3)
    assert similarity(analyzer, found, portraits[EILEEN]) >= analyzer.embedder.decision_rule.threshold(1, 1)


@pytest.mark.slow(small="test_small_face_is_read_at_full_size_from_a_picture_at_half")
@pytest.mark.parametrize("size", [(7300, 5500), (12032, 9024)])
def test_face_of_84_pixels_is_found_in_a_vast_picture(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], tmp_path: Path, size: tuple[int, int]
) -> None:
    photo = read_photo(big(portraits, tmp_path, size, "JPEG"))
    found = PhotoLook(analyzer, largest_face=False)(photo)
    assert similarity(analyzer, found, portraits[EILEEN]) >= analyzer.embedder.decision_rule.threshold(1, 1)


@pytest.mark.parametrize("second_px", [400, 220])
@pytest.mark.parametrize("place", [(1.0, 0.0), (0.9, 1.0)])
def test_second_face_in_a_photo_is_refused(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], second_px: int, place: tuple[float, float]
) -> None:
    picture = scene(portraits, (4000, 3000), (EILEEN, 400, (0.2, 0.4)), (GRACE, second_px, place))
    found = PhotoLook(analyzer, largest_face=False)(photo_of(picture))
    assert isinstance(found, Unusable)
    assert found.reason is Reason.SEVERAL_FACES


def test_small_face_far_behind_is_background(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    picture = scene(portraits, (4000, 3000), (EILEEN, 900, (0.3, 0.5)), (GRACE, 90, (1.0, 0.1)))
    found = PhotoLook(analyzer, largest_face=False)(photo_of(picture))
    assert similarity(analyzer, found, portraits[EILEEN]) >= analyzer.embedder.decision_rule.threshold(1, 1)


def test_largest_of_several_faces_is_taken_on_request(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    picture = scene(portraits, (4000, 3000), (EILEEN, 400, (0.2, 0.4)), (GRACE, 220, (1.0, 0.0)))
    found = PhotoLook(analyzer, largest_face=True)(photo_of(picture))
    assert similarity(analyzer, found, portraits[EILEEN]) >= analyzer.embedder.decision_rule.threshold(1, 1)


@pytest.mark.parametrize("size", [(1920, 1080), (640, 480), (200, 150), (1, 1), (4000, 1), (1, 4000)])
def test_photo_without_a_face_says_so(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], size: tuple[int, int]
) -> None:
    found = PhotoLook(analyzer, largest_face=False)(photo_of(scene(portraits, size)))
    assert isinstance(found, Unusable)
    assert found.meaning == "No face was found in the picture."


@pytest.mark.parametrize("size", [(1920, 1080), (640, 480), (320, 240)])
def test_small_face_is_measured(analyzer: FaceAnalyzer, portraits: Mapping[str, Image], size: tuple[int, int]) -> None:
    picture = scene(portraits, size, (GRACE, 66, (0.7, 0.6)))
    found = PhotoLook(analyzer, largest_face=False)(photo_of(picture))
    assert isinstance(found, Unusable)
    assert found.meaning in {
        f"The face is about {px} pixels high in the picture, expected at least 80." for px in range(58, 73)
    }


def test_what_was_measured_is_said(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    foggy = (portraits[GRACE] * 0.1 + 115).astype(np.uint8)
    found = PhotoLook(analyzer, largest_face=False)(photo_of(foggy))
    assert isinstance(found, Unusable)
    assert re.fullmatch(r"The picture has too little contrast: contrast 1\d gray levels, at least 28\.", found.meaning)


def test_a_reference_is_measured_by_its_own_limit(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    foggy = (portraits[GRACE] * 0.1 + 115).astype(np.uint8)
    found = PhotoLook(analyzer, largest_face=False, purpose=Purpose.REFERENCE)(photo_of(foggy))
    assert isinstance(found, Unusable)
    assert found.meaning.endswith("at least 40.")


OF_DOORS = {Reason.FACE_TOO_BRIEF, Reason.FACE_MOVED, Reason.FACE_TOO_CLOSE, Reason.FACE_DISABLED}
OF_FACES = [each for each in Reason if each.code.split("-")[0] in {"face", "eyes", "brows"} and each not in OF_DOORS]


@pytest.mark.parametrize("reason", [Reason.NO_FACE, *OF_FACES])
def test_sentence_about_a_photo_does_not_speak_to_a_person_at_a_door(reason: Reason) -> None:
    said = SENTENCES.get(reason, (reason.meaning, reason.advice))
    words = set(" ".join(said).lower().replace(".", "").split())
    assert words & {"step", "stand", "hold", "come", "lens", "switch", "time", "your", "push"} == set()
