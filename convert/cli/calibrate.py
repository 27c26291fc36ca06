"""`lintel-convert calibrate`: the threshold of the embedding model's manifest."""

from pathlib import Path

import click


@click.command(epilog="Exit codes: 0 done, 4 model, 5 the images cannot support the target.")
@click.option(
    "--images", type=click.Path(path_type=Path), required=True, help="A folder with one subfolder for each person."
)
@click.option("--dataset", required=True, help="What the images are, for the manifest.")
@click.option(
    "--fmr", type=click.FloatRange(0, 0.1, min_open=True), default=1e-4, show_default=True, help="Target FMR."
)
@click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of the models; without it, those that came with Lintel."
)
@click.option("--dry-run", is_flag=True, help="Leave the manifest as it is.")
def calibrate(images: Path, dataset: str, fmr: float, models: Path | None, dry_run: bool) -> None:
    """Set the decision threshold of the embedding model from a target false match rate.

    The threshold is set on all cross-person comparisons of one half of the people; FMR and FNMR are reported on the
    other half, which the threshold has not seen.
    """
    from convert.calibrate import calibrate as calibrated
    from convert.calibrate import decision_rule, person_images, with_rule
    from convert.progress import bar
    from device.config import VisionSettings
    from device.vision.faces import load_analyzer
    from device.vision.manifest import read_manifest, write_manifest
    from device.vision.models import EMBEDDING, shipped_models_dir

    folder = models or shipped_models_dir()
    analyzer = load_analyzer(VisionSettings(models_dir=str(folder)))
    with bar("Embedding", len(person_images(images))) as step:
        found = calibrated(images, analyzer, fmr, step)
    click.echo(
        f"threshold {found.threshold:.5f} for FMR {fmr:g}: {found.non_mated_comparisons} comparisons, one half of"
    )
    click.echo(f"{found.people} people ({found.images} images, {found.failures} without a face)")
    for name, rate in (("FMR", found.fmr), ("FNMR", found.fnmr)):
        low, high = rate.interval
        click.echo(
            f"{name} on the other half: {rate.value:.4%} ({rate.errors} of {rate.trials}; {low:.4%} to {high:.4%})"
        )
    if not dry_run:
        path = folder / f"{EMBEDDING}.json"
        write_manifest(with_rule(read_manifest(path), decision_rule(found, dataset)), path)
        click.echo(f"written to {path}")
