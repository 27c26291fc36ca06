"""The gate: refuses what costs too much and says why; a higher cost never helps, and no number is no pass."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.gate import Budget, Cost, Outcome, TarLoss, Verdict, judge, mated_needed

RUNTIMES = ("ai-edge-litert", "tensorflow", "tflite-runtime")
BUDGET = Budget(tar_loss=0.003, least_cosine=0.98, required=frozenset({"ai-edge-litert"}))


def lost(share: float, *, mated: int = 10_000, non_mated: int = 10**6, people: int = 1000) -> TarLoss:
    """A loss of TAR, found in plenty of comparisons."""
    return TarLoss(share, mated=mated, non_mated=non_mated, people=people)


runtimes = st.frozensets(st.sampled_from(RUNTIMES))
shares = st.floats(-1, 1)
losses = st.builds(
    TarLoss,
    share=shares,
    mated=st.integers(0, 2000),
    non_mated=st.integers(0, 6000),
    people=st.integers(0, 60),
)
costs = st.builds(Cost, cosine=shares, tar_loss=st.none() | losses | st.builds(lost, shares), failed=runtimes)
budgets = st.builds(Budget, tar_loss=st.floats(0, 1), least_cosine=shares, required=runtimes)
worse_by = st.floats(0, 2)
ORDER = (Outcome.PASSED, Outcome.NOT_JUDGED, Outcome.REFUSED)


@given(costs, budgets, worse_by, worse_by, runtimes)
def test_a_higher_cost_never_helps(
    cost: Cost, budget: Budget, less_cosine: float, more_loss: float, more_failed: frozenset[str]
) -> None:
    loss = cost.tar_loss and dataclasses.replace(cost.tar_loss, share=cost.tar_loss.share + more_loss)
    worse = Cost(cost.cosine - less_cosine, loss, cost.failed | more_failed)
    assert ORDER.index(judge(worse, budget).outcome) >= ORDER.index(judge(cost, budget).outcome)


@given(costs, budgets, worse_by, worse_by, runtimes)
def test_a_larger_budget_refuses_nothing_that_passed(
    cost: Cost, budget: Budget, more_loss: float, less_cosine: float, fewer: frozenset[str]
) -> None:
    larger = Budget(budget.tar_loss + more_loss, budget.least_cosine - less_cosine, budget.required - fewer)
    assert judge(cost, budget).outcome is not Outcome.PASSED or judge(cost, larger).outcome is Outcome.PASSED


@given(shares, losses, losses)
def test_fewer_comparisons_never_make_a_pass(share: float, one: TarLoss, other: TarLoss) -> None:
    fewer, more = (
        TarLoss(share, *(end(counts) for counts in zip(_counts(one), _counts(other), strict=True)))
        for end in (min, max)
    )
    passed = [judge(Cost(1.0, loss), BUDGET).outcome is Outcome.PASSED for loss in (fewer, more)]
    assert passed in ([False, False], [False, True], [True, True])


def _counts(loss: TarLoss) -> tuple[int, int, int]:
    return loss.mated, loss.non_mated, loss.people


@given(costs, budgets)
def test_only_a_pass_needs_no_reason(cost: Cost, budget: Budget) -> None:
    verdict = judge(cost, budget)
    assert (verdict.outcome is Outcome.PASSED) == (verdict.reasons == ())


@given(costs, budgets)
def test_a_pass_is_within_the_budget(cost: Cost, budget: Budget) -> None:
    passes = (
        cost.tar_loss is not None
        and cost.tar_loss.share <= budget.tar_loss
        and cost.tar_loss.mated >= mated_needed(budget)
        and cost.tar_loss.non_mated >= 3000
        and cost.tar_loss.people >= 30
        and cost.cosine >= budget.least_cosine
        and not cost.failed & budget.required
    )
    assert (judge(cost, budget).outcome is Outcome.PASSED) == passes


@given(budgets, st.none() | losses)
def test_an_embedding_that_is_no_number_is_refused(budget: Budget, loss: TarLoss | None) -> None:
    assert judge(Cost(math.nan, loss), budget).outcome is Outcome.REFUSED


@given(budgets, shares)
def test_a_loss_that_is_no_number_is_refused(budget: Budget, cosine: float) -> None:
    assert judge(Cost(cosine, lost(math.nan)), budget).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("cost", "reason"),
    [
        (Cost(0.9995, lost(0.0031)), "it costs 0.31 points of TAR, expected at most 0.3"),
        (Cost(0.97, lost(0.0)), "the median cosine with Keras is 0.9700, expected at least 0.98"),
        (Cost(0.9995, lost(0.0), frozenset(RUNTIMES)), "it does not run in ai-edge-litert"),
    ],
)
def test_a_refusal_says_what_was_expected(cost: Cost, reason: str) -> None:
    assert judge(cost, BUDGET) == Verdict(Outcome.REFUSED, (reason,))


def test_all_reasons_are_told() -> None:
    assert len(judge(Cost(0.0, lost(1.0), frozenset(RUNTIMES)), BUDGET).reasons) == 3


def test_a_gain_passes() -> None:
    assert judge(Cost(0.9995, lost(-0.02)), BUDGET) == Verdict(Outcome.PASSED)


def test_a_runtime_that_is_not_required_may_fail() -> None:
    assert judge(Cost(0.9995, lost(0.0), frozenset({"tflite-runtime"})), BUDGET) == Verdict(Outcome.PASSED)


def test_without_labelled_pairs_nothing_is_judged() -> None:
    assert judge(Cost(0.9995, None), BUDGET).outcome is Outcome.NOT_JUDGED


def test_without_labelled_pairs_a_wrong_file_is_refused_all_the_same() -> None:
    assert judge(Cost(0.5, None), BUDGET).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (lost(0.0, mated=333), "333 mated comparisons cannot show a loss of 0.3 points of TAR: it takes 334"),
        (lost(0.0, non_mated=2999), "2999 non-mated comparisons cannot support an FMR of 0.001: it takes 3000"),
        (lost(0.0, people=29), "the mated comparisons are of 29 people: it takes 30"),
    ],
)
def test_too_few_comparisons_are_not_judged_but_named(found: TarLoss, reason: str) -> None:
    assert judge(Cost(0.9995, found), BUDGET) == Verdict(Outcome.NOT_JUDGED, (reason,))


def test_a_loss_in_too_few_comparisons_is_not_judged_either() -> None:
    assert judge(Cost(0.9995, lost(1.0, mated=1)), BUDGET).outcome is Outcome.NOT_JUDGED


def test_all_that_is_missing_is_told() -> None:
    found = lost(0.0, mated=1, non_mated=1, people=1)
    assert len(judge(Cost(0.9995, found), BUDGET).reasons) == 3


def test_as_many_as_it_takes_are_judged() -> None:
    found = lost(0.0, mated=334, non_mated=3000, people=30)
    assert judge(Cost(0.9995, found), BUDGET) == Verdict(Outcome.PASSED)


@pytest.mark.parametrize(("points", "needed"), [(100, 1), (1, 100), (0.3, 334), (0.1, 1000), (0.01, 1000), (0, 1000)])
def test_the_finer_the_budget_the_more_mated_comparisons_it_takes(points: float, needed: int) -> None:
    assert mated_needed(Budget(tar_loss=points * 0.01)) == needed


def test_a_budget_of_nothing_can_be_kept() -> None:
    nothing = dataclasses.replace(BUDGET, tar_loss=0.0)
    assert [judge(Cost(1.0, lost(share)), nothing).outcome for share in (0.0, 1e-4)] == [
        Outcome.PASSED,
        Outcome.REFUSED,
    ]
