"""The rig's page: a row for each check, and counts in good English."""

import pytest

from tests.rig.checks import Check, Figures, Finding, Size, counted
from tests.rig.report import Line, report

CHECK = Check("a fault", "0 grants", lambda _times: Finding(True, "0 grants", 1), Size(), in_suite=False, room="x")


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (1, "grants", "1 grant"),
        (0, "grants", "0 grants"),
        (2, "rows lost", "2 rows lost"),
        (1, "of 2 kept", "1 of 2 kept"),
    ],
)
def test_what_is_counted_is_in_its_plural(number: int, words: str, said: str) -> None:
    assert counted(number, words) == said


def test_a_check_is_a_row() -> None:
    page = report([Line(CHECK, Finding(True, "0 grants", 1), "0 grants", 1.0)], 60.0)
    assert "| a fault | once | 0 grants | 0 grants |" in page


def test_a_broken_promise_is_counted() -> None:
    page = report([Line(CHECK, Finding(False, "NOT KEPT: 1 grant", 1), "NOT KEPT: 1 grant", 1.0)], 60.0)
    assert "0 promises kept, 1 not kept, 0 not tried" in page


def test_a_check_that_could_not_be_tried_says_so() -> None:
    page = report([Line(CHECK, None, "strace is not installed", 0.0)], 60.0)
    assert "| a fault | not tried | strace is not installed | 0 grants |" in page


@pytest.mark.parametrize(("received", "kept"), [(0, True), (1, False)])
def test_another_number_than_promised_breaks_the_promise(received: int, kept: bool) -> None:
    figures = Figures()
    figures.count("grants", received, 0)
    assert figures.kept is kept


@pytest.mark.parametrize(("times", "kept"), [([0.1], True), ([0.3], False), ([0.1, None], False), ([], False)])
def test_what_takes_longer_or_never_comes_breaks_the_promise(times: list[float | None], kept: bool) -> None:
    figures = Figures()
    figures.most("exit button to pin", times, 0.2)
    assert figures.kept is kept
