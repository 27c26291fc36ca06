"""`lintel config`: a settings file to start from, and what differs."""

from itertools import pairwise
from pathlib import Path

import pytest

from device.records import DoorOutput
from device.settings.described import setting_meanings
from device.settings.loading import load_settings
from device.settings.tables import OutputSettings, Settings
from tests.device.commands import Lintel

SIDES = (("left", 5), ("right", 6))


@pytest.fixture
def house(tmp_path: Path) -> Path:
    path = tmp_path / "lintel.toml"
    path.write_text('[[doors]]\npin = 22\nactive_high = false\n[[cameras]]\nsource = "/dev/video2"\n')
    return path


def test_printed_settings_read_back_the_same(lintel: Lintel, house: Path, tmp_path: Path) -> None:
    (tmp_path / "printed.toml").write_text(lintel("--config", house, "config").out)
    assert load_settings(tmp_path / "printed.toml") == load_settings(house)


def test_every_line_says_what_it_means(lintel: Lintel) -> None:
    lines = [line for line in lintel("config").out.splitlines() if "=" in line]
    assert [line for line in lines if "  # " not in line] == []


def test_changed_settings_alone(lintel: Lintel, house: Path) -> None:
    lines = [line.partition("  #")[0] for line in lintel("--config", house, "config", "--changed").out.splitlines()]
    assert lines == ["[[doors]]", "pin = 22", "active_high = false", "", "[[cameras]]", 'source = "/dev/video2"', ""]


def test_settings_as_json(lintel: Lintel) -> None:
    assert set(lintel("config", "--json").json) == set(Settings.__struct_fields__)


def test_changed_settings_as_json(lintel: Lintel, house: Path) -> None:
    changed = {"doors": [{"pin": 22, "active_high": False}], "cameras": [{"source": "/dev/video2"}]}
    assert lintel("--config", house, "config", "--changed", "--json").json == changed


def test_settings_file_of_the_environment(lintel: Lintel, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINTEL_CONFIG", str(house))
    assert lintel("config", "--json").json["doors"][0]["pin"] == 22


def test_settings_file_of_the_command_line_comes_first(
    lintel: Lintel, house: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "other.toml").write_text("[[doors]]\npin = 4")
    monkeypatch.setenv("LINTEL_CONFIG", str(house))
    assert lintel("--config", tmp_path / "other.toml", "config", "--json").json["doors"][0]["pin"] == 4


def test_state_folder_of_the_command_line_is_in_force(lintel: Lintel) -> None:
    assert lintel("--state-dir", "/srv/door", "config", "--changed", "--json").json == {
        "store": {"state_dir": "/srv/door"}
    }


def uncommented(out: str) -> list[str]:
    """The lines of a table that is commented out."""
    return [line.removeprefix("# ").partition("  #")[0].rstrip() for line in out.splitlines() if line.startswith("# ")]


@pytest.mark.parametrize("group", ["doors.inputs", "doors.outputs", "formats"])
def test_list_without_tables_is_there_commented_out(lintel: Lintel, group: str) -> None:
    assert f"[[{group}]]" in uncommented(lintel("config").out)


def test_every_setting_is_there_with_or_without_a_value(lintel: Lintel) -> None:
    out, table, names = lintel("config").out, "", set()
    for line in out.splitlines():
        text = line.removeprefix("# ")
        table = text.strip("[]") if text.startswith("[") else table
        if " =" in text:
            names.add((table, text.partition(" =")[0]))
    assert names == set(setting_meanings())


def test_settings_that_have_to_be_set_say_so_and_what_they_can_be(lintel: Lintel) -> None:
    lines = lintel("config").out.splitlines()
    assert 'direction = "entry"  # which way through the door its badges go: entry, exit' in lines
    assert (
        "# signal =  # what the wire drives: "
        "shunt, led, buzzer, siren, lamp, turn-left, turn-right, duress; has to be set" in lines
    )


def test_commented_table_can_be_used(lintel: Lintel, tmp_path: Path) -> None:
    """Taken out of its comment, with what has to be set."""
    lines = uncommented(lintel("config").out)
    table = lines[lines.index("[[doors.outputs]]") :][:4]
    filled = [{"signal =": 'signal = "siren"', "pin =": "pin = 5"}.get(line, line) for line in table]
    (tmp_path / "lintel.toml").write_text("\n".join(["[[doors]]", *filled]))
    (door,) = load_settings(tmp_path / "lintel.toml").doors
    assert door.outputs == (OutputSettings(signal=DoorOutput.SIREN, pin=5),)


def test_folder_in_force_is_named(lintel: Lintel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", "/srv/state")
    assert "# in force: /srv/state/lintel\nstate_dir = " in lintel("config").out
    assert "# in force: /srv/door\nstate_dir = " in lintel("--state-dir", "/srv/door", "config").out


def test_what_each_door_demands_is_named(lintel: Lintel, tmp_path: Path) -> None:
    """Where the setting is left out, and at the second of two doors."""
    lamps = "".join(f'[[doors.outputs]]\nsignal = "turn-{side}"\npin = {pin}\n' for side, pin in SIDES)
    other = '[[doors]]\nname = "back"\npin = 4\ncamera = "b"\n[[doors.readers]]\nname = "back"\nsource = "/dev/back"\n'
    cameras = '[[cameras]]\n[[cameras]]\nname = "b"\nsource = "1"\n'
    (tmp_path / "doors.toml").write_text(f"[[doors]]\n{lamps}{other}{cameras}")
    shown = lintel("--config", tmp_path / "doors.toml", "config").out.splitlines()
    notes = [line for line, after in pairwise(shown) if after.startswith("# pad =")]
    assert notes == ["# in force: turn", "# in force: passive; no prompt: a print is not stopped"]


def test_wrong_file_does_not_hide_the_table(lintel: Lintel, tmp_path: Path) -> None:
    """It is what the error message refers to."""
    (tmp_path / "wrong.toml").write_text("[[doors]]\npni = 5\n")
    refused = lintel("--config", tmp_path / "wrong.toml", "config")
    assert (refused.exit_code, "`lintel config --defaults`" in refused.err) == (3, True)
    shown = lintel("--config", tmp_path / "wrong.toml", "config", "--defaults")
    assert (shown.exit_code, "pin = 17" in shown.out) == (0, True)
