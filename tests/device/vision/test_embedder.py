"""The embedding network on real chips, and comparisons."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from device.errors import ModelError
from device.vision.alignment import align
from device.vision.comparison import fused_similarity, similarity
from device.vision.embedder import unit_length

vectors = arrays(np.float32, (3, 8), elements=st.floats(-1, 1, width=32)).filter(
    lambda rows: bool(np.all(np.linalg.norm(rows, axis=1) > 0.1))
)


@pytest.fixture(scope="module")
def chips(analyzer, portraits):
    found = {}
    for name, picture in portraits.items():
        (face,) = analyzer.detector.detect(picture)
        found[name] = align(picture, analyzer.mesh.locate(picture, face), analyzer.embedder.alignment)
    return found


def test_an_embedding_has_unit_length(analyzer, chips):
    assert np.linalg.norm(analyzer.embedder.embed(chips["grace-hopper"])) == pytest.approx(1.0, abs=1e-6)


def test_an_embedding_has_the_length_of_the_manifest(analyzer, chips):
    assert analyzer.embedder.embed(chips["grace-hopper"]).shape == (analyzer.embedder.spec.length,)


def test_a_mirrored_face_is_the_same_face(analyzer, chips):
    chip = chips["eileen-collins"]
    assert np.array_equal(analyzer.embedder.embed(chip), analyzer.embedder.embed(np.ascontiguousarray(chip[:, ::-1])))


def test_two_people_do_not_match(analyzer, chips):
    a, b = (analyzer.embedder.embed(chip) for chip in chips.values())
    assert similarity(a, b) < analyzer.embedder.decision_rule.threshold


def test_a_darker_picture_of_one_person_matches(analyzer, chips):
    chip = chips["grace-hopper"]
    darker = (chip * 0.6).astype(np.uint8)
    assert (
        similarity(analyzer.embedder.embed(chip), analyzer.embedder.embed(darker))
        >= analyzer.embedder.decision_rule.threshold
    )


@pytest.mark.parametrize(
    "vector", [np.zeros(8, np.float32), np.full(8, np.nan, np.float32), np.full(8, np.inf, np.float32)]
)
def test_a_vector_without_direction_is_refused(vector):
    with pytest.raises(ModelError):
        unit_length(vector)


@given(vectors, vectors)
def test_a_fused_similarity_lies_between_the_pairs(a, b):
    probes, references = [unit_length(row) for row in a], [unit_length(row) for row in b]
    pairs = [similarity(probe, reference) for probe in probes for reference in references]
    assert min(pairs) - 1e-5 <= fused_similarity(probes, references) <= max(pairs) + 1e-5


@given(vectors, vectors)
def test_it_does_not_matter_which_side_is_the_probe(a, b):
    assert fused_similarity(list(a), list(b)) == pytest.approx(fused_similarity(list(b), list(a)), abs=1e-5)


@pytest.mark.parametrize(("probes", "references"), [(0, 1), (1, 0), (0, 0)])
def test_a_comparison_of_nothing_is_refused(probes, references):
    vector = unit_length(np.ones(8, np.float32))
    with pytest.raises(ValueError, match="at least one"):
        fused_similarity([vector] * probes, [vector] * references)
