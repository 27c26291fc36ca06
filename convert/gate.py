"""Refuses a conversion that costs more than a budget allows. Pure."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from convert.measuring.cost import TARGET_FMR
from convert.measuring.error_rates import comparisons_needed

POINT = 0.01
"""A percentage point."""
FINEST_LOSS = 0.1 * POINT
"""A smaller budget, 0 among them, takes no more mated comparisons than this one; of them none may be lost."""
LEAST_PEOPLE = 30
"""Rule of three: an error that none of these people has, fewer than one in ten have (95 % confidence)."""


class Outcome(StrEnum):
    """What the gate says of a file."""

    PASSED = "passed"
    REFUSED = "refused"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a conversion may cost: `tar_loss` as a share, against Keras in float32; `required` names runtimes."""

    tar_loss: float = 0.3 * POINT
    least_cosine: float = 0.98
    required: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class TarLoss:
    """The share of mated comparisons that match no longer at `TARGET_FMR`, negative if more match.

    `mated` and `non_mated` count the comparisons it was found in, `people` those of the mated ones.
    """

    share: float
    mated: int
    non_mated: int
    people: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a conversion does cost.

    `cosine` is the median of the embeddings' with Keras's; there is no `tar_loss` without labelled pairs; `failed` are
    the runtimes that do not run the file.
    """

    cosine: float
    tar_loss: TarLoss | None
    failed: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, and for anything but a pass why."""

    outcome: Outcome
    reasons: tuple[str, ...] = ()


def judge(cost: Cost, budget: Budget) -> Verdict:
    """Refused with all reasons; not judged on too few labelled pairs; else passed. What is not a number is refused."""
    missing = tuple(_missing(cost.tar_loss, budget))
    reasons = (*_faults(cost, budget), *(() if missing else _loss(cost.tar_loss, budget)))
    if reasons:
        return Verdict(Outcome.REFUSED, reasons)
    if missing:
        return Verdict(Outcome.NOT_JUDGED, missing)
    return Verdict(Outcome.PASSED)


def mated_needed(budget: Budget) -> int:
    """How many mated comparisons it takes to see a loss as small as the budget: in fewer, one alone is more."""
    return math.ceil(1 / max(budget.tar_loss, FINEST_LOSS) - 1e-6)


def _missing(loss: TarLoss | None, budget: Budget) -> Iterator[str]:
    """What there is too little of to know the loss of TAR."""
    if loss is None:
        yield "without labelled pairs its cost in TAR is unknown"
        return
    if loss.mated < mated_needed(budget):
        yield (
            f"{loss.mated} mated comparisons cannot show a loss of {budget.tar_loss / POINT:g} points of TAR: "
            f"it takes {mated_needed(budget)}"
        )
    if loss.non_mated < comparisons_needed(TARGET_FMR):
        yield (
            f"{loss.non_mated} non-mated comparisons cannot support an FMR of {TARGET_FMR:g}: "
            f"it takes {comparisons_needed(TARGET_FMR)}"
        )
    if loss.people < LEAST_PEOPLE:
        yield f"the mated comparisons are of {loss.people} people: it takes {LEAST_PEOPLE}"


def _faults(cost: Cost, budget: Budget) -> Iterator[str]:
    """A comparison that holds for what is allowed, negated, is true of NaN as well."""
    for runtime in sorted(cost.failed & budget.required):
        yield f"it does not run in {runtime}"
    if not cost.cosine >= budget.least_cosine:
        yield f"the median cosine with Keras is {cost.cosine:.4f}, expected at least {budget.least_cosine:g}"


def _loss(loss: TarLoss | None, budget: Budget) -> Iterator[str]:
    """Negated likewise."""
    if loss is not None and not loss.share <= budget.tar_loss:
        lost, allowed = loss.share / POINT, budget.tar_loss / POINT
        yield f"it costs {lost:.2f} points of TAR, expected at most {allowed:g}"
