"""`lintel-convert evaluate`: error rates on labelled pairs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from convert.error_rates import Rate
    from convert.evaluate import Evaluation


@click.command(epilog="Exit codes: 0 done, 4 model, 5 pairs or images cannot be read, 12 matplotlib is missing.")
@click.option("--pairs", "pairs_file", type=click.Path(path_type=Path), required=True, help="The pairs.")
@click.option("--images", type=click.Path(path_type=Path), required=True, help="The folder of the images.")
@click.option(
    "--protocol", type=click.Choice(["lfw", "csv"]), help="Form of the pairs; by default csv for *.csv, else lfw."
)
@click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of the models; without it, those that came with Lintel."
)
@click.option("--plot", type=click.Path(path_type=Path), help="Write the ROC to this PNG, SVG or PDF file.")
@click.option(
    "--threads", type=click.IntRange(1, 16), default=2, show_default=True, help="Threads of the TFLite interpreter."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def evaluate(
    pairs_file: Path,
    images: Path,
    protocol: str | None,
    models: Path | None,
    plot: Path | None,
    threads: int,
    as_json: bool,
) -> None:
    """Measure the door's own pipeline on labelled pairs of images.

    The pairs are LFW's pairs.txt or a CSV with the columns image_a,image_b,same (1 or 0). Accuracy is over folds, each
    at the threshold that is best on the others; FMR and FNMR are at the threshold that the door uses.
    """
    from convert.evaluate import evaluate as evaluated
    from convert.evaluate import images_of
    from convert.progress import bar
    from convert.protocols import Protocol, read_pairs
    from device.config import VisionSettings
    from device.vision.faces import load_analyzer

    chosen = Protocol(protocol or ("csv" if pairs_file.suffix.lower() == ".csv" else "lfw"))
    pairs = read_pairs(pairs_file, images, chosen)
    analyzer = load_analyzer(VisionSettings(models_dir=str(models or ""), threads=threads))
    with bar("Embedding", len(images_of(pairs))) as step:
        evaluation = evaluated(pairs, analyzer, step)
    if plot is not None:
        from convert.plots import plot_roc

        plot_roc(evaluation, plot)
    click.echo(_json(evaluation) if as_json else "\n".join(_lines(evaluation)))


def _json(evaluation: "Evaluation") -> str:
    import msgspec

    document = {
        "model_sha256": evaluation.model_sha256,
        "pairs": evaluation.pairs,
        "images": evaluation.images,
        "failures_to_acquire": [{"image": str(path), "why": why} for path, why in evaluation.failures.items()],
        "accuracy": {
            "mean": float(evaluation.accuracies.mean()),
            "std": float(evaluation.accuracies.std()),
            "folds": evaluation.accuracies.tolist(),
        },
        "tar_at_fmr_1e-2": evaluation.tar_at_1e2,
        "tar_at_fmr_1e-3": evaluation.tar_at_1e3,
        "threshold": evaluation.threshold,
        "fmr": evaluation.fmr.value,
        "fmr_interval_95": evaluation.fmr.interval,
        "non_mated": evaluation.fmr.trials,
        "fnmr": evaluation.fnmr.value,
        "fnmr_interval_95": evaluation.fnmr.interval,
        "mated": evaluation.fnmr.trials,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _lines(evaluation: "Evaluation") -> list[str]:
    def rate(name: str, of: "Rate") -> str:
        low, high = of.interval
        return f"{name} {of.value:.4%}  ({of.errors} of {of.trials}; 95 % interval {low:.4%} to {high:.4%})"

    failures = [f"  {path}: {why}" for path, why in evaluation.failures.items()]
    return [
        f"pairs        {evaluation.pairs}, of {evaluation.images} images",
        f"accuracy     {evaluation.accuracies.mean():.2%} +- {evaluation.accuracies.std():.2%} over folds",
        f"TAR at FMR   1e-2: {evaluation.tar_at_1e2:.2%}   1e-3: {evaluation.tar_at_1e3:.2%}",
        f"at the door's threshold, similarity {evaluation.threshold:.4f}, single pairs:",
        f"  {rate('FMR ', evaluation.fmr)}",
        f"  {rate('FNMR', evaluation.fnmr)}",
        f"failures to acquire: {len(failures)} of {evaluation.images} images",
        *failures,
    ]
