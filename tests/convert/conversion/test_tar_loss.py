"""What a conversion costs in TAR: found in the most comparisons there are, each counted once, of so many people."""

import numpy as np
import pytest

from convert.conversion.tar_loss import people_of_pairs, tar_loss
from convert.gate import Budget, Cost, Outcome, TarLoss, judge
from convert.measuring.comparisons import Comparisons
from convert.measuring.cost import Change, LabelledPairs
from convert.measuring.everybody import TarChange, compare_everybody, tar_changes

OF_PAIRS = Change(0.99, 0.0, 0.98, -0.01, (-0.02, 0.0), 1.0, 1.0)
OF_EVERYBODY = tuple(
    TarChange(target, 10**6, 0.9, change, (0.0, 0.0)) for target, change in ((1e-3, -0.03), (1e-4, -0.05))
)


def labelled(mated: list[tuple[int, int]], non_mated: list[tuple[int, int]]) -> LabelledPairs:
    rows = np.array([*mated, *non_mated], np.int64)
    same = np.arange(len(rows)) < len(mated)
    return LabelledPairs(rows, same, np.zeros(len(rows), np.int64))


PAIRS = labelled([(0, 1), (2, 3)], [(0, 2), (0, 3), (1, 2)])


@pytest.fixture(scope="module")
def compared() -> Comparisons:
    """Three people with two images each and one with one: 3 mated comparisons and 18 others."""
    vectors = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    found = compare_everybody(vectors, np.array([0, 0, 1, 1, 2, 2, 3]))
    assert found is not None
    return found


def test_without_pairs_nothing_is_known() -> None:
    assert tar_loss(None, None, (), None) is None


def test_the_loss_of_pairs_is_known_with_their_counts() -> None:
    assert tar_loss(OF_PAIRS, PAIRS, (), None) == TarLoss(0.01, mated=2, non_mated=3, people=2)


def test_the_loss_of_everybody_goes_before_that_of_pairs(compared: Comparisons) -> None:
    assert tar_loss(OF_PAIRS, PAIRS, OF_EVERYBODY, compared) == TarLoss(0.03, mated=3, non_mated=18, people=3)


def test_everybody_at_another_fmr_does_not(compared: Comparisons) -> None:
    assert tar_loss(OF_PAIRS, PAIRS, OF_EVERYBODY[1:], compared) == TarLoss(0.01, mated=2, non_mated=3, people=2)


def test_a_pair_counts_once_and_a_face_with_itself_never() -> None:
    pairs = labelled([(0, 1), (1, 0), (2, 2)], [(0, 2), (0, 2), (2, 0)])
    assert tar_loss(OF_PAIRS, pairs, (), None) == TarLoss(0.01, mated=1, non_mated=1, people=1)


@pytest.mark.parametrize(
    ("mated", "people"),
    [
        ([(0, 1), (1, 2), (2, 0)], 1),
        ([(0, 1), (2, 3)], 2),
        ([(0, 9), (9, 3), (3, 7), (7, 1), (1, 8), (2, 4)], 2),
        ([(face, face + 1) for face in range(500)][::-1], 1),
    ],
)
def test_faces_that_mated_pairs_link_are_one_person_s(mated: list[tuple[int, int]], people: int) -> None:
    assert people_of_pairs(labelled(mated, [(0, 2)])) == people


def test_one_mated_pair_does_not_pass_in_a_crowd() -> None:
    """3,000 non-mated pairs and one mated, whose similarities a conversion has ruined."""
    crowd = [(0, other) for other in range(2, 3002)]
    unharmed = Change(1.0, 0.0, 1.0, 0.0, (0.0, 0.0), 0.2, 0.2)
    found = tar_loss(unharmed, labelled([(0, 1)], crowd), (), None)
    assert judge(Cost(0.99, found), Budget()).outcome is Outcome.NOT_JUDGED


def test_one_person_with_two_images_does_not_pass_in_a_crowd() -> None:
    """Everybody with everybody: 7,380 comparisons, one of them mated."""
    vectors = np.random.default_rng(0).normal(size=(122, 32)).astype(np.float32)
    everybody = compare_everybody(vectors / np.linalg.norm(vectors, axis=1)[:, None], np.r_[0, 0:121])
    assert everybody is not None
    found = tar_loss(None, None, tar_changes(everybody, everybody), everybody)
    assert found is not None
    assert (found.mated, judge(Cost(0.99, found), Budget()).outcome) == (1, Outcome.NOT_JUDGED)
