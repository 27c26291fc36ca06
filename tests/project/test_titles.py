"""A test's title is one clause of at most 60 characters, so that a report of failures is read once."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def titles() -> list[tuple[str, str]]:
    """(file, title) of each test function, without `test_`."""
    return [
        (path.relative_to(ROOT).as_posix(), node.name.removeprefix("test_"))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_titles_are_short() -> None:
    assert [(file, title) for file, title in titles() if len(title) > 60] == []


def test_thousands_of_titles_are_read() -> None:
    assert len(titles()) > 3000
