"""What the documents say is what the code does."""

import re
import tomllib
from pathlib import Path

import pytest
from reference import TARGET, reference

from device.simulation.scenario import read_scenario

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "DECISIONS.md", "systemd/README.md", "models/README.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))


def test_the_reference_is_that_of_the_code():
    assert TARGET.read_text(encoding="utf-8") == reference(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path):
    targets = [target for target in re.findall(r"\]\(([^)#]+)", page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_named_exists(page: Path):
    code = " ".join(re.findall(r"`[^`]+`|```.*?```", page.read_text(), re.DOTALL))
    named = set(re.findall(r"\b(lintel(?:-convert)? [a-z]+)\b", code))
    known = set(re.findall(r"^### `(lintel(?:-convert)? [a-z]+)", reference(), re.MULTILINE))
    assert named - known == set()


def test_the_scenario_in_the_docs_is_one(tmp_path):
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "scenarios.md").read_text(), re.DOTALL)
    (tmp_path / "scenario.toml").write_text(block)
    assert read_scenario(tmp_path / "scenario.toml").title == "A door in an office"


def test_the_readme_leaves_no_figure_open():
    assert re.findall(r"@[A-Z]+@", (ROOT / "README.md").read_text()) == []


def test_the_version_is_in_the_changelog():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()
