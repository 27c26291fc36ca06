"""docs/architecture.md says what is: its files and names exist, its picture is the contract, no room is left out."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
NAMED = re.findall(r"`((?:device|convert)/[\w/]+\.py)` `([\w.]+)`", PAGE)
SOUGHT = PAGE.partition("## Where is it?")[2].partition("\n## ")[0]
PATHS = sorted(set(re.findall(r"`((?:device|convert|models)/[\w./]*)`", PAGE)))


MOST_LINES = 400


def test_no_file_is_longer_than_400_lines() -> None:
    folders = ("benchmarks", "convert", "device", "scripts", "systemd", "tests")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert len(files) > 500
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}


def contract(container: str) -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one.get("containers") == [container])
    return [re.sub(r"[()]", "", layer) for layer in layers]


def definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield node.name
            yield from definitions(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield f"{prefix}{node.name}"
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_name_on_the_way_is_defined_in_its_file(file: str, name: str) -> None:
    assert name in set(definitions(ast.parse((ROOT / file).read_text()).body))


def test_both_ways_are_described() -> None:
    assert len(NAMED) >= 18


def test_ten_things_have_one_file_each() -> None:
    rows = re.findall(r"^\| [^|`]+ \| `([\w/]+\.py)` `[\w.]+` \|", SOUGHT, re.MULTILINE)
    assert len(set(rows)) == len(rows) == 10


@pytest.mark.parametrize("room", ["device/readers", "device/door"])
def test_folder_has_few_entries(room: str) -> None:
    entries = [entry.name for entry in (ROOT / room).iterdir() if entry.name != "__pycache__"]
    assert len(entries) <= 20


@pytest.mark.parametrize("path", PATHS)
def test_room_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_room_of_the_device_is_described() -> None:
    inside = (entry for entry in (ROOT / "device").iterdir() if not entry.name.startswith("__"))
    rooms = {f"device/{entry.name}{'/' * entry.is_dir()}" for entry in inside if entry.suffix in (".py", "")}
    assert sorted(rooms - set(PATHS)) == []


def test_picture_is_the_contract() -> None:
    (picture,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
    assert picture.splitlines() == contract("device")
