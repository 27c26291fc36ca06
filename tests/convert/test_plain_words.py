"""The card's two sentences for a person, and README, which quotes them and the figures that they are made of."""

from pathlib import Path

import msgspec
import pytest

from convert.card import plain_words, read_figures
from convert.figures import Figures, Share
from device.vision.models import shipped_models_dir

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def figures() -> Figures:
    return read_figures(shipped_models_dir())


def with_fmr(share: Share) -> Figures:
    alike = figures().alike
    assert alike is not None
    return msgspec.structs.replace(figures(), alike=msgspec.structs.replace(alike, fmr=share))


def test_shipped_figures_in_plain_words() -> None:
    assert plain_words(figures()) == (
        "A regular user with 3 different enrollment pictures is refused in about 4 of 100 visits "
        "(95 %: 3.3 to 5.7). A stranger with a stolen badge gets in about once in 13,000 tries "
        "(95 %: once in 2,900 to once in 25,000)."
    )


def test_no_false_match_is_said_with_its_count() -> None:
    none = Share(rate=0.0, low=0.0, high=1e-5, errors=0, comparisons=300_000)
    assert plain_words(with_fmr(none)).endswith("No stranger with a stolen badge got in, in 300,000 tries.")


def test_interval_down_to_zero_ends_in_never() -> None:
    some = Share(rate=1e-4, low=0.0, high=1e-3, errors=1, comparisons=10_000)
    assert "about once in 10,000 tries (95 %: once in 1,000 to never)" in plain_words(with_fmr(some))


def test_single_pictures_alone_are_not_in_the_plural() -> None:
    single = msgspec.structs.replace(figures(), alike=None, points=figures().points[:1])
    assert plain_words(single).startswith(
        "A regular user with 1 different enrollment picture is refused in about 15 of"
    )


def test_readme_quotes_the_card_s_sentences() -> None:
    assert plain_words(figures()) in README


@pytest.mark.parametrize("row", ["0.75 of 10,000 tries (0.40 to 3.4)", "4.3 of 100 visits (3.3 to 5.7)"])
def test_readme_s_table_has_the_rates_of_a_visit(row: str) -> None:
    alike = figures().alike
    assert alike is not None
    fmr, fnmr = alike.fmr, alike.fnmr
    written = (
        f"{1e4 * fmr.rate:.2f} of 10,000 tries ({1e4 * fmr.low:.2f} to {1e4 * fmr.high:.1f})",
        f"{100 * fnmr.rate:.1f} of 100 visits ({100 * fnmr.low:.1f} to {100 * fnmr.high:.1f})",
    )
    assert (row in written, row in README) == (True, True)


def test_readme_s_table_has_the_rate_of_single_pictures() -> None:
    fnmr = figures().points[0].fnmr
    assert f"{100 * fnmr.rate:.1f} of 100 ({100 * fnmr.low:.1f} to {100 * fnmr.high:.1f})" in README


def test_readme_has_one_table_of_figures() -> None:
    worth = README.partition("## What it is worth")[2].partition("\n## ")[0]
    assert (worth.count("|---"), worth.count("measured by")) == (3, 1)


@pytest.mark.parametrize(
    "missing",
    [
        "photo",
        "stolen SD card",
        "CSI",
        "Debian package",
        "PyPI",
        "One Pi",
    ],
)
def test_readme_says_what_is_not_there(missing: str) -> None:
    assert missing in README.partition("## What is not there")[2].partition("\n## ")[0]
