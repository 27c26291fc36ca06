"""Everybody against everybody: what changes in TAR, against brute force, with an interval that draws people."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from convert.measuring import everybody
from convert.measuring.everybody import TarChange, compare_everybody, tar_changes

PEOPLE, IMAGES, LENGTH = 90, 2, 6
WHO = np.repeat(np.arange(PEOPLE), IMAGES)


@pytest.fixture(autouse=True)
def _few_replicates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(everybody, "REPLICATES", 40)


def unit(vectors: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def faces(noise: float, seed: int = 0) -> NDArray[Any]:
    """Unit vectors of people whose images differ by so much."""
    generator = np.random.default_rng(seed)
    centers = generator.normal(size=(PEOPLE, LENGTH))[WHO]
    return unit(centers + noise * np.random.default_rng(1).normal(size=centers.shape))


def changed(reference: NDArray[Any], received: NDArray[Any]) -> TarChange:
    compared = compare_everybody(reference, WHO)
    assert compared is not None
    (at_1e3,) = tar_changes(compared, compare_everybody(received, WHO))
    return at_1e3


def tar_by_hand(vectors: NDArray[Any]) -> float:
    similarities = vectors @ vectors.T
    upper = np.triu(np.ones(similarities.shape, bool), 1)
    same = WHO[:, None] == WHO[None, :]
    highest = np.sort(similarities[upper & ~same])[::-1]
    return float(np.mean(similarities[upper & same] > highest[int(1e-3 * len(highest))]))


@pytest.mark.parametrize("noise", [0.1, 0.3, 0.6])
def test_nothing_changes_against_itself(noise: float) -> None:
    found = changed(faces(noise), faces(noise))
    assert (found.change, found.interval) == (0.0, (0.0, 0.0))


@pytest.mark.parametrize("noise", [0.1, 0.3, 0.6])
def test_the_rate_is_counted(noise: float) -> None:
    found = changed(faces(0.2), faces(noise))
    assert found.tar == pytest.approx(tar_by_hand(faces(noise)))
    assert found.change == pytest.approx(tar_by_hand(faces(noise)) - tar_by_hand(faces(0.2)))
    assert found.non_mated == (PEOPLE * IMAGES) ** 2 // 2 - PEOPLE * IMAGES**2 // 2


def test_an_interval_is_about_the_change() -> None:
    found = changed(faces(0.2), faces(0.4))
    low, high = found.interval
    assert low < found.change < high < 0


def test_what_is_no_number_changes_to_none() -> None:
    received = faces(0.2)
    received[3] = np.nan
    assert np.isnan([changed(faces(0.2), received).tar, changed(faces(0.2), received).change]).all()


def test_too_few_comparisons_say_nothing() -> None:
    few = faces(0.2)[:20]
    compared = compare_everybody(few, WHO[:20])
    assert compared is not None
    assert tar_changes(compared, compared) == ()
