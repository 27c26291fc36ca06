"""The card's section on other targets: which false match rates a door may ask for, and what each is worth."""

from collections.abc import Iterator

from device.policy.looks import MOST_TIMES_TARGET, TRIES, chance_within
from device.vision.manifest import DecisionRule, DesignCurve
from device.vision.rates import LEAST_FALSE_MATCHES

TARGETS = (1e-3, 1e-4, 1e-5, 1e-6)
EXTRAPOLATED = "extrapolated"


def offered(rule: DecisionRule) -> list[str]:
    """The section, in lines of Markdown; for manifests without curves by design, that there are none."""
    if not rule.curves:
        return [
            "## Other targets",
            "",
            "The manifest has no curve for each design: a door's `target_fmr` moves all its thresholds along the curve",
            "of single pairs. `lintel-convert calibrate` makes the curves.",
        ]
    shown = tuple(_shown(rule))
    heads = " | ".join(f"{one.references} x {one.probes}" for one in shown)
    return [
        "## Other targets",
        "",
        f"What a door's `target_fmr` may be: at least {LEAST_FALSE_MATCHES} of a design's own comparisons match "
        "falsely at its threshold.",
        "Past that the threshold is extrapolated: the stricter one of the design's last point and of single pairs.",
        f"A transaction, up to five comparisons, lets a stranger in with at most {MOST_TIMES_TARGET:g} times the "
        "target rate.",
        "",
        f"| target | {heads} | transaction, at most | stolen badge within {TRIES} |",
        "|---|" + "---|" * (len(shown) + 2),
        *(_row(rule, fmr, shown) for fmr in TARGETS),
    ]


def _row(rule: DecisionRule, fmr: float, shown: tuple[DesignCurve, ...]) -> str:
    if missing := rule.missing(fmr):
        return f"| {power(fmr)} |" + " |" * (len(shown) + 1) + f" refused: {missing:,} comparisons are missing |"
    moved = rule.at_target(fmr)
    cells = " | ".join(_cell(moved, one) for one in shown)
    most = MOST_TIMES_TARGET * fmr
    return f"| {power(fmr)} | {cells} | {power(most)} | {chance_within(most):.3%} |".replace("|  |", "| |")


def _cell(rule: DecisionRule, curve: DesignCurve) -> str:
    threshold = f"{rule.threshold(curve.references, curve.probes):.5f}"
    if rule.is_extrapolated(curve.references, curve.probes):
        return f"{threshold}, {EXTRAPOLATED}"
    count = next((point.false_matches for point in curve.points if point.fmr == rule.target_fmr), None)
    return threshold if count is None else f"{threshold} ({count:,} of {curve.non_mated_comparisons:,})"


def _shown(rule: DecisionRule) -> Iterator[DesignCurve]:
    """Single pairs, and each number of references with as many probes as there may be."""
    most = max(one.probes for one in rule.curves)
    for curve in rule.curves:
        if curve.references == curve.probes == 1 or curve.probes == most:
            yield curve


def power(rate: float) -> str:
    """As people write a small rate: 1.2e-4."""
    return f"{rate:.1e}".replace("e-0", "e-") if rate > 0 else "0"
