"""What looking on costs in false accepts where it is worst: strangers whose views differ as pictures of years do.

    python benchmarks/looking_on.py [--data ../shared/data] [--views 5] [--cache FOLDER]

A visit is several pictures of one person in a row, three frames of each as in `mixed_frames.py`: a stranger who shows
another view every moment, so that tracks break and means move. Each is tried with everybody else's badge, whose
reference is the first picture. Printed is how often the first comparison lets one in, and how often the transaction
does, by the door's own policy; then the same if further comparisons were as lax as the first.

Without data it tries the two shipped portraits with each other.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from mixed_frames import FRAMES, PLACE, QUALITY, VISITS, Visitor, embedded, portraits
from numpy.typing import NDArray

from convert.measuring.clips import Seen, Visit
from convert.measuring.error_rates import Rate
from convert.transactions import Compare, accepted, at_rate, compares
from device.policy.modes import way_in
from device.records import Probe
from device.settings.tables import Settings, VisionSettings
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.manifest import DecisionRule

TARGETS = (1e-3, 3e-4)
FRAME_S = 0.05
MOST_VISITS = 4
"""Of one person at most, so that a person with many pictures doesn't dominate."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """The number of a person among those known, and one of their visits."""

    number: int
    visit: Visit


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument(
        "--data", default=os.environ.get("LINTEL_DATA", ""), help="folder of the data; none: the portraits"
    )
    arguments.add_argument("--views", type=int, default=5, help="pictures of a visit")
    arguments.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "lintel-benchmarks")
    arguments.add_argument("--visits", type=int, default=VISITS, help="of each portrait, where there is no data")
    chosen = arguments.parse_args()
    analyzer = load_analyzer(VisionSettings(threads=1))
    known = everybody(Path(chosen.data), analyzer, chosen.cache) if chosen.data else portraits(analyzer, chosen.visits)
    strangers = list(visits_of(known, chosen.views))
    print(f"{len(strangers)} visits of {chosen.views} views, badges of {len(known)} people")
    badges = np.stack([one.references for one in known])
    for target in TARGETS:
        rule = at_rate(analyzer.embedder.decision_rule, target)
        print(f"\ntarget {target:g}")
        report(strangers, badges, rule)


def everybody(data: Path, analyzer: FaceAnalyzer, cache: Path) -> list[Visitor]:
    """All of LFW, also those of whom there is one picture alone."""
    pictures, visits = embedded(data / "lfw", analyzer, cache)
    folders: dict[Path, list[Path]] = {}
    for path in sorted(pictures):
        folders.setdefault(path.parent, []).append(path)
    nothing = np.empty((0, FRAMES, analyzer.embedder.spec.length), np.float32)
    known = []
    for first, *others in folders.values():
        later = [visits[path] for path in others if path in visits]
        known.append(Visitor(np.stack([pictures[first]]), np.stack(later) if later else nothing))
    return known


def visits_of(known: list[Visitor], views: int) -> Iterator[Stranger]:
    """Visits of those who have enough pictures besides the reference, none of them in two visits."""
    for number, one in enumerate(known):
        for first in range(0, min(len(one.visits) - views + 1, MOST_VISITS * views), views):
            frames = one.visits[first : first + views].reshape(-1, one.visits.shape[-1])
            probes = (Probe(embedding, QUALITY, PLACE) for embedding in frames)
            yield Stranger(number, tuple(Seen(FRAME_S * at, probe) for at, probe in enumerate(probes)))


def report(strangers: list[Stranger], badges: NDArray[np.float32], rule: DecisionRule) -> None:
    made = [compares(one.visit, rule, way_in(Settings())) for one in strangers]
    lax = [tuple(replace(compare, share=1.0) for compare in visit) for visit in made]
    first, whole = tried(strangers, made, badges, rule)
    _, laxly = tried(strangers, lax, badges, rule)
    print(f"  comparisons a visit        {sum(map(len, made)) / len(made):.1f}")
    for name, rate in (("first comparison", first), ("transaction", whole), ("all as lax as the first", laxly)):
        times = rate.value / rule.target_fmr
        print(f"  {name:26s} {rate.value:.2e} ({rate.errors} of {rate.trials}), {times:.2f} times the target")


def tried(
    strangers: list[Stranger], made: list[tuple[Compare, ...]], badges: NDArray[np.float32], rule: DecisionRule
) -> tuple[Rate, Rate]:
    """How many badges of others let a stranger in at the first comparison, and at any."""
    first = whole = 0
    for one, visit in zip(strangers, made, strict=True):
        at_first, at_any = accepted([visit], np.delete(badges, one.number, axis=0), rule)
        first, whole = first + int(at_first.sum()), whole + int(at_any.sum())
    trials = len(strangers) * (len(badges) - 1)
    return Rate(first, trials), Rate(whole, trials)


if __name__ == "__main__":
    main()
