"""`lintel config --migrate`, and the one note about a file of the layout before `[[doors]]`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from device.settings.loading import load_settings
from tests.device.commands import Lintel

OLD = """
# the lock of the front door
[door]
pin = 17
active_high = true
[reader]
name = "outside"
kind = "wiegand"
data0_pin = 23
data1_pin = 24
[[inputs]]
signal = "rex"
pin = 22
"""
NEW = [
    "[[doors]]",
    "pin = 17",
    "active_high = true",
    "",
    "[[doors.readers]]",
    'name = "outside"',
    'kind = "wiegand"',
    "data0_pin = 23",
    "data1_pin = 24",
    "",
    "[[doors.inputs]]",
    'signal = "rex"',
    "pin = 22",
    "",
]
LINTEL = Path(sys.executable).parent / "lintel"
NOTE = "uses the old layout, from before [[doors]]. It works as before"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A settings file of the old layout."""
    path = tmp_path / "lintel.toml"
    path.write_text(OLD)
    return path


def test_migrated_file_says_what_the_old_one_said(lintel: Lintel, old: Path) -> None:
    """What was left out stays left out, what equals a default stays said."""
    shown = lintel("--config", old, "config", "--migrate")
    assert [line.partition("  # ")[0] for line in shown.out.splitlines()] == NEW
    assert (shown.exit_code, shown.err) == (0, "")


def test_migrated_file_can_replace_the_old_one(lintel: Lintel, old: Path) -> None:
    before = load_settings(old)
    old.write_text(lintel("--config", old, "config", "--migrate").out)
    warnings: list[str] = []
    assert load_settings(old, warnings.append) == before
    assert warnings == []


def test_the_command_in_the_help_replaces_a_file(old: Path, tmp_path: Path) -> None:
    """As an owner types it, but for sudo and the machine's own file."""
    before, target = load_settings(old), tmp_path / "etc.toml"
    command = f"'{LINTEL}' config --migrate > new.toml && install -m 644 new.toml '{target}'"
    subprocess.run(["sh", "-c", command], cwd=tmp_path, env={**os.environ, "LINTEL_CONFIG": str(old)}, check=True)
    assert load_settings(target) == before
    assert target.stat().st_mode & 0o777 == 0o644


def test_file_of_todays_layout_is_printed_as_it_stands(lintel: Lintel, old: Path) -> None:
    text = "# ours\n[[doors]]\npin = 4  # the strike\n\n[vision]\nthreads = 1\n"
    old.write_text(text)
    assert lintel("--config", old, "config", "--migrate").out == text


def test_no_file_is_nothing_to_migrate(lintel: Lintel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What follows in the line must not replace a file by nothing."""
    for name in ("device.settings.loading.DEFAULT_FILE", "device.settings.lock.DEFAULT_FILE"):
        monkeypatch.setattr(name, tmp_path / "none.toml")
    ended = lintel("config", "--migrate")
    assert (ended.exit_code, ended.out) == (3, "")
    assert "There is no settings file" in ended.err


def test_wrong_file_is_not_migrated(lintel: Lintel, old: Path) -> None:
    old.write_text("[door]\npni = 17\n")
    refused = lintel("--config", old, "config", "--migrate")
    assert (refused.exit_code, refused.out) == (3, "")
    assert "unknown field `pni` - at `door`" in refused.err


@pytest.mark.parametrize("options", [("--changed", "--migrate"), ("--defaults", "--migrate")])
def test_one_thing_at_a_time_is_shown(lintel: Lintel, options: tuple[str, str]) -> None:
    assert lintel("config", *options).exit_code == 2


@pytest.mark.parametrize(
    "command",
    [("config",), ("config", "--json"), ("readers", "list"), ("people", "list"), ("audit", "list", "--json")],
    ids=" ".join,
)
def test_each_command_notes_an_old_layout_once(
    lintel: Lintel, old: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    ended = lintel("--config", old, "--state-dir", tmp_path / "state", *command)
    assert (ended.exit_code, ended.err.count(NOTE)) == (0, 1)
    assert NOTE not in ended.out


def test_service_notes_an_old_layout_once(
    lintel: Lintel, old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its standard error is the journal. Here it ends at once, as this machine has no pins."""
    monkeypatch.setattr("device.door.wires.chip.DEVICES", tmp_path / "no-dev")
    ended = lintel("--config", old, "--state-dir", tmp_path / "state", "run")
    assert (ended.exit_code, ended.err.count(NOTE)) == (7, 1)


@pytest.mark.usefixtures("lgpio", "runtime")
def test_what_secures_a_door_notes_nothing(lintel: Lintel, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The unit runs it before and after each start: one line is enough."""
    monkeypatch.setenv("LINTEL_CONFIG", str(old))
    ended = lintel("door", "secure")
    assert (ended.exit_code, ended.out, ended.err) == (0, "The relay on GPIO 17 is secured.\n", "")
