"""`lintel config`: a settings file to start from, and what differs."""

import pytest

from device.config import Settings, load_settings


@pytest.fixture
def house(tmp_path):
    path = tmp_path / "lintel.toml"
    path.write_text('[door]\npin = 22\nactive_high = false\n[camera]\nsource = "/dev/video2"\n')
    return path


def test_printed_settings_read_back_the_same(lintel, house, tmp_path):
    (tmp_path / "printed.toml").write_text(lintel("--config", house, "config").out)
    assert load_settings(tmp_path / "printed.toml") == load_settings(house)


def test_every_line_says_what_it_means(lintel):
    lines = [line for line in lintel("config").out.splitlines() if "=" in line]
    assert [line for line in lines if "  # " not in line] == []


def test_changed_settings_alone(lintel, house):
    lines = [line.partition("  #")[0] for line in lintel("--config", house, "config", "--changed").out.splitlines()]
    assert lines == ["[door]", "pin = 22", "active_high = false", "", "[camera]", 'source = "/dev/video2"', ""]


def test_settings_as_json(lintel):
    assert set(lintel("config", "--json").json) == set(Settings.__struct_fields__)


def test_changed_settings_as_json(lintel, house):
    changed = {"door": {"pin": 22, "active_high": False}, "camera": {"source": "/dev/video2"}}
    assert lintel("--config", house, "config", "--changed", "--json").json == changed


def test_settings_file_of_the_environment(lintel, house, monkeypatch):
    monkeypatch.setenv("LINTEL_CONFIG", str(house))
    assert lintel("config", "--json").json["door"]["pin"] == 22


def test_settings_file_of_the_command_line_comes_first(lintel, house, monkeypatch, tmp_path):
    (tmp_path / "other.toml").write_text("[door]\npin = 4")
    monkeypatch.setenv("LINTEL_CONFIG", str(house))
    assert lintel("--config", tmp_path / "other.toml", "config", "--json").json["door"]["pin"] == 4


def test_state_folder_of_the_command_line_is_in_force(lintel):
    assert lintel("--state-dir", "/srv/door", "config", "--changed", "--json").json == {
        "store": {"state_dir": "/srv/door"}
    }
