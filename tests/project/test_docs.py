"""What the documents say is what the code does."""

import re
import tomllib
from pathlib import Path

import pytest
from reference import TARGET, reference

from device.credentials import parse_badge
from device.readers.formats import decode, formats_for
from device.readers.kinds import KINDS
from device.records import DoorInput, DoorOutput
from device.settings.loading import load_settings
from device.simulation.scenario import read_scenario

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "DECISIONS.md", "systemd/README.md", "models/README.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))


def test_the_reference_is_that_of_the_code() -> None:
    assert TARGET.read_text(encoding="utf-8") == reference(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)", page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_named_exists(page: Path) -> None:
    code = " ".join(re.findall(r"`[^`]+`|```.*?```", page.read_text(), re.DOTALL))
    named = set(re.findall(r"\b(lintel(?:-convert)? [a-z]+)\b", code))
    known = set(re.findall(r"^### `(lintel(?:-convert)? [a-z]+)", reference(), re.MULTILINE))
    assert named - known == set()


def test_the_scenario_in_the_docs_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "scenarios.md").read_text(), re.DOTALL)
    (tmp_path / "scenario.toml").write_text(block)
    assert read_scenario(tmp_path / "scenario.toml").title == "A door in an office"


WIRING = (ROOT / "docs" / "wiring.md").read_text()


SETTINGS = [
    block
    for page in ("docs/wiring.md", "docs/cameras.md", "docs/pad.md", "systemd/README.md", "README.md")
    for block in re.findall(r"```toml\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
]


def test_there_are_settings_in_the_docs() -> None:
    assert len(SETTINGS) >= 9


@pytest.mark.parametrize("block", SETTINGS)
def test_the_settings_in_the_docs_are_some(tmp_path: Path, block: str) -> None:
    """Of today's layout: none is worth a warning."""
    (tmp_path / "lintel.toml").write_text(block)
    warnings: list[str] = []
    settings = load_settings(tmp_path / "lintel.toml", warnings.append)
    kinds = re.findall(r'^kind = "([\w-]+)"', block, re.MULTILINE)
    assert [reader.kind for reader in settings.readers] == (kinds or ["lines"])
    assert all(formats_for(reader.formats, settings.formats) for reader in settings.readers)
    assert warnings == []


def test_the_card_in_the_docs_is_read() -> None:
    (bits,) = re.findall(r"readers decode ([01]+)", WIRING)
    assert decode(bits, formats_for(())) == parse_badge("17:1001")


def test_every_setting_signal_and_kind_of_reader_is_in_the_docs() -> None:
    named = {signal.value for signal in (*DoorInput, *DoorOutput)} | {kind.name for kind in KINDS}
    code = " ".join(re.findall(r"```.*?```|`[^`]+`", WIRING, re.DOTALL))
    assert named - set(re.findall(r"[\w-]+", code)) == set()


def test_the_version_is_in_the_changelog() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## (\S+?),? .*$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert version in headings


def test_counts_on_the_page_about_attacks_are_those_measured() -> None:
    measured = (ROOT / "docs" / "evidence" / "pad.md").read_text()
    said = re.findall(
        r"^\| ([\w, -]+) \| (\d of \d) \| (\d of \d) \|$", (ROOT / "docs" / "pad.md").read_text(), re.MULTILINE
    )
    found = re.findall(r"^\| ([\w, -]+) \| (\d of \d) \(.*?\) \| \d[^|]* \| (\d of \d) \(", measured, re.MULTILINE)
    assert len(said) == 4
    assert set(said) - set(found) == set()
