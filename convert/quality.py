"""Measures the quality gate on labelled pictures: what worsened pictures cost in false matches, and clean ones in
refusals.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from convert.measuring.degradations import CLEAN, CONDITIONS
from convert.measuring.error_rates import Estimate, Rate
from convert.measuring.gate_rates import ConditionRates, Gate, gate_of, rates_of
from convert.measuring.gate_views import Pictures, Views, half_of
from convert.measuring.protocols import person_images
from device.errors import ImageError
from device.vision.faces import FaceAnalyzer
from device.vision.quality.prototypes import prototypes_of

LEAST_PAIRS = 100_000
"""Non-mated pairs a condition, below which a rate of 3e-4 is not seen."""


@dataclass(frozen=True, slots=True)
class People:
    """Two pictures of each of n people: one as reference, another as probe."""

    references: tuple[Path, ...]
    probes: tuple[Path, ...]


def people_in(folder: Path, *, second_half: bool, most: int | None) -> People:
    """The people of one half who have two pictures or more, in the order of their names, `most` of them at most.

    Raises `ImageError` if they are fewer than two.
    """
    pictures: dict[str, list[Path]] = {}
    for path in person_images(folder):
        pictures.setdefault(path.parent.name, []).append(path)
    able = [name for name in half_of(sorted(pictures), second=second_half) if len(pictures[name]) > 1][:most]
    if len(able) < 2:
        raise ImageError(
            f"{len(able)} people of that half of {folder} have two pictures, expected at least two people.",
            hint="Give a folder with a subfolder for each person, and two pictures in each.",
        )
    first, other = ([sorted(pictures[name])[index] for name in able] for index in (0, 1))
    return People(tuple(first), tuple(other))


def measure_gate(
    people: People,
    conditions: Sequence[str],
    analyzer: FaceAnalyzer,
    *,
    cache: Path | None,
    step: Callable[[], object],
) -> tuple[ConditionRates, ...]:
    """The rates of each condition, the clean one among them if asked for. `step` is called after each picture."""
    threshold = analyzer.embedder.decision_rule.threshold(1, 1)
    prototypes = prototypes_of(analyzer.detector, analyzer.mesh, analyzer.embedder)

    def looked(pictures: Pictures, name: str) -> tuple[Views, Gate]:
        views = pictures.kept_or_looked_at(name, cache, step)
        return views, gate_of(views, analyzer.limits, prototypes, threshold)

    clean, probes = looked(Pictures(people.references, analyzer), CLEAN), Pictures(people.probes, analyzer)
    found = [rates_of(name, clean, looked(probes, name), threshold=threshold) for name in conditions]
    return tuple(found)


def known(conditions: Sequence[str]) -> tuple[str, ...]:
    """The conditions, all without any. Raises `ImageError` for one that doesn't exist."""
    if unknown := [name for name in conditions if name not in CONDITIONS]:
        raise ImageError(f"Unknown condition: {', '.join(unknown)}.", hint=f"There are: {', '.join(CONDITIONS)}.")
    return tuple(conditions) or tuple(CONDITIONS)


def lines(rates: Sequence[ConditionRates]) -> tuple[str, ...]:
    """A table in Markdown, a row a condition."""
    head = "| condition | refused: reference, probe | FMR, all pairs | matches / passed | FMR, clean reference | FNMR |"
    return (head, "|---|---|---|---|---|---|", *(_row(each) for each in rates))


def document(rates: Sequence[ConditionRates]) -> dict[str, object]:
    """The same for machines."""
    return {
        each.name: {
            "same": _both(each.same),
            "passed": [each.passed.errors, each.passed.trials],
            "clean_reference": _both(each.clean),
            "refused_references": _both(each.refused_references),
            "refused_probes": _both(each.refused_probes),
            "fnmr": _both(each.fnmr),
            "reasons": dict(each.reasons),
        }
        for each in rates
    }


def _row(each: ConditionRates) -> str:
    refused = f"{_percent(each.refused_references)}, {_percent(each.refused_probes)}"
    passed = f"{each.passed.errors} / {each.passed.trials:,}"
    cells = (each.name, refused, _small(each.same), passed, _small(each.clean), _percent(each.fnmr))
    return f"| {' | '.join(cells)} |"


def _small(estimate: Estimate) -> str:
    low, high = estimate.interval
    return f"{estimate.rate.value:.1e} [{low:.1e}, {high:.1e}], {_counts(estimate.rate)}"


def _percent(estimate: Estimate) -> str:
    low, high = estimate.interval
    return f"{100 * estimate.rate.value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def _counts(rate: Rate) -> str:
    return f"{rate.errors} / {rate.trials:,}"


def _both(estimate: Estimate) -> dict[str, object]:
    return {"errors": estimate.rate.errors, "trials": estimate.rate.trials, "interval": list(estimate.interval)}
