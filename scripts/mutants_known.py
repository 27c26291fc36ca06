"""What is known of mutants before any is tried: which files make up a room, and what scripts/mutants.toml says.

A mutant is recognized by its file, its function and the lines before and after, so it may move within its function.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from environments import ROOT
from mutants_made import Key, Mutant, mutant_of

TABLE = Path(__file__).with_name("mutants.toml")


class TableProblem(Exception):
    """`mutants.toml` does not fit the tree."""


@dataclass(frozen=True, slots=True)
class Group:
    """Files of one room, and the tests that are to notice what is changed in them."""

    room: str
    files: tuple[str, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A mutant that is tried each time: it survived once."""

    title: str
    tests: tuple[str, ...]
    mutant: Mutant


@dataclass(frozen=True, slots=True)
class Known:
    """The table: groups of files, named mutants, and why some mutants cannot be or are not noticed."""

    groups: tuple[Group, ...]
    named: tuple[Named, ...]
    equivalent: Mapping[Key, str]
    survivors: Mapping[Key, str]


def load(table: Path = TABLE, root: Path = ROOT) -> Known:
    """Reads the table. Raises `TableProblem` if a pattern finds nothing or a named mutant's line is gone."""
    data = tomllib.loads(table.read_text())
    return Known(
        tuple(_group(one, root) for one in data["group"]),
        tuple(_named(one, root) for one in data.get("named", [])),
        {_key(one): one["reason"] for one in data.get("equivalent", [])},
        {_key(one): one["reason"] for one in data.get("survivor", [])},
    )


def _group(one: Mapping[str, list[str]], root: Path) -> Group:
    without = one.get("without", [])
    files = [name for name in _found(one["files"], root) if not any(fnmatch(name, pattern) for pattern in without)]
    return Group(str(one["room"]), tuple(files), tuple(_found(one["tests"], root)))


def _found(patterns: list[str], root: Path) -> list[str]:
    found: list[str] = []
    for pattern in patterns:
        paths = sorted(str(path.relative_to(root)) for path in root.glob(pattern) if path.name != "__init__.py")
        if not paths:
            raise TableProblem(f"scripts/mutants.toml: nothing is called {pattern}")
        found += paths
    return list(dict.fromkeys(found))


def _named(one: Mapping[str, str], root: Path) -> Named:
    """A named mutant, wherever its line is now."""
    files = [root / one["file"]] if "file" in one else sorted((root / "device").rglob("*.py"))
    places = [(path, at) for path in files for at, line in _lines(path) if line.strip() == one["before"]]
    if len(places) != 1:
        raise TableProblem(f"scripts/mutants.toml: {len(places)} lines of device/ are `{one['before']}`, expected 1")
    path, at = places[0]
    source = path.read_text()
    lines = source.splitlines(keepends=True)
    lines[at] = lines[at].replace(one["before"], one["after"])
    mutant = mutant_of(str(path.relative_to(root)), source, "".join(lines))
    return Named(one["title"], tuple(_found(list(one["tests"]), root)), mutant)


def _lines(path: Path) -> Iterable[tuple[int, str]]:
    return enumerate(path.read_text().splitlines())


def _key(one: Mapping[str, str]) -> Key:
    return one["file"], one.get("function", ""), one["before"], one["after"]
