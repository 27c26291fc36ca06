"""`lintel-convert calibrate`: the thresholds of the embedding model's manifest."""

from pathlib import Path

import click

from device.commandline import NumberRange
from device.terminal import put_json, say


@click.command(epilog="Exit codes: 0 done, 4 model, 5 the images cannot support the target.")
@click.option(
    "--images", type=click.Path(path_type=Path), required=True, help="A folder with one subfolder for each person."
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
    images: Path,
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
    """
    from convert.calibrate import Target, calibrated_fusion, with_rule
    from convert.calibrate import calibrate as calibrated
    from convert.folders import note_failures, note_left_out
    from convert.measuring.door_protocol import acquire, design_of
    from convert.measuring.protocols import person_images
    from convert.progress import bar
    from convert.reports import as_json as formatted
    from convert.reports import calibration_document, calibration_lines
    from device.settings.tables import VisionSettings
    from device.vision.faces import load_analyzer
    from device.vision.manifest import read_manifest, write_manifest
    from device.vision.models import EMBEDDING, shipped_models_dir

    if references == probes == 1 and (seed, draws) != (None, None):
        raise click.UsageError("--seed and --draws are for several images: for 1 x 1 all pairs are compared.")
    folder = models or shipped_models_dir()
    path = folder / f"{EMBEDDING}.json"
    analyzer = load_analyzer(VisionSettings(models_dir=str(folder), threads=threads))
    manifest = read_manifest(path)
    fusion = calibrated_fusion(manifest, least_probe_length, least_reference_length)
    design = design_of(references, probes, draws=draws, seed=seed or 0)
    paths = person_images(images, least_people=4)
    note_left_out(images, paths)
    target = Target(fmr, design, fusion, dataset or images.resolve().name)
    with bar("Embedding", len(paths)) as step:
        acquired = acquire(paths, analyzer, step)
    note_failures(acquired.failures, len(paths))
    found = calibrated(acquired.templates, len(acquired.names), target)
    put_json(formatted(calibration_document(found))) if as_json else say("\n".join(calibration_lines(found)))
    if not dry_run:
        write_manifest(with_rule(manifest, found.rule), path)
        say(f"written to {path}", err=True)
