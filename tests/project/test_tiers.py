"""The tiers of tests: what is slow has a small test beside it that runs each time, and the tables name files."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import device_tests
import pytest

ROOT = Path(__file__).parents[2]


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """The files that speak of what is slow: to parse all of them takes seconds, in each process of the tests."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if "mark.slow" in (text := path.read_text(encoding="utf-8")):
            yield path, ast.parse(text)


@cache
def functions_of(path: Path) -> dict[str, ast.FunctionDef]:
    """The test functions of a file by name."""
    return {node.name: node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def smalls() -> Iterator[tuple[str, Path, str]]:
    """Each slow test with the file and the name of its small one."""
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.slow":
                (small,) = [keyword.value for keyword in node.keywords if keyword.arg == "small"]
                file, _, name = ast.literal_eval(small).rpartition("::")
                yield f"{path.relative_to(ROOT)}:{node.lineno}", ROOT / file if file else path, name


def runs_always(path: Path, name: str) -> bool:
    """Whether there is such a test that isn't slow itself."""
    there = functions_of(path).get(name)
    return there is not None and not any(
        ast.unparse(one).startswith("pytest.mark.slow") for one in there.decorator_list
    )


def test_a_slow_test_has_a_small_one_that_always_runs() -> None:
    """All in one: as cases of their own they had each worker parse all these files."""
    known = list(smalls())
    assert len(known) >= 40
    assert [(where, name) for where, path, name in known if not runs_always(path, name)] == []


def test_slow_is_never_said_without_its_small_one() -> None:
    bare = [
        str(path.relative_to(ROOT))
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(one) == "pytest.mark.slow" for one in node.decorator_list)
    ]
    assert bare == []


@pytest.mark.parametrize("path", [*device_tests.FOLDERS, *device_tests.VERSIONED, *device_tests.NETWORKS])
def test_a_path_of_the_tiers_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_selection_elsewhere_leaves_out_what_is_slow() -> None:
    assert device_tests.SELECTION == "not slow"
