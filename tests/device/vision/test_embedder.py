"""The embedding network on real chips, and comparisons."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from device.errors import ModelError
from device.records import Image
from device.vision.alignment import align
from device.vision.comparison import compare, fused, fused_similarity, similarity
from device.vision.embedder import unit_length
from device.vision.faces import FaceAnalyzer
from device.vision.manifest import DecisionRule, Fusion, OperatingPoint

LENGTHS_AS_THEY_ARE = Fusion(least_probe_length=0.0, least_reference_length=0.0)

vectors = arrays(np.float32, (3, 8), elements=st.floats(-1, 1, width=32)).filter(
    lambda rows: bool(np.all(np.linalg.norm(rows, axis=1) > 0.1))
)


@pytest.fixture(scope="module")
def chips(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> dict[str, NDArray[Any]]:
    found = {}
    for name, picture in portraits.items():
        (face,) = analyzer.detector.detect(picture)
        found[name] = align(picture, analyzer.mesh.locate(picture, face), analyzer.embedder.alignment)
    return found


def test_an_embedding_has_unit_length(analyzer: FaceAnalyzer, chips: dict[str, NDArray[Any]]) -> None:
    assert np.linalg.norm(analyzer.embedder.embed(chips["grace-hopper"])) == pytest.approx(1.0, abs=1e-6)


def test_an_embedding_has_the_length_of_the_manifest(analyzer: FaceAnalyzer, chips: dict[str, NDArray[Any]]) -> None:
    assert analyzer.embedder.embed(chips["grace-hopper"]).shape == (analyzer.embedder.spec.length,)


def test_a_mirrored_face_is_the_same_face(analyzer: FaceAnalyzer, chips: dict[str, NDArray[Any]]) -> None:
    chip = chips["eileen-collins"]
    assert np.array_equal(analyzer.embedder.embed(chip), analyzer.embedder.embed(np.ascontiguousarray(chip[:, ::-1])))


def test_two_people_do_not_match(analyzer: FaceAnalyzer, chips: dict[str, NDArray[Any]]) -> None:
    a, b = (analyzer.embedder.embed(chip) for chip in chips.values())
    assert similarity(a, b) < analyzer.embedder.decision_rule.threshold(1, 1)


def test_a_darker_picture_of_one_person_matches(analyzer: FaceAnalyzer, chips: dict[str, NDArray[Any]]) -> None:
    chip = chips["grace-hopper"]
    darker = (chip * 0.6).astype(np.uint8)
    assert similarity(
        analyzer.embedder.embed(chip), analyzer.embedder.embed(darker)
    ) >= analyzer.embedder.decision_rule.threshold(1, 1)


@pytest.mark.parametrize(
    "vector", [np.zeros(8, np.float32), np.full(8, np.nan, np.float32), np.full(8, np.inf, np.float32)]
)
def test_a_vector_without_direction_is_refused(vector: NDArray[Any]) -> None:
    with pytest.raises(ModelError):
        unit_length(vector)


@given(vectors, vectors)
def test_without_a_least_length_similarity_is_the_pairs_mean(a: NDArray[Any], b: NDArray[Any]) -> None:
    probes, references = [unit_length(row) for row in a], [unit_length(row) for row in b]
    pairs = [similarity(probe, reference) for probe in probes for reference in references]
    assert fused_similarity(probes, references, LENGTHS_AS_THEY_ARE) == pytest.approx(np.mean(pairs), abs=1e-5)


@given(vectors)
def test_with_a_least_length_of_one_the_fused_vector_is_a_unit_vector(a: NDArray[Any]) -> None:
    rows = np.stack([unit_length(row) for row in a])
    assume(np.linalg.norm(rows.mean(0)) > 1e-3)
    assert np.linalg.norm(fused(rows, 1.0)) == pytest.approx(1.0, abs=1e-5)


@given(vectors, st.floats(0, 1), st.integers(1, 5))
def test_pictures_that_are_alike_count_as_one(a: NDArray[Any], least: float, times: int) -> None:
    row = unit_length(a[0])
    assert np.allclose(fused(np.stack([row] * times), least), row, atol=1e-6)


@given(vectors, st.floats(0, 1), st.floats(0, 1))
def test_fused_vector_has_least_length_and_the_mean_s_direction(a: NDArray[Any], least: float, more: float) -> None:
    rows = np.stack([unit_length(row) for row in a])
    mean = rows.mean(0)
    assume(np.linalg.norm(mean) > 1e-3)
    shorter, longer = (fused(rows, length) for length in sorted((least, more)))
    assert np.linalg.norm(shorter) >= max(min(least, more), float(np.linalg.norm(mean))) - 1e-5
    assert np.linalg.norm(longer) >= np.linalg.norm(shorter) - 1e-6
    assert np.allclose(longer / np.linalg.norm(longer), mean / np.linalg.norm(mean), atol=1e-4)


def rule(fusion: Fusion) -> DecisionRule:
    """Thresholds of up to three references and two probes."""
    return DecisionRule(
        metric="cosine-similarity",
        direction="higher-is-closer",
        target_fmr=1e-4,
        dataset="none",
        fusion=fusion,
        points=tuple(
            OperatingPoint(references=references, probes=probes, threshold=0.5, non_mated_comparisons=1)
            for references, probes in ((1, 1), (3, 2))
        ),
    )


UNIT_LENGTH = Fusion(least_probe_length=1.0, least_reference_length=1.0)
ROWS = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0].astype(np.float32)


def test_unit_length_mean_takes_first_probes_and_newest_references() -> None:
    found = compare(ROWS[:4] + 0.1, ROWS[:5], rule(UNIT_LENGTH))
    assert (found.probes, found.references) == (2, 3)
    assert found.similarity == fused_similarity(ROWS[:2] + 0.1, ROWS[2:5], UNIT_LENGTH)


@pytest.mark.parametrize(
    ("fusion", "counts"),
    [
        (Fusion(least_probe_length=0.985, least_reference_length=0.99), (4, 5)),
        (Fusion(least_probe_length=1.0, least_reference_length=0.99), (2, 5)),
        (Fusion(least_probe_length=0.985, least_reference_length=1.0), (4, 3)),
    ],
)
def test_with_a_least_length_below_one_all_pictures_count(fusion: Fusion, counts: tuple[int, int]) -> None:
    found = compare(ROWS[:4] + 0.1, ROWS[:5], rule(fusion))
    assert (found.probes, found.references) == counts
    assert found.similarity == fused_similarity((ROWS[:4] + 0.1)[: counts[0]], ROWS[5 - counts[1] : 5], fusion)


def test_fewer_pictures_than_a_threshold_was_set_for_all_count() -> None:
    found = compare(ROWS[:1], ROWS[:2], rule(UNIT_LENGTH))
    assert (found.probes, found.references) == (1, 2)


def test_vectors_that_cancel_each_other_are_like_nobody() -> None:
    vector = unit_length(np.ones(8, np.float32))
    assert np.abs(fused(np.stack([vector, -vector]), 1.0)).max() < 1e-3


@pytest.mark.parametrize(("probes", "references"), [(0, 1), (1, 0), (0, 0)])
def test_a_comparison_of_nothing_is_refused(probes: int, references: int) -> None:
    vector = unit_length(np.ones(8, np.float32))
    with pytest.raises(ValueError, match="at least one"):
        fused_similarity([vector] * probes, [vector] * references, LENGTHS_AS_THEY_ARE)
