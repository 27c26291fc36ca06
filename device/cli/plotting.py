"""The picture of `lintel report`: who came when, why people were refused, which doors stood open. Needs matplotlib."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import DependencyMissing, ImageError
from device.failures import in_words
from device.packages import install_hint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from device.store.audit_report import Report

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_BARS = 12
"""The most frequent ones; the table has all."""
_COLOR = "#2b6a99"
Hours = Sequence[tuple[datetime, int]]
"""How many people were let in within an hour, by the hour's begin in UTC."""


def by_weekday(hours: Hours, zone: tzinfo | None = None) -> list[list[int]]:
    """How many were let in, by weekday from Monday on and hour of the day, in a time zone or this machine's."""
    grid = [[0] * 24 for _ in DAYS]
    for begin, times in hours:
        local = begin.astimezone(zone)
        grid[local.weekday()][local.hour] += times
    return grid


def draw_report(found: "Report", hours: Hours, span: tuple[datetime, datetime], path: Path) -> None:
    """Draws it as PNG, SVG or PDF by the name's ending.

    Raises `DependencyMissing` without matplotlib, `ImageError` if the file can't be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise DependencyMissing(
            "matplotlib is not installed, which draws the picture of a report.", hint=install_hint("plot")
        ) from None
    figure = Figure(figsize=(9, 8.5), layout="constrained")
    upper, middle, lower = figure.subplots(3, 1, height_ratios=(2.2, 1.6, 1.0))
    begin, end = (at.astimezone() for at in span)
    figure.suptitle(f"{begin:%Y-%m-%d} to {end:%Y-%m-%d}, in the time zone {begin:%Z}")
    _heat(upper, by_weekday(hours))
    _bars(middle, "Refused, by reason", list(found.refused))
    _bars(lower, "Doors held or forced open", [(f"{door}: {event}", times) for door, event, times in found.opened])
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise ImageError(
            f"Cannot write the picture {path}: {in_words(error)}.", hint="Choose a .png, .svg or .pdf in a folder."
        ) from None


def _heat(axes: "Axes", grid: list[list[int]]) -> None:
    from matplotlib.ticker import MaxNLocator

    shown = axes.imshow(grid, aspect="auto", cmap="Blues", vmin=0, vmax=max(1, *map(max, grid)))
    axes.set_title("Let in, by weekday and hour")
    axes.set_yticks(range(len(DAYS)), DAYS)
    axes.set_xticks(range(0, 24, 2), [f"{hour}:00" for hour in range(0, 24, 2)])
    axes.figure.colorbar(shown, ax=axes, shrink=0.9, ticks=MaxNLocator(integer=True))


def _bars(axes: "Axes", title: str, counted: Sequence[tuple[str, int]]) -> None:
    shown = counted[:MOST_BARS]
    axes.set_title(title if len(shown) == len(counted) else f"{title} (the {MOST_BARS} most frequent)")
    if not shown:
        axes.text(0.5, 0.5, "none", ha="center", va="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    bars = axes.barh([name for name, _ in shown], [times for _, times in shown], color=_COLOR)
    axes.bar_label(bars, padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.08)
    axes.xaxis.set_visible(False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
