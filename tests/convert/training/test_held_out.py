"""Verification on the people held out: pairs, embeddings, AUC, intervals."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.training.held_out import FoldMean, auc, embed, pairs_of
from convert.training.people import ChipReader, read_people
from tests.convert.training.bench import PEOPLE, SIZE_PX, small_network


def test_pairs_are_of_people_in_one_fold(data: Path) -> None:
    pairs = pairs_of(read_people(data))
    folds_of: dict[Path, set[int]] = {}
    for side in (pairs.a, pairs.b):
        for chip, fold in zip(side, pairs.folds, strict=True):
            folds_of.setdefault(pairs.paths[chip].parent, set()).add(int(fold))
    assert {len(folds) for folds in folds_of.values()} == {1}


def test_pairs_are_labelled_by_their_people_and_as_many_of_each_kind(data: Path) -> None:
    pairs = pairs_of(read_people(data))
    same = [pairs.paths[a].parent == pairs.paths[b].parent for a, b in zip(pairs.a, pairs.b, strict=True)]
    assert (same, sum(same), len(same)) == (pairs.same.tolist(), 3 * PEOPLE, 2 * 3 * PEOPLE)


def test_chip_and_mirror_have_one_embedding(data: Path, tmp_path: Path) -> None:
    chip = cv2.imread(str(data / "person00" / "0.png"))
    assert chip is not None
    cv2.imwrite(str(tmp_path / "0.png"), chip)
    cv2.imwrite(str(tmp_path / "1.png"), chip[:, ::-1])
    one, other = embed(small_network(8), (tmp_path / "0.png", tmp_path / "1.png"), ChipReader(SIZE_PX))
    assert one == pytest.approx(other, abs=1e-5)
    assert np.linalg.norm(one) == pytest.approx(1)


similarities = st.lists(st.integers(-3, 3).map(lambda third: third / 3), min_size=1, max_size=8)


@given(similarities, similarities)
def test_auc_is_the_share_of_pairs_in_the_right_order(mated: list[float], non_mated: list[float]) -> None:
    values = np.array([*mated, *non_mated], np.float32)
    expected = np.mean([(m > n) + (m == n) / 2 for m in mated for n in non_mated])
    assert auc(values, np.arange(len(values)) < len(mated)) == pytest.approx(expected)


def test_the_interval_is_student_s() -> None:
    low, high = FoldMean((0.6, 0.7, 0.8)).interval
    half = 4.303 * 0.1 / 3**0.5
    assert (low, high) == pytest.approx((0.7 - half, 0.7 + half))
