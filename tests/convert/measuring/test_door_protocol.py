"""The door's protocol: who is drawn, that the fusion is the door's own, and what is said and not said of the rates."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convert.measuring import bootstrap, comparisons
from convert.measuring.comparisons import Templates
from convert.measuring.door_protocol import (
    Acquired,
    Design,
    acquire,
    compare_by,
    design_of,
    draws,
    evaluate_door,
    failures_by_person,
)
from device.errors import ImageError
from device.settings.tables import VisionSettings
from device.vision.comparison import compare
from device.vision.faces import load_analyzer
from device.vision.manifest import DecisionRule, Fusion, OperatingPoint

FUSION = Fusion(least_probe_length=0.9, least_reference_length=0.95)
MEAN = Fusion(least_probe_length=0.0, least_reference_length=0.0)
POINTS = ((1, 1, 0.8), (3, 1, 0.7), (3, 2, 0.9))
RULE = DecisionRule(
    metric="cosine-similarity",
    direction="higher-is-closer",
    target_fmr=0.01,
    dataset="nobody",
    fusion=FUSION,
    points=tuple(OperatingPoint(references=r, probes=p, threshold=t, non_mated_comparisons=1000) for r, p, t in POINTS),
)
several = st.integers(1, 4)


@pytest.fixture(autouse=True, scope="module")
def _few_replicates() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "REPLICATES", 40)
        patch.setattr(comparisons, "HALF_BINS", 2**10)
        yield


@given(several, several, st.lists(st.integers(2, 12), min_size=2, max_size=6), st.integers(0, 99))
def test_a_draw_uses_no_image_twice_and_as_many_as_it_can(
    labelled: Callable[..., Acquired], references: int, probes: int, images: list[int], seed: int
) -> None:
    acquired = labelled([references + probes, *(max(count, references + probes) for count in images)])
    people = acquired.templates.people
    one_hot = Templates(np.eye(len(people), dtype=np.float32), people)
    ((drawn, probed),) = draws(Design(references, probes, 1, seed), one_hot, MEAN)
    counts = np.bincount(people)
    assert np.bincount(drawn.people).tolist() == [1] * len(counts)
    assert np.bincount(probed.people).tolist() == ((counts - references) // probes).tolist()
    used = references * drawn.vectors.sum(axis=0) + probes * probed.vectors.sum(axis=0)
    assert used.max() <= 1 + 1e-5
    for fused_ones in (drawn, probed):
        assert all(set(people[vector > 0]) == {person} for vector, person in zip(*_parts(fused_ones), strict=True))


def _parts(templates: Templates) -> tuple[NDArray[Any], NDArray[Any]]:
    return templates.vectors, templates.people


def test_similarities_are_those_the_door_finds(labelled: Callable[..., Acquired]) -> None:
    templates = labelled([5, 6, 7]).templates
    design, one_hot = Design(3, 2, 1, seed=4), Templates(np.eye(18, dtype=np.float32), templates.people)
    ((references, probes),) = draws(design, templates, FUSION)
    ((chosen, probed),) = draws(design, one_hot, MEAN)
    of_reference, of_probe = (templates.vectors[sides.vectors[0] > 0] for sides in (chosen, probed))
    assert (len(of_reference), len(of_probe)) == (3, 2)
    similarity = references.vectors[0] @ probes.vectors[0]
    assert compare(of_probe, of_reference, RULE).similarity == pytest.approx(similarity, abs=1e-6)


@given(several)
def test_one_image_is_its_own_fusion(labelled: Callable[..., Acquired], probes: int) -> None:
    templates = labelled([6, 6]).templates
    ((references, _),) = draws(Design(1, probes, 1), templates, FUSION)
    assert all(np.isclose(templates.vectors, one, atol=1e-6).all(axis=1).any() for one in references.vectors)


def test_the_same_seed_draws_the_same_and_each_draw_is_another(labelled: Callable[..., Acquired]) -> None:
    templates = labelled([6] * 8).templates
    first, second = draws(Design(2, 2, 2, seed=1), templates, FUSION)
    again, _ = draws(Design(2, 2, 2, seed=1), templates, FUSION)
    assert np.array_equal(first[0].vectors, again[0].vectors)
    assert not np.allclose(first[0].vectors, second[0].vectors)


@pytest.mark.parametrize(("references", "probes"), [(1, 1), (3, 1), (3, 2), (2, 3)])
def test_every_person_with_enough_images_is_compared_with_all_others(
    labelled: Callable[..., Acquired], references: int, probes: int
) -> None:
    images = [1, 3, 4, 5, 6, 9]
    found = compare_by(Design(references, probes, 4), labelled(images).templates, len(images), FUSION)
    groups = [(count - references) // probes for count in images if count >= references + probes]
    assert len(found.mated) == 4 * sum(groups)
    assert found.non_mated == found.histogram.sum() == 4 * sum(groups) * (len(groups) - 1)


def test_single_pairs_are_all_pairs(labelled: Callable[..., Acquired]) -> None:
    found = compare_by(design_of(1, 1), labelled([1, 2, 3]).templates, 3, FUSION)
    assert (len(found.mated), found.non_mated) == (4, 11)


def test_several_pictures_are_drawn_several_times() -> None:
    assert [design_of(1, 1).draws, design_of(3, 1).draws, design_of(1, 1, draws=2).draws] == [0, 30, 2]


@pytest.mark.parametrize("wrong", [(0, 1, 1), (1, 0, 1), (1, 1, -1), (3, 1, 0)])
def test_a_design_that_compares_nothing_is_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected positive"):
        Design(*wrong)


@pytest.mark.parametrize("images", [[3, 3, 3], [4, 3], [2, 1]])
def test_too_few_images_of_a_person_are_refused(labelled: Callable[..., Acquired], images: list[int]) -> None:
    with pytest.raises(ImageError, match="4 images that show a face"):
        compare_by(Design(2, 2, 1), labelled(images).templates, len(images), FUSION)


def test_the_threshold_is_the_one_for_so_many(labelled: Callable[..., Acquired]) -> None:
    found = evaluate_door(Design(3, 2, 5), labelled([6] * 20), RULE)
    assert found.alike is not None
    assert (found.at_threshold.threshold, found.alike.threshold) == (0.9, 0.9)
    assert found.at_threshold.fmr.rate.trials == 5 * 20 * 19
    assert found.alike.fnmr.rate.trials == 5 * 20 * 3
    assert evaluate_door(Design(3, 1, 5), labelled([6] * 20), RULE).alike is None


@pytest.mark.parametrize("design", [Design(4, 1, 5), Design(1, 3, 5)])
def test_more_pictures_than_the_door_fuses_cannot_be_evaluated(
    labelled: Callable[..., Acquired], design: Design
) -> None:
    unit_length = Fusion(least_probe_length=1.0, least_reference_length=1.0)
    rule = msgspec.structs.replace(RULE, fusion=unit_length)
    with pytest.raises(ImageError, match=r"the door fuses no more than 3 x 2") as refused:
        evaluate_door(design, labelled([6] * 20), rule)
    assert "lintel-convert calibrate" in refused.value.hint
    assert evaluate_door(Design(3, 2, 5), labelled([6] * 20), rule).people == 20
    assert evaluate_door(design, labelled([6] * 20), RULE).people == 20


def test_a_tar_that_the_comparisons_cannot_support_is_not_given(labelled: Callable[..., Acquired]) -> None:
    found = evaluate_door(Design(2, 2, 3), labelled([4] * 40), RULE)
    assert found.comparisons.non_mated == 3 * 40 * 39
    assert [accepts.tar is None for accepts in found.true_accepts] == [False, True, True]
    assert [accepts.threshold is None for accepts in found.true_accepts] == [False, True, True]


def test_a_tar_is_the_share_at_its_threshold(labelled: Callable[..., Acquired]) -> None:
    found = evaluate_door(design_of(1, 1), labelled([3] * 30), RULE)
    (accepts, *_) = found.true_accepts
    assert accepts.tar is not None
    assert accepts.threshold is not None
    assert accepts.tar.rate.value == pytest.approx(np.mean(found.comparisons.mated >= accepts.threshold))
    assert found.comparisons.fmr(accepts.threshold).value <= 1e-3


def test_more_pictures_make_fewer_errors(labelled: Callable[..., Acquired]) -> None:
    acquired = labelled([8] * 30, noise=0.5)
    equal_error = []
    for design in (design_of(1, 1), Design(3, 1, 5), Design(3, 3, 5)):
        found = compare_by(design, acquired.templates, 30, FUSION)
        equal_error.append(found.fnmr(found.threshold_at_fmr(0.01)).value)
    assert equal_error == sorted(equal_error, reverse=True)


def test_failures_count_for_their_people(labelled: Callable[..., Acquired]) -> None:
    full = labelled([3, 3, 3])
    short = type(full)(full.templates[np.arange(1, 8)], full.names, full.images, {})
    assert failures_by_person(short).tolist() == [1, 0, 1]
    assert evaluate_door(design_of(1, 1), short, RULE).failure_to_acquire.rate.errors == 2


def test_one_person_alone_cannot_be_acquired(tmp_path: Path) -> None:
    counted = []
    with pytest.raises(ImageError, match="Too few of the 1 images"):
        acquire((tmp_path / "a" / "1.png",), load_analyzer(VisionSettings(threads=1)), lambda: counted.append(1))
    assert counted == [1]
