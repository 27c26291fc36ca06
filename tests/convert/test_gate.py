"""The gate: refuses what costs too much and says why; a higher cost never helps, and no number is no pass."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.gate import Budget, Cost, Outcome, Verdict, judge

RUNTIMES = ("ai-edge-litert", "tensorflow", "tflite-runtime")
BUDGET = Budget(tar_loss=0.003, least_cosine=0.98, required=frozenset({"ai-edge-litert"}))

runtimes = st.frozensets(st.sampled_from(RUNTIMES))
shares = st.floats(-1, 1)
costs = st.builds(Cost, cosine=shares, tar_loss=st.none() | shares, failed=runtimes)
budgets = st.builds(Budget, tar_loss=st.floats(0, 1), least_cosine=shares, required=runtimes)
worse_by = st.floats(0, 2)
ORDER = (Outcome.PASSED, Outcome.NOT_JUDGED, Outcome.REFUSED)


@given(costs, budgets, worse_by, worse_by, runtimes)
def test_a_higher_cost_never_helps(cost, budget, less_cosine, more_loss, more_failed):
    loss = None if cost.tar_loss is None else cost.tar_loss + more_loss
    worse = Cost(cost.cosine - less_cosine, loss, cost.failed | more_failed)
    assert ORDER.index(judge(worse, budget).outcome) >= ORDER.index(judge(cost, budget).outcome)


@given(costs, budgets, worse_by, worse_by, runtimes)
def test_a_larger_budget_never_hurts(cost, budget, less_cosine, more_loss, fewer):
    larger = Budget(budget.tar_loss + more_loss, budget.least_cosine - less_cosine, budget.required - fewer)
    assert ORDER.index(judge(cost, larger).outcome) <= ORDER.index(judge(cost, budget).outcome)


@given(costs, budgets)
def test_only_a_pass_needs_no_reason(cost, budget):
    verdict = judge(cost, budget)
    assert (verdict.outcome is Outcome.PASSED) == (verdict.reasons == ())


@given(costs, budgets)
def test_a_pass_is_within_the_budget(cost, budget):
    passes = (
        cost.tar_loss is not None
        and cost.tar_loss <= budget.tar_loss
        and cost.cosine >= budget.least_cosine
        and not cost.failed & budget.required
    )
    assert (judge(cost, budget).outcome is Outcome.PASSED) == passes


@given(budgets, st.none() | shares)
def test_an_embedding_that_is_no_number_is_refused(budget, loss):
    assert judge(Cost(math.nan, loss), budget).outcome is Outcome.REFUSED


@given(budgets, shares)
def test_a_loss_that_is_no_number_is_refused(budget, cosine):
    assert judge(Cost(cosine, math.nan), budget).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("cost", "reason"),
    [
        (Cost(0.9995, 0.0031), "it costs 0.31 points of TAR, expected at most 0.3"),
        (Cost(0.97, 0.0), "the median cosine with Keras is 0.9700, expected at least 0.98"),
        (Cost(0.9995, 0.0, frozenset(RUNTIMES)), "it does not run in ai-edge-litert"),
    ],
)
def test_a_refusal_says_what_was_expected(cost, reason):
    assert judge(cost, BUDGET) == Verdict(Outcome.REFUSED, (reason,))


def test_all_reasons_are_told():
    assert len(judge(Cost(0.0, 1.0, frozenset(RUNTIMES)), BUDGET).reasons) == 3


def test_a_gain_passes():
    assert judge(Cost(0.9995, -0.02), BUDGET) == Verdict(Outcome.PASSED)


def test_a_runtime_that_is_not_required_may_fail():
    assert judge(Cost(0.9995, 0.0, frozenset({"tflite-runtime"})), BUDGET) == Verdict(Outcome.PASSED)


def test_without_labelled_pairs_nothing_is_judged():
    assert judge(Cost(0.9995, None), BUDGET).outcome is Outcome.NOT_JUDGED


def test_without_labelled_pairs_a_wrong_file_is_refused_all_the_same():
    assert judge(Cost(0.5, None), BUDGET).outcome is Outcome.REFUSED
