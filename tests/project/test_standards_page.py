"""docs/standards.md: each test that it names exists, and it claims no conformity. The drawing of the wiring."""

import ast
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "standards.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_each_named_test_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_row_that_is_met_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and re.search(r"\| met\b", line)]
    assert [row for row in rows if "`tests/" not in row] == []
    assert len(rows) >= 20


def test_no_conformity_is_claimed() -> None:
    assert "**No claim of conformity.**" in PAGE
    assert not re.search(r"\b(certified|compliant|conforms)\b", PAGE)


def test_the_drawing_is_one_and_has_words_for_all() -> None:
    root = ET.parse(ROOT / "docs" / "wiring.svg").getroot()
    kinds = [child.tag.rpartition("}")[2] for child in root]
    words = " ".join(text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text"))
    assert {"title", "desc"} <= set(kinds)
    assert all(part in words for part in ("Fire panel", "Lock", "diode", "10 kilohm", "Exit button", "Door contact"))
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
