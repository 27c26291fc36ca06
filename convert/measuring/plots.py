"""Plots for people who would rather look than read: ROC, DET, and both rates over the threshold. Needs matplotlib."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, assert_never

import numpy as np
from numpy.typing import NDArray

from convert.measuring.bootstrap import Band
from convert.measuring.error_rates import Curve, wilson
from device.errors import DependencyMissing, ImageError
from device.failures import in_words
from device.packages import install_hint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
"""Colors that people with any color vision tell apart (Okabe and Ito 2008)."""
_MARKERS = "oDs^v"
_RATES = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99)


class PlotKind(StrEnum):
    """What a plot shows."""

    ROC = "roc"
    DET = "det"
    FMR_FNMR = "fmr-fnmr"


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on the curve that matters, and what it is; the first is the door's threshold."""

    label: str
    threshold: float
    fmr: float
    fnmr: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A curve with its 95 % band, the points that matter on it, and what was measured."""

    title: str
    curve: Curve
    band: Band
    marks: tuple[Mark, ...]


def draw(kind: PlotKind, drawing: Drawing, path: Path) -> None:
    """Draws one kind of plot as PNG, SVG or PDF by the name's ending.

    Raises `DependencyMissing` without matplotlib, `ImageError` if the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise DependencyMissing(
            "matplotlib is not installed, which draws plots.", hint=install_hint("convert")
        ) from None
    figure = Figure(figsize=(7, 5.6), layout="constrained")
    axes = figure.add_subplot()
    match kind:
        case PlotKind.ROC:
            _roc(axes, drawing)
        case PlotKind.DET:
            _det(axes, drawing)
        case PlotKind.FMR_FNMR:
            _over_threshold(axes, drawing)
        case _:
            assert_never(kind)
    axes.set_title(drawing.title, fontsize=11)
    axes.grid(visible=True, which="major", alpha=0.35)
    figure.legend(loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    try:
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise ImageError(f"Cannot write the plot {path}: {error}.", hint="Name a .png, .svg or .pdf file.") from None


def draw_all(drawing: Drawing, folder: Path) -> tuple[Path, ...]:
    """Draws every kind into a folder, `KIND.png`, and makes the folder if need be. Raises as `draw`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(f"Cannot make the folder {folder}: {in_words(error)}.", hint="Name another folder.") from None
    paths = {kind: folder / f"{kind}.png" for kind in PlotKind}
    for kind, path in paths.items():
        draw(kind, drawing, path)
    return tuple(paths.values())


def independent_band(curve: Curve) -> Band:
    """The band of a curve as if all comparisons were independent (Wilson): all that pairs without names allow."""
    of_fnmr = wilson(curve.fnmr, curve.mated)
    return Band(fmr=wilson(curve.fmr, curve.non_mated), fnmr=of_fnmr, det=of_fnmr)


def _roc(axes: "Axes", drawing: Drawing) -> None:
    curve, (low, high) = drawing.curve, drawing.band.det
    least = 1 / curve.non_mated
    shown = _steps(curve, least)
    axes.fill_between(curve.fmr[shown], 1 - high[shown], 1 - low[shown], color=BLUE, alpha=0.2, lw=0, label="95 % band")
    axes.plot(curve.fmr[shown], 1 - curve.fnmr[shown], color=BLUE, lw=2, label="ROC")
    for index, mark in enumerate(drawing.marks):
        _put(axes, index, at=(max(mark.fmr, least), 1 - mark.fnmr), label=mark.label)
    lowest = float(np.nanmin(np.append(1 - high[shown], 1 - curve.fnmr[shown])))
    axes.set(xscale="log", xlim=(least, 1), ylim=(max(0.0, lowest - 0.02), 1.0))
    axes.yaxis.set_major_formatter(_percent)
    axes.set_xlabel(_of("False match rate", curve.non_mated, "non-mated"))
    axes.set_ylabel(_of("True accept rate", curve.mated, "mated"))


def _det(axes: "Axes", drawing: Drawing) -> None:
    """On normal deviates, on which errors that are normally distributed make a line (Martin et al. 1997).

    A rate of zero has no place there: marks without a false non-match are left out.
    """
    curve, (low, high) = drawing.curve, drawing.band.det
    least_fmr, least_fnmr = 1 / curve.non_mated, 1 / curve.mated
    shown = _steps(curve, least_fmr)
    shown = shown[curve.fnmr[shown] >= least_fnmr]
    x = _deviates(curve.fmr[shown], least_fmr)
    low, high = (_deviates(end[shown], least_fnmr) for end in (low, high))
    axes.fill_between(x, low, high, color=BLUE, alpha=0.2, lw=0, label="95 % band")
    axes.plot(x, _deviates(curve.fnmr[shown], least_fnmr), color=BLUE, lw=2, label="DET")
    for index, mark in enumerate(drawing.marks):
        if mark.fnmr > 0:
            _put(axes, index, at=(_deviate(max(mark.fmr, least_fmr)), _deviate(mark.fnmr)), label=mark.label)
    axes.set_xticks(*_ticks(least_fmr))
    axes.set_yticks(*_ticks(least_fnmr))
    axes.set_xlim(_deviate(least_fmr), _deviate(_up_to(curve.fmr[shown], least_fmr)))
    axes.set_ylim(
        _deviate(least_fnmr), _deviate(_up_to(np.append(curve.fnmr[shown], drawing.band.det[1][shown]), least_fnmr))
    )
    axes.set_xlabel(_of("False match rate", curve.non_mated, "non-mated"))
    axes.set_ylabel(_of("False non-match rate", curve.mated, "mated"))


def _over_threshold(axes: "Axes", drawing: Drawing) -> None:
    curve, band = drawing.curve, drawing.band
    least = 1 / max(curve.non_mated, curve.mated)
    for name, rates, ends, color, style in (
        (_of("false match rate", curve.non_mated, "non-mated"), curve.fmr, band.fmr, BLUE, "-"),
        (_of("false non-match rate", curve.mated, "mated"), curve.fnmr, band.fnmr, GREEN, "--"),
    ):
        low, high = (np.maximum(end, least) for end in ends)
        axes.fill_between(curve.thresholds, low, high, color=color, alpha=0.2, lw=0)
        axes.plot(curve.thresholds, np.where(rates > 0, rates, np.nan), style, color=color, lw=2, label=name)
    for mark in drawing.marks[:1]:
        axes.axvline(mark.threshold, color=ORANGE, lw=1.5, ls=":", label=mark.label)
    confused = curve.thresholds[(curve.fmr < 0.999) | (curve.fnmr > 0)]
    axes.set(yscale="log", ylim=(least, 1), xlim=(confused[0], curve.thresholds[-1]))
    axes.set_xlabel("Threshold (cosine similarity)")
    axes.set_ylabel("Rate, with 95 % bands")


def _put(axes: "Axes", index: int, *, at: tuple[float, float], label: str) -> None:
    """The first mark is a ring, in which another stays visible."""
    size, inside, edge, width = (13, "none", ORANGE, 2) if index == 0 else (7, ORANGE, "white", 1)
    (point,) = axes.plot(*at, _MARKERS[index], ms=size, mfc=inside, mec=edge, mew=width, label=label)
    point.set(clip_on=False, zorder=4)


def _of(name: str, comparisons: int, kind: str) -> str:
    return f"{name} ({comparisons:,} {kind} comparisons)"


def _steps(curve: Curve, least: float) -> NDArray[np.int64]:
    """Of each FMR on the curve the laxest threshold, from the least FMR on."""
    rates, first = np.unique(curve.fmr, return_index=True)
    return np.asarray(first[rates >= least], np.int64)


def _up_to(rates: NDArray[np.float64], least: float) -> float:
    """Where an axis may end that begins at the least rate and shows these."""
    return max(min(2 * float(np.nanmax(rates, initial=0.0)), 0.5), min(10 * least, 0.999))


def _percent(rate: float, _position: object = None) -> str:
    return short(rate) if 0 < rate < 5e-4 else f"{100 * rate:.4g} %"


def short(rate: float) -> str:
    """A power of ten as people write it: 1e-4."""
    return f"{rate:.0e}".replace("e-0", "e-")


def _ticks(least: float) -> tuple[list[float], list[str]]:
    rates = [rate for rate in _RATES if rate >= least]
    return [_deviate(rate) for rate in rates], [_percent(rate) for rate in rates]


def _deviate(rate: float) -> float:
    return NormalDist().inv_cdf(min(max(rate, 1e-12), 1 - 1e-12))


def _deviates(rates: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Normal deviates of rates, of which none is shown below the least; what is not a number stays so."""
    return np.array([np.nan if np.isnan(rate) else _deviate(max(float(rate), least)) for rate in rates])
