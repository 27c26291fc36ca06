"""References that resemble worthless pictures are refused, whatever the measures say."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.errors import ModelError
from device.records import Image, Probe, Reason
from device.settings.tables import VisionSettings
from device.vision.alignment import align
from device.vision.faces import FaceAnalyzer
from device.vision.quality.limits import Purpose
from device.vision.quality.prototypes import Prototypes, prototypes_of
from tests.device.probes import probe_of

KINDS = {"covered", "dark and noisy", "side-lit", "foggy", "turned over", "blank", "drawn"}
THRESHOLD = 0.93931


@pytest.fixture(scope="module")
def prototypes(analyzer: FaceAnalyzer) -> Prototypes:
    return prototypes_of(analyzer.detector, analyzer.mesh, analyzer.embedder)


@pytest.fixture
def with_prototype(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> FaceAnalyzer:
    """An analyzer to which Grace Hopper's portrait is worthless."""
    fresh = FaceAnalyzer(analyzer.detector, analyzer.mesh, analyzer.embedder, VisionSettings())
    vector = probe_of(fresh.analyze(portraits["grace-hopper"])).embedding
    fresh._prototypes = Prototypes(("covered",), vector[np.newaxis])
    return fresh


def test_every_kind_of_worthless_picture_has_a_prototype(prototypes: Prototypes) -> None:
    assert set(prototypes.kinds) == KINDS


def test_prototypes_are_the_same_each_time(analyzer: FaceAnalyzer, prototypes: Prototypes) -> None:
    again = prototypes_of(analyzer.detector, analyzer.mesh, analyzer.embedder)
    assert np.array_equal(again.vectors, prototypes.vectors)


@pytest.mark.parametrize("name", ["eileen-collins", "grace-hopper"])
@pytest.mark.parametrize("light", [1.0, 0.6])
def test_a_portrait_resembles_no_prototype(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], prototypes: Prototypes, name: str, light: float
) -> None:
    picture = (portraits[name] * light).astype(np.uint8)
    assert prototypes.resembled(probe_of(analyzer.analyze(picture)).embedding, THRESHOLD) is None


def test_a_face_turned_over_resembles_its_kind(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], prototypes: Prototypes
) -> None:
    picture = portraits["grace-hopper"]
    (face,) = analyzer.detector.detect(picture)
    chip = align(picture, analyzer.mesh.locate(picture, face), analyzer.embedder.alignment)
    embedding = analyzer.embedder.embed(np.asarray(cv2.rotate(chip, cv2.ROTATE_180), np.uint8))
    assert prototypes.resembled(embedding, THRESHOLD) == "turned over"


def test_an_empty_chip_resembles_its_kind(analyzer: FaceAnalyzer, prototypes: Prototypes) -> None:
    embedding = analyzer.embedder.embed(np.full((150, 150, 3), 60, np.uint8))
    assert prototypes.resembled(embedding, THRESHOLD) == "blank"


def test_a_worthless_picture_is_refused_as_a_reference(
    with_prototype: FaceAnalyzer, portraits: Mapping[str, Image]
) -> None:
    assert with_prototype.analyze(portraits["grace-hopper"], Purpose.REFERENCE) is Reason.FACE_LIKE_MANY


def test_another_picture_is_taken_as_a_reference(with_prototype: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    assert isinstance(with_prototype.analyze(portraits["eileen-collins"], Purpose.REFERENCE), Probe)


def test_a_probe_is_not_compared_with_prototypes(with_prototype: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    assert isinstance(with_prototype.analyze(portraits["grace-hopper"]), Probe)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (("other.txt", b""), "No portraits in"),
        (("broken.jpg", b"not a picture"), "broken.jpg"),
        (("empty.jpg", cv2.imencode(".jpg", np.zeros((200, 200, 3), np.uint8))[1].tobytes()), "No face was found"),
    ],
)
def test_missing_or_altered_portraits_are_a_fault_of_the_models(
    analyzer: FaceAnalyzer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: tuple[str, bytes], message: str
) -> None:
    (tmp_path / "portraits").mkdir()
    (tmp_path / "portraits" / file[0]).write_bytes(file[1])
    monkeypatch.setattr("device.vision.portraits.shipped_models_dir", lambda: tmp_path)
    with pytest.raises(ModelError, match=message) as raised:
        prototypes_of(analyzer.detector, analyzer.mesh, analyzer.embedder)
    assert raised.value.hint == "Install Lintel again."
