"""`lintel-convert transactions`: the false accept rate of a transaction, on clips of strangers."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.terminal import say

if TYPE_CHECKING:
    from convert.measuring.clips import Visit
    from device.vision.faces import FaceAnalyzer


@click.command(
    epilog="Exit codes: 0 each rate is at most 1.2 times its target, 1 one is not, 4 model, 5 clips or images."
)
@click.option("--clips", type=click.Path(path_type=Path), required=True, help="The folder of the strangers' clips.")
@click.option("--images", type=click.Path(path_type=Path), required=True, help="The folder of the badges' holders.")
@click.option("--references", type=click.IntRange(1, 100), default=1, show_default=True, help="References of a holder.")
@click.option(
    "--fmr",
    "fmrs",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    multiple=True,
    help="Target false match rate; may be repeated.  [default: 1e-3, 3e-4 and the model's]",
)
@click.option(
    "--every", "every_s", type=click.FloatRange(0.1, 60), default=2.0, show_default=True, help="A visit each, seconds."
)
@click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of the models; by default, those that came with Lintel."
)
@click.option("--threads", type=click.IntRange(1, 16), default=2, show_default=True, help="Threads for embedding.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def transactions(
    clips: Path,
    images: Path,
    references: int,
    fmrs: tuple[float, ...],
    every_s: float,
    models: Path | None,
    threads: int,
    as_json: bool,
) -> int:
    """Measure how often a stranger with a stolen badge is let in, from the badge to the decision.

    Each clip shows one person who is not in --images, which has a subfolder for each person. Parts of a clip as long
    as a door's time-out are visits, and every visit is tried with everybody's badge by the door's own vision and
    policy: a track, one growing mean, up to five comparisons.
    """
    from convert.measuring.door_protocol import acquire
    from convert.measuring.protocols import person_images
    from convert.progress import bar
    from convert.reports import as_json as json_of
    from convert.transactions import Tried, at_rate, compares, document, lines, measure, references_of
    from device.policy.modes import way_in
    from device.settings.tables import Settings, VisionSettings
    from device.vision.faces import load_analyzer

    analyzer, terms = load_analyzer(VisionSettings(models_dir=str(models or ""), threads=threads)), way_in(Settings())
    rule, paths = analyzer.embedder.decision_rule, person_images(images)
    rules = [at_rate(rule, fmr) for fmr in fmrs or sorted({1e-3, 3e-4, rule.target_fmr}, reverse=True)]
    count, visits = _visits(clips, analyzer, terms.timeout_s, every_s=every_s)
    with bar("Embedding", len(paths)) as step:
        badges = references_of(acquire(paths, analyzer, step).templates, references)
    rates = tuple(measure([compares(visit, one, terms) for visit in visits], badges, one) for one in rules)
    tried = Tried(count, len(visits), len(badges), references, rates)
    click.echo(json_of(document(tried))) if as_json else say("\n".join(lines(tried)))
    return 0 if tried.hold else 1


def _visits(folder: Path, analyzer: "FaceAnalyzer", timeout_s: float, *, every_s: float) -> "tuple[int, list[Visit]]":
    """How many clips there are, and the visits of all of them."""
    from convert.measuring.clips import clips_in, seen_in, visits
    from convert.progress import bar

    clips, found = clips_in(folder), list["Visit"]()
    with bar("Clips", len(clips)) as step:
        for clip in clips:
            found += visits(seen_in(clip, analyzer), timeout_s, every_s)
            step()
    return len(clips), found
