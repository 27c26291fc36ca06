"""What a conversion costs in TAR, and in how many comparisons of how many people that was found. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convert.gate import TarLoss
from convert.measuring.comparisons import Comparisons
from convert.measuring.cost import TARGET_FMR, Change, LabelledPairs
from convert.measuring.everybody import TarChange


def tar_loss(
    changed: Change | None, pairs: LabelledPairs | None, everybody: Sequence[TarChange], compared: Comparisons | None
) -> TarLoss | None:
    """That of everybody, `compared` with Keras, if there is one at `TARGET_FMR`; else that of the pairs, if any."""
    at_target = next((one for one in everybody if one.target_fmr == TARGET_FMR), None)
    if at_target is not None and compared is not None:
        people = len(np.unique(compared.mated_people))
        return TarLoss(-at_target.change, mated=len(compared.mated), non_mated=compared.non_mated, people=people)
    if changed is None or pairs is None:
        return None
    return TarLoss(
        -changed.tar_change,
        mated=len(_distinct(pairs.rows[pairs.same])),
        non_mated=len(_distinct(pairs.rows[~pairs.same])),
        people=people_of_pairs(pairs),
    )


def people_of_pairs(pairs: LabelledPairs) -> int:
    """How many people the mated pairs are of, as far as these tell: faces that they link are one person's.

    Pairs of one person that share no face count as several people's; of LFW's 1,532 people they make 1,878.
    """
    mated = _distinct(pairs.rows[pairs.same])
    person, before = np.arange(int(pairs.rows.max()) + 1), None
    while before is None or not np.array_equal(person, before):
        before = person.copy()
        np.minimum.at(person, mated, person[mated].min(axis=1, keepdims=True))
        person = person[person]
    return len(np.unique(person[mated]))


def _distinct(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs [n, 2] of two faces, each once."""
    return np.unique(np.sort(rows[rows[:, 0] != rows[:, 1]], axis=1), axis=0)
