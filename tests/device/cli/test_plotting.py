"""The picture of a report: what is counted into which field, and that it is drawn or says why not."""

import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from device.cli.plotting import by_weekday, draw_report
from device.errors import DependencyMissing, ImageError
from device.store.audit_report import Report

MONDAY = datetime(2026, 11, 30, 23, tzinfo=UTC)
SPAN = (MONDAY - timedelta(days=30), MONDAY)
FOUND = Report((), (("non-match", 12), ("no-face", 3)), (("main", "door-held-open", 2),), ())


def test_hours_are_counted_in_the_time_zone_of_the_house() -> None:
    grid = by_weekday([(MONDAY, 3), (MONDAY + timedelta(days=7), 4)], timezone(timedelta(hours=1)))
    assert (grid[1][0], sum(map(sum, grid))) == (7, 7)
    assert by_weekday([(MONDAY, 3)], UTC)[0][23] == 3


@pytest.mark.parametrize(("name", "begins"), [("report.png", b"\x89PNG"), ("report.svg", b"<?xml"), ("a.pdf", b"%PDF")])
@pytest.mark.parametrize("found", [FOUND, Report((), (), (), ())], ids=["much", "nothing"])
def test_report_is_drawn_in_the_form_of_its_name(tmp_path: Path, name: str, begins: bytes, found: Report) -> None:
    pytest.importorskip("matplotlib")
    draw_report(found, [(MONDAY, 5)], SPAN, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(begins)


@pytest.mark.parametrize("name", ["report.doc", "gone/report.png"])
def test_picture_that_cannot_be_written_says_so(tmp_path: Path, name: str) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(ImageError, match="Cannot write the picture"):
        draw_report(FOUND, [], SPAN, tmp_path / name)


def test_without_matplotlib_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(DependencyMissing, match="matplotlib is not installed"):
        draw_report(FOUND, [], SPAN, tmp_path / "report.png")
