"""`lintel-convert calibrate`: the thresholds of the embedding model's manifest."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.commandline import NumberRange
from device.terminal import put_json, say

if TYPE_CHECKING:
    from convert.measuring.door_protocol import Acquired
    from device.vision.faces import FaceAnalyzer


@click.command(epilog="Exit codes: 0 done, 4 model, 5 the images cannot support the target.")
@click.option("--images", type=click.Path(path_type=Path), help="A folder with one subfolder for each person.")
@click.option(
    "--mates", type=click.Path(path_type=Path), help="Instead, with --impostors: such a folder of your own people."
)
@click.option(
    "--impostors", type=click.Path(path_type=Path), help="With --mates: such a folder of other people, a public one."
)
@click.option("--dataset", help="Name of the data set in the manifest; by default, the folder's name.")
@click.option("--fmr", type=NumberRange(0, 0.1, min_open=True), default=1e-4, show_default=True, help="Target FMR.")
@click.option("--references", type=click.IntRange(1, 100), default=3, show_default=True, help="References per person.")
@click.option("--probes", type=click.IntRange(1, 100), default=3, show_default=True, help="Probes per visit.")
@click.option("--seed", type=click.IntRange(0), help="Which images are drawn.  [default: 0]")
@click.option("--draws", type=click.IntRange(1, 1000), help="How often they are drawn.  [default: 30]")
@click.option(
    "--least-probe-length", type=NumberRange(0, 1), help="Least length of a mean of probes; by default the model's."
)
@click.option(
    "--least-reference-length",
    type=NumberRange(0, 1),
    help="Least length of a mean of references; by default the model's.",
)
@click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of the models; by default, those that came with Lintel."
)
@click.option(
    "--threads", type=click.IntRange(1, 16), default=2, show_default=True, help="Threads of the TFLite interpreter."
)
@click.option("--dry-run", is_flag=True, help="Print, and change no manifest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def calibrate(
    images: Path | None,
    mates: Path | None,
    impostors: Path | None,
    dataset: str | None,
    fmr: float,
    references: int,
    probes: int,
    seed: int | None,
    draws: int | None,
    least_probe_length: float | None,
    least_reference_length: float | None,
    models: Path | None,
    threads: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Set the decision thresholds of the embedding model from a target false match rate.

    There is one for single pairs, one for --references with a probe, one for --references with --probes, and one for
    each count between at which the door would miss the target. Each is set on all comparisons of different people, and
    checked on people it was not set on: set on one half, tried on the other.

    A site of 30 people has too few comparisons of its own. With --mates and --impostors its people's references are
    compared with other people's probes too; how alike its own people are is said beside.
    """
    from convert.calibrate import Target, calibrated_fusion, together, with_rule
    from convert.calibrate import calibrate as calibrated
    from convert.measuring.door_protocol import design_of
    from convert.reports import as_json as formatted
    from convert.reports import calibration_document, calibration_lines
    from device.settings.tables import VisionSettings
    from device.vision.faces import load_analyzer
    from device.vision.manifest import read_manifest, write_manifest
    from device.vision.models import EMBEDDING, shipped_models_dir

    if (images is None) == (mates is None) or (mates is None) != (impostors is None):
        raise click.UsageError("Give --images, or --mates with --impostors.")
    if references == probes == 1 and (seed, draws) != (None, None):
        raise click.UsageError("--seed and --draws are for several images: for 1 x 1 all pairs are compared.")
    folder = models or shipped_models_dir()
    path = folder / f"{EMBEDDING}.json"
    analyzer = load_analyzer(VisionSettings(models_dir=str(folder), threads=threads))
    manifest = read_manifest(path)
    fusion = calibrated_fusion(manifest, least_probe_length, least_reference_length)
    design = design_of(references, probes, draws=draws, seed=seed or 0)
    folders = [one for one in (images, mates, impostors) if one is not None]
    own, *others = [_acquired(one, analyzer) for one in folders]
    target = Target(fmr, design, fusion, dataset or ", impostors of ".join(one.resolve().name for one in folders))
    found = calibrated(together(own, *others), target)
    put_json(formatted(calibration_document(found))) if as_json else say("\n".join(calibration_lines(found)))
    if not dry_run:
        write_manifest(with_rule(manifest, found.rule), path)
        say(f"written to {path}", err=True)


def _acquired(folder: Path, analyzer: "FaceAnalyzer") -> "Acquired":
    from convert.folders import note_failures, note_left_out
    from convert.measuring.door_protocol import acquire
    from convert.measuring.protocols import person_images
    from convert.progress import bar

    paths = person_images(folder, least_people=4)
    note_left_out(folder, paths)
    with bar(f"Embedding {folder.name}", len(paths)) as step:
        acquired = acquire(paths, analyzer, step)
    note_failures(acquired.failures, len(paths))
    return acquired
