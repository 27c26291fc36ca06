"""Every kind of plot as a picture, also where there is no error to draw."""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.measuring import bootstrap
from convert.measuring.bootstrap import band
from convert.measuring.door_protocol import Acquired, compare_by, design_of
from convert.measuring.error_rates import curve
from convert.measuring.plots import Drawing, Mark, PlotKind, draw, draw_all, independent_band, short
from device.errors import DependencyMissing, ImageError
from device.vision.manifest import Fusion


@pytest.fixture
def without_errors() -> Drawing:
    """Pairs without an error, which a logarithmic axis cannot show where they are."""
    same = np.arange(200) % 2 == 0
    similarities = np.where(same, 0.9, 0.2).astype(np.float32) + np.linspace(0, 0.05, 200, dtype=np.float32)
    drawn = curve(similarities, same)
    return Drawing("200 pairs", drawn, independent_band(drawn), (Mark("the door's threshold", 0.5, 0.0, 0.0),))


@pytest.fixture
def with_errors(labelled: Callable[..., Acquired], monkeypatch: pytest.MonkeyPatch) -> Drawing:
    monkeypatch.setattr(bootstrap, "BAND_REPLICATES", 30)
    templates = labelled([4] * 20, noise=0.6).templates
    unit_length = Fusion(least_probe_length=1.0, least_reference_length=1.0)
    found = compare_by(design_of(1, 1), templates, 20, unit_length)
    drawn = found.curve(60)
    marks = tuple(
        Mark(f"at {t}", t, found.fmr(t).value, found.fnmr(t).value) for t in (0.8, found.threshold_at_fmr(0.01))
    )
    return Drawing("20 people", drawn, band(found, drawn), marks)


def is_a_picture(path: Path) -> bool:
    picture = cv2.imread(str(path))
    assert picture is not None
    return picture.shape == (840, 1050, 3) and len(np.unique(picture.reshape(-1, 3), axis=0)) > 20


@pytest.mark.parametrize("kind", PlotKind)
def test_a_plot_without_an_error_is_a_picture(kind: PlotKind, without_errors: Drawing, tmp_path: Path) -> None:
    draw(kind, without_errors, tmp_path / "plot.png")
    assert is_a_picture(tmp_path / "plot.png")


def test_a_plot_may_be_scalable_and_says_what_it_shows(with_errors: Drawing, tmp_path: Path) -> None:
    draw(PlotKind.DET, with_errors, tmp_path / "det.svg")
    assert "<svg" in (tmp_path / "det.svg").read_text()


def test_every_kind_goes_into_a_folder_as_a_picture(with_errors: Drawing, tmp_path: Path) -> None:
    paths = draw_all(with_errors, tmp_path / "new" / "plots")
    assert sorted(path.name for path in paths) == ["det.png", "fmr-fnmr.png", "roc.png"]
    assert [path for path in paths if not is_a_picture(path)] == []


@pytest.mark.parametrize("name", ["roc.doc", "gone/roc.png"])
def test_a_plot_that_cannot_be_written_says_so(without_errors: Drawing, tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match="Cannot write the plot"):
        draw(PlotKind.ROC, without_errors, tmp_path / name)


def test_a_folder_that_cannot_be_made_says_so(without_errors: Drawing, tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("")
    with pytest.raises(ImageError, match="Cannot make the folder"):
        draw_all(without_errors, tmp_path / "plots")


def test_without_matplotlib_a_plot_says_what_to_install(
    without_errors: Drawing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(DependencyMissing, match="matplotlib is not installed"):
        draw(PlotKind.ROC, without_errors, tmp_path / "roc.png")


def test_an_independent_band_encloses_its_curve(without_errors: Drawing) -> None:
    low, high = without_errors.band.fnmr
    assert np.all(low <= without_errors.curve.fnmr)
    assert np.all(without_errors.curve.fnmr <= high)


@pytest.mark.parametrize(("rate", "written"), [(1e-3, "1e-3"), (1e-5, "1e-5"), (1e-10, "1e-10")])
def test_rates_are_written_as_people_write_them(rate: float, written: str) -> None:
    assert short(rate) == written
