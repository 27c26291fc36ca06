"""A test's title is one clause of at most 60 characters, so that a report of failures is read once."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEST = re.compile(r"^ *(?:async )?def test_(\w+)", re.MULTILINE)


@pytest.fixture(scope="module")
def titles() -> list[tuple[str, str]]:
    """(file, title) of each test function, without `test_`."""
    return [
        (path.relative_to(ROOT).as_posix(), title)
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for title in TEST.findall(path.read_text(encoding="utf-8"))
    ]


def test_titles_are_short(titles: list[tuple[str, str]]) -> None:
    assert [(file, title) for file, title in titles if len(title) > 60] == []


def test_thousands_of_titles_are_read(titles: list[tuple[str, str]]) -> None:
    assert len(titles) > 3000
