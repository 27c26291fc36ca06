"""`lintel-convert evaluate`: error rates on labelled pairs, or of the door's protocol on a folder of people."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.terminal import put_json, say

if TYPE_CHECKING:
    from convert.measuring.door_protocol import Design
    from convert.reports import Report
    from device.vision.faces import FaceAnalyzer


@click.command(epilog="Exit codes: 0 done, 4 model, 5 pairs or images cannot be read, 12 matplotlib is missing.")
@click.option("--images", type=click.Path(path_type=Path), required=True, help="The folder of the images.")
@click.option("--pairs", "pairs_file", type=click.Path(path_type=Path), help="Pairs to compare.")
@click.option(
    "--protocol", type=click.Choice(["lfw", "csv"]), help="Form of the pairs; by default csv for *.csv, else lfw."
)
@click.option("--references", type=click.IntRange(1, 100), help="References of a person.  [default: 1]")
@click.option("--probes", type=click.IntRange(1, 100), help="Probes of a visit.  [default: 1]")
@click.option("--seed", type=click.IntRange(0), help="Which images are drawn.  [default: 0]")
@click.option(
    "--draws",
    type=click.IntRange(1, 1000),
    help="How often they are drawn.  [default: 30; for 1 x 1 all pairs are compared]",
)
@click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of the models; by default, those that came with Lintel."
)
@click.option("--plot", type=click.Path(path_type=Path), help="Draw a plot into this PNG, SVG or PDF file.")
@click.option(
    "--plot-kind",
    type=click.Choice(["roc", "det", "fmr-fnmr"]),
    default="roc",
    show_default=True,
    help="Kind of --plot.",
)
@click.option("--plots", type=click.Path(path_type=Path), help="Draw all three plots into this folder.")
@click.option(
    "--threads", type=click.IntRange(1, 16), default=2, show_default=True, help="Threads of the TFLite interpreter."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def evaluate(
    images: Path,
    pairs_file: Path | None,
    protocol: str | None,
    references: int | None,
    probes: int | None,
    seed: int | None,
    draws: int | None,
    models: Path | None,
    plot: Path | None,
    plot_kind: str,
    plots: Path | None,
    threads: int,
    as_json: bool,
) -> None:
    """Measure the door's own pipeline on labelled images.

    With --pairs, LFW's pairs.txt or a CSV with the columns image_a,image_b,same (1 or 0): accuracy is over folds, each
    at the threshold that is best on the others.

    Without, or with --references or --probes as well, --images has a subfolder for each person, and everybody is
    compared with everybody: single images, or several references with several probes as the door fuses them. A
    groups.csv in the folder, with the columns person,group, gives rates by group. FMR and FNMR are at the threshold
    that the door uses.
    """
    from convert.measuring.door_protocol import design_of
    from convert.measuring.plots import PlotKind, draw, draw_all
    from convert.reports import beside
    from device.settings.tables import VisionSettings
    from device.vision.faces import load_analyzer

    if pairs_file is None and protocol is not None:
        raise click.UsageError("--protocol is the form of --pairs: give --pairs too.")
    on_pairs_alone = pairs_file is not None and not (references or probes)
    if on_pairs_alone and (seed, draws) != (None, None):
        raise click.UsageError(
            "--seed and --draws draw images of people: beside --pairs, give --references or --probes."
        )
    design = design_of(references or 1, probes or 1, draws=draws, seed=seed or 0)
    if seed is not None and design.draws == 0:
        raise click.UsageError("--seed says which images are drawn: of single images all are compared without --draws.")
    analyzer = load_analyzer(VisionSettings(models_dir=str(models or ""), threads=threads))
    if pairs_file is None:
        report = _on_people(images, design, analyzer)
    elif references or probes:
        report = beside(_on_people(images, design, analyzer), _on_pairs(pairs_file, images, protocol, analyzer))
    else:
        report = _on_pairs(pairs_file, images, protocol, analyzer)
    if plot or plots:
        drawing = report.drawing()
        if plot:
            draw(PlotKind(plot_kind), drawing, plot)
        if plots:
            draw_all(drawing, plots)
    put_json(report.as_json()) if as_json else say("\n".join(report.lines))


def _on_pairs(pairs_file: Path, images: Path, protocol: str | None, analyzer: "FaceAnalyzer") -> "Report":
    from convert.evaluate import evaluate as evaluated
    from convert.evaluate import images_of
    from convert.measuring.protocols import Protocol, read_pairs
    from convert.progress import bar
    from convert.reports import report_on_pairs

    chosen = Protocol(protocol or ("csv" if pairs_file.suffix.lower() == ".csv" else "lfw"))
    pairs = read_pairs(pairs_file, images, chosen)
    with bar("Embedding", len(images_of(pairs))) as step:
        return report_on_pairs(evaluated(pairs, analyzer, step))


def _on_people(folder: Path, design: "Design", analyzer: "FaceAnalyzer") -> "Report":
    from convert.folders import note_failures, note_left_out
    from convert.measuring.door_protocol import acquire, evaluate_door
    from convert.measuring.groups import FILE, differentials, read_groups
    from convert.measuring.protocols import person_images
    from convert.progress import bar
    from convert.reports import report_on_people

    rule, images = analyzer.embedder.decision_rule, person_images(folder)
    note_left_out(folder, images)
    names = tuple(sorted({path.parent.name for path in images}))
    groups = read_groups(folder / FILE, names) if (folder / FILE).exists() else None
    with bar("Embedding", len(images)) as step:
        acquired = acquire(images, analyzer, step)
    note_failures(acquired.failures, len(images))
    found = evaluate_door(design, acquired, rule)
    threshold = found.at_threshold.threshold
    by_group = differentials(found.comparisons, acquired, groups, threshold) if groups else None
    return report_on_people(found, analyzer.embedder.model_sha256, by_group)
