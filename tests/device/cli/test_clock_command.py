"""`lintel clock`: what it says, and what its exit codes mean."""

import json
from pathlib import Path

import pytest

from tests.device.commands import Lintel


@pytest.fixture
def kept_right(tmp_path: Path) -> Path:
    """Settings of a machine whose clock something else keeps right."""
    settings = tmp_path / "lintel.toml"
    settings.write_text('[clock]\ntrust = "always"\n')
    return settings


def test_status_of_a_trusted_clock(lintel: Lintel, tmp_path: Path, kept_right: Path) -> None:
    ended = lintel("--config", kept_right, "--state-dir", tmp_path / "state", "clock", "status")
    assert (ended.exit_code, ended.out[16:]) == (0, ":" + ended.out[17:19] + " UTC: trusted\n")


def test_status_is_json_for_machines(lintel: Lintel, tmp_path: Path, kept_right: Path) -> None:
    ended = lintel("--config", kept_right, "--state-dir", tmp_path / "state", "clock", "status", "--json")
    shown = json.loads(ended.out)
    assert (shown["state"], shown["doubt"], shown["at_least"]) == ("trusted", None, None)


def test_acceptance_is_in_the_audit(lintel: Lintel, tmp_path: Path, kept_right: Path) -> None:
    accepted = lintel("--config", kept_right, "--state-dir", tmp_path / "state", "clock", "accept")
    listed = lintel("--state-dir", tmp_path / "state", "audit", "list", "--json")
    assert (accepted.exit_code, [row["event"] for row in json.loads(listed.out)]) == (0, ["clock-accepted"])
