"""What is said about installing packages: our own name is never left to pip, which would take a stranger's package."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN_NAMES = {"lintel", "lintel-door", "lintel-convert"}
"""The first is somebody else's on PyPI; the others were free when looked up, for anybody."""
INSTALLING = re.compile(r"(?:\bpip3?|\bpipx|\buv|\buvx)\S* (?:pip )?(?:install|run|tool install|download|wheel)\b(.*)")
CODE = ("device", "convert", "scripts", "benchmarks", "systemd")


def strings(path: Path) -> Iterator[str]:
    """Each string of a module, with a word in place of what is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "0" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.fixture(scope="module")
def said() -> list[tuple[str, str]]:
    """Read once, as every module of the code is parsed for it."""
    return list(texts())


def texts() -> Iterator[tuple[str, str]]:
    """(where, text) of all that Lintel says about itself."""
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from ((str(path.relative_to(ROOT)), text) for text in strings(path))
    documents = [*ROOT.glob("*.md"), *(path for room in ("docs", "models") for path in (ROOT / room).rglob("*.md"))]
    others = [ROOT / "Makefile", *(path for path in (ROOT / "systemd").iterdir() if path.suffix != ".py")]
    for path in [*documents, *others, *(ROOT / "requirements").iterdir(), *(ROOT / "scripts").rglob("*.md")]:
        if path.is_file():
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def left_to_pip(text: str) -> list[str]:
    """What of Lintel's own a text has pip look up on an index."""
    arguments = [word for line in INSTALLING.findall(text) for word in re.split(r"[\s'\"`]+", line)]
    names = [re.split(r"[\[=<>!~;@,.]", word)[0].lower().replace("_", "-") for word in arguments]
    return [word for word, name in zip(arguments, names, strict=True) if name in OWN_NAMES and ".whl" not in word]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("lintel", "pip install"),
        ("'lintel[pi]'", "pip install"),
        ("lintel-door", "bin/python -m pip install --upgrade"),
        ("lintel_door[readers]==0.1.0", "pip install"),
        ("Lintel.", "pip3 install click"),
        ("lintel-door", "uv pip install"),
        ("lintel", "pipx install"),
        ("lintel", "sudo /opt/lintel/bin/pip install --no-deps"),
    ],
)
def test_name_that_is_left_to_pip_is_found(name: str, command: str) -> None:
    """The name comes first, so that none of these lines can be copied into a shell."""
    assert left_to_pip(f"{command} {name}") != []


@pytest.mark.parametrize(
    "text",
    [
        "pip install './lintel_door-0.1.0-py3-none-any.whl[readers]'",
        "sudo /opt/lintel/bin/pip install --no-deps lintel_door-*.whl",
        "pip install libosdp",
        "lintel enroll",
    ],
)
def test_file_or_another_package_is_not(text: str) -> None:
    assert left_to_pip(text) == []


def test_no_hint_and_no_page_leaves_our_own_name_to_pip(said: list[tuple[str, str]]) -> None:
    assert [(where, found) for where, text in said for found in left_to_pip(text)] == []


def test_all_hints_are_looked_at(said: list[tuple[str, str]]) -> None:
    """Those of code, the wheel's own among them, and those of pages."""
    places = {where for where, text in said if INSTALLING.search(text)}
    assert {
        "device/packages.py",
        "device/door/wires/chip.py",
        "README.md",
        "docs/convert.md",
    } <= places


def test_pages_name_the_wheel_of_this_version(said: list[tuple[str, str]]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    named = {number for _, text in said for number in re.findall(r"lintel_door-(\d[\d.]*)-py3", text)}
    assert named - {"0"} == {version}
