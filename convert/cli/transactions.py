"""`lintel-convert transactions`: the false accept rate of a transaction, on clips of strangers."""

from pathlib import Path

import click

from device.terminal import say

EVERY_S = 2.0
"""How long after a visit the next one begins in a clip."""


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
    "--every",
    "every_s",
    type=click.FloatRange(0.1, 60),
    default=EVERY_S,
    show_default=True,
    help="A visit each, seconds.",
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
    from convert.folders import note_failures, note_left_out
    from convert.measuring.clips import visits_in
    from convert.measuring.door_protocol import acquire
    from convert.measuring.protocols import person_images
    from convert.progress import bar
    from convert.reports import as_json as json_of
    from convert.transactions import document, lines, references_of, targets_of, try_strangers
    from device.policy.modes import way_in
    from device.settings.tables import Settings, VisionSettings
    from device.vision.faces import load_analyzer

    analyzer, terms = load_analyzer(VisionSettings(models_dir=str(models or ""), threads=threads)), way_in(Settings())
    rule, paths = analyzer.embedder.decision_rule, person_images(images)
    note_left_out(images, paths)
    shown = visits_in(clips, analyzer, timeout_s=terms.timeout_s, every_s=every_s)
    with bar("Embedding", len(paths)) as step:
        acquired = acquire(paths, analyzer, step)
    note_failures(acquired.failures, len(paths))
    badges = references_of(acquired.templates, references)
    tried = try_strangers(shown, badges, rule, targets=fmrs or targets_of(rule), terms=terms)
    click.echo(json_of(document(tried))) if as_json else say("\n".join(lines(tried)))
    return 0 if tried.hold else 1
