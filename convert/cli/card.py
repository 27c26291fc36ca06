"""`lintel-convert card`: the biometric card of the embedding model."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.commandline import FilePath
from device.terminal import say

if TYPE_CHECKING:
    from convert.figures import Pairs, Strangers
    from convert.measuring.comparisons import Templates
    from device.vision.faces import FaceAnalyzer


@click.command(
    epilog="Exit codes: 0 done, 1 file, manifest and card disagree, 4 model, 5 images, 12 matplotlib is missing."
)
@click.option("--images", type=click.Path(path_type=Path), help="The folder that the thresholds were set on.")
@click.option("--pairs", "pairs_file", type=click.Path(path_type=Path), help="LFW's pairs.txt, for the accuracy.")
@click.option("--clips", type=click.Path(path_type=Path), help="Clips of strangers, for the rate of a transaction.")
@click.option("--references", type=click.IntRange(2, 100), default=3, show_default=True, help="As in the calibration.")
@click.option("--probes", type=click.IntRange(1, 100), default=3, show_default=True, help="As in the calibration.")
@click.option("--seed", type=click.IntRange(0), help="As in the calibration.  [default: 0]")
@click.option("--draws", type=click.IntRange(1, 1000), help="As in the calibration.  [default: 30]")
@click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of the models; by default, those that came with Lintel."
)
@click.option("--threads", type=click.IntRange(1, 16), default=2, show_default=True, help="Threads for embedding.")
@click.option(
    "--attacks",
    type=FilePath(),
    help="What `lintel pad evaluate --json` printed, for the section on presentation attacks; alone, nothing else is "
    "measured again.",
)
@click.option("--check", is_flag=True, help="Measure nothing; check that file, manifest, figures and card agree.")
def card(
    images: Path | None,
    pairs_file: Path | None,
    clips: Path | None,
    references: int,
    probes: int,
    seed: int | None,
    draws: int | None,
    models: Path | None,
    threads: int,
    attacks: Path | None,
    check: bool,
) -> int:
    """Write CARD.md beside the models: what is shipped, its error rates with intervals, its limits."""
    import msgspec

    from convert.attack_figures import read_attacks
    from convert.card import CARD, read_figures, write_card
    from convert.card_figures import Measured, measure
    from convert.folders import note_failures, note_left_out
    from convert.measuring.door_protocol import acquire, design_of
    from convert.measuring.groups import FILE, read_groups
    from convert.measuring.protocols import person_images
    from convert.progress import bar
    from device.settings.tables import VisionSettings
    from device.vision.faces import load_analyzer
    from device.vision.models import shipped_models_dir

    folder = models or shipped_models_dir()
    if check and (images, pairs_file, clips, seed, draws, attacks) != (None,) * 6:
        raise click.UsageError(
            "--check measures nothing: leave out --images, --pairs, --clips, --seed, --draws and --attacks."
        )
    if check:
        return _checked(folder)
    presented = read_attacks(attacks) if attacks else None
    if images is None and presented is not None and (pairs_file, clips, seed, draws) == (None,) * 4:
        write_card(folder, msgspec.structs.replace(read_figures(folder), attacks=presented))
        say(f"written to {folder / CARD}")
        return 0
    if images is None:
        raise click.UsageError("Give --images, --attacks alone, or --check.")
    analyzer = load_analyzer(VisionSettings(models_dir=str(folder), threads=threads))
    paths = person_images(images)
    note_left_out(images, paths)
    with bar("Embedding", len(paths)) as step:
        acquired = acquire(paths, analyzer, step)
    note_failures(acquired.failures, len(paths))
    pairs = _pairs(pairs_file, images, analyzer) if pairs_file else None
    strangers = _strangers(clips, acquired.templates, analyzer) if clips else None
    groups = read_groups(images / FILE, acquired.names) if (images / FILE).is_file() else None
    measured = Measured(analyzer.embedder, acquired, pairs, strangers, groups)
    design = design_of(references, probes, draws=draws, seed=seed or 0)
    figures = measure(folder, measured, design, _tell)
    write_card(folder, msgspec.structs.replace(figures, attacks=presented))
    say(f"written to {folder / CARD}")
    return 0


def _checked(folder: Path) -> int:
    from convert.card import disagreements

    found = disagreements(folder)
    for what in found:
        say(what)
    if not found:
        say("file, manifest, figures and card agree")
    return 1 if found else 0


def _pairs(pairs_file: Path, images: Path, analyzer: "FaceAnalyzer") -> "Pairs":
    from convert.evaluate import evaluate, images_of
    from convert.figures import pairs_of
    from convert.measuring.protocols import Protocol, read_pairs
    from convert.progress import bar

    pairs = read_pairs(pairs_file, images, Protocol.CSV if pairs_file.suffix.lower() == ".csv" else Protocol.LFW)
    with bar("Embedding pairs", len(images_of(pairs))) as step:
        return pairs_of(evaluate(pairs, analyzer, step))


def _strangers(clips: Path, templates: "Templates", analyzer: "FaceAnalyzer") -> "Strangers":
    from convert.cli.transactions import EVERY_S
    from convert.figures import strangers_of
    from convert.measuring.clips import visits_in
    from convert.transactions import references_of, targets_of, try_strangers
    from device.policy.modes import way_in
    from device.settings.tables import Settings

    rule, terms = analyzer.embedder.decision_rule, way_in(Settings())
    shown = visits_in(clips, analyzer, timeout_s=terms.timeout_s, every_s=EVERY_S)
    return strangers_of(try_strangers(shown, references_of(templates, 1), rule, targets=targets_of(rule), terms=terms))


def _tell(line: str) -> None:
    say(line, err=True)
