"""Settings of lines: which readers have them, and control characters that come back as they were written."""

import tomllib
from pathlib import Path

import pytest

from device.errors import ConfigError
from device.settings.loading import load_settings
from tests.device.commands import Lintel

LINES = """
[[doors]]
[[doors.readers]]
kind = "lines"
layout = "fr"
form = "hex"
prefix = "\\u0002"
suffix = "\\u0003"
ignore = ["NR"]
"""


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "lintel.toml"
    path.write_text(text)
    return path


def test_control_characters_are_settings(tmp_path: Path) -> None:
    (reader,) = load_settings(settings_file(tmp_path, LINES)).readers
    assert (reader.layout, reader.form, reader.prefix, reader.suffix) == ("fr", "hex", "\x02", "\x03")
    assert reader.ignore == ("NR",)


def test_they_are_printed_so_that_they_can_be_read_back(lintel: Lintel, tmp_path: Path) -> None:
    printed = lintel("--config", settings_file(tmp_path, LINES), "config").out
    (reader,) = tomllib.loads(printed)["doors"][0]["readers"]
    assert (reader["prefix"], reader["suffix"]) == ("\x02", "\x03")


@pytest.mark.parametrize("kind", ["osdp", "rdm6300", "pn532", "wiegand"])
@pytest.mark.parametrize("setting", ['layout = "de"', 'form = "hex"', 'prefix = "E"', 'suffix = "E"', 'ignore = ["E"]'])
def test_reader_without_lines_has_none_of_them(tmp_path: Path, kind: str, setting: str) -> None:
    text = f'[[doors]]\n[[doors.readers]]\nkind = "{kind}"\nsource = "/dev/ttyUSB0"\n{setting}\n'
    with pytest.raises(ConfigError) as refused:
        load_settings(settings_file(tmp_path, text))
    assert f"is a {kind}, which sends no lines, expected no `{setting.split(maxsplit=1)[0]}`" in refused.value.message


@pytest.mark.parametrize("setting", ['layout = "dvorak"', 'form = "csv"', 'prefix = "\\r"', f'suffix = "{"x" * 17}"'])
def test_value_that_means_nothing_is_refused(tmp_path: Path, setting: str) -> None:
    with pytest.raises(ConfigError):
        load_settings(settings_file(tmp_path, f"[[doors]]\n[[doors.readers]]\n{setting}\n"))
