"""Refuses a conversion that costs more than a budget allows. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

POINT = 0.01
"""A percentage point."""


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
class Cost:
    """What a conversion does cost.

    `cosine` is the median of the embeddings' with Keras's, `tar_loss` the share of mated pairs that match no longer
    (none without labelled pairs, negative if more match), `failed` the runtimes that do not run the file.
    """

    cosine: float
    tar_loss: float | None
    failed: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, and for anything but a pass why."""

    outcome: Outcome
    reasons: tuple[str, ...] = ()


def judge(cost: Cost, budget: Budget) -> Verdict:
    """Refused with all reasons; not judged without labelled pairs; else passed. What is not a number is refused."""
    reasons = tuple(_reasons(cost, budget))
    if reasons:
        return Verdict(Outcome.REFUSED, reasons)
    if cost.tar_loss is None:
        return Verdict(Outcome.NOT_JUDGED, ("too few labelled pairs: what it costs in TAR is not known",))
    return Verdict(Outcome.PASSED)


def _reasons(cost: Cost, budget: Budget) -> Iterator[str]:
    """A comparison that holds for what is allowed, negated, is true of NaN as well."""
    for runtime in sorted(cost.failed & budget.required):
        yield f"it does not run in {runtime}"
    if not cost.cosine >= budget.least_cosine:
        yield f"the median cosine with Keras is {cost.cosine:.4f}, expected at least {budget.least_cosine:g}"
    if cost.tar_loss is not None and not cost.tar_loss <= budget.tar_loss:
        lost, allowed = cost.tar_loss / POINT, budget.tar_loss / POINT
        yield f"it costs {lost:.2f} points of TAR, expected at most {allowed:g}"
