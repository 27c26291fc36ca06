"""The close match, at a false match rate of 1e-6: for what a face may change, beyond the door that it opens once.

It is with references that an operator enrolled alone: were a reference that a face gave enough for the next one, a
chain of small steps would lead to another person.
"""

from device.errors import ModelError
from device.records import Evidence
from device.vision.comparison import Vectors, compare
from device.vision.manifest import DecisionRule

CLOSE_FMR = 1e-6


def close_rule(rule: DecisionRule) -> DecisionRule:
    """A network's rule at that rate. Raises `ModelError` with what is missing if it was not measured for it."""
    hint = "Calibrate it on more people: `lintel-convert calibrate --help`."
    if missing := rule.missing(CLOSE_FMR):
        raise ModelError(
            f"The network's data cannot support a close match, at a false match rate of {CLOSE_FMR:g}: {missing:,} "
            "comparisons of different people are missing.",
            hint=hint,
        )
    try:
        return rule.at_target(CLOSE_FMR)
    except ValueError:
        raise ModelError(
            f"The network's manifest has no curve, so no threshold for a false match rate of {CLOSE_FMR:g}.", hint=hint
        ) from None


def closely(probes: Vectors, originals: Vectors, rule: DecisionRule, *, share: float = 1.0) -> Evidence:
    """How probes, n >= 1, compare with the references of an operator, m >= 1, by a `close_rule`."""
    return compare(probes, originals, rule, share=share)
