"""Plots for people who would rather look than read. Needs matplotlib."""

from pathlib import Path

from convert.error_rates import roc
from convert.evaluate import Evaluation
from device.errors import DependencyMissing, ImageError


def plot_roc(evaluation: Evaluation, path: Path) -> None:
    """Writes the ROC, false match rate on a logarithmic axis, as PNG, SVG or PDF by the name's ending.

    Raises `DependencyMissing` without matplotlib, `ImageError` if the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise DependencyMissing(
            "matplotlib is not installed, which draws plots.", hint="pip install 'lintel[convert]'"
        ) from None
    false_matches, true_accepts = roc(evaluation.similarities, evaluation.same)
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.step(false_matches, true_accepts, where="post", color="#1f5fa8", linewidth=2)
    axes.plot(
        [max(evaluation.fmr.value, 1 / evaluation.fmr.trials)],
        [1 - evaluation.fnmr.value],
        "o",
        color="#c33",
        clip_on=False,
        label=f"the door's threshold, {evaluation.threshold:.3f}: {evaluation.fmr.errors} false matches",
    )
    non_mated = evaluation.fmr.trials
    axes.set(xscale="log", xlim=(1 / non_mated, 1), ylim=(0.8, 1.002))
    axes.set_xlabel(f"false match rate ({non_mated} non-mated pairs)")
    axes.set_ylabel(f"true accept rate ({evaluation.fnmr.trials} mated pairs)")
    axes.set_title(f"ROC, mean accuracy {evaluation.accuracies.mean():.2%}")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend(loc="lower right")
    try:
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise ImageError(f"Cannot write the plot {path}: {error}.", hint="Name a .png, .svg or .pdf file.") from None
