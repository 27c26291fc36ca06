"""Lines that fit a terminal, broken between words; and times that say their zone."""

import ast
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.commandline import LazyGroup
from device.terminal import fitted, ready_streams, with_whole_words
from tests.device.commands import Lintel

ROOT = Path(__file__).parents[2]
LINTEL = Path(sys.executable).parent / "lintel"
WORDS = st.lists(st.text("ab-/.`", min_size=1, max_size=12).filter(lambda word: "`" not in word), max_size=40)


@given(words=WORDS, columns=st.integers(16, 120), indent=st.integers(0, 4))
def test_every_line_fits_and_no_word_is_lost_or_broken(words: list[str], columns: int, indent: int) -> None:
    line = " " * indent + " ".join(words)
    parts = fitted(line, columns).split("\n")
    assert max(map(len, parts)) <= columns
    assert " ".join(parts).split() == line.split()


@given(st.text(max_size=200), st.integers(0, 100))
def test_text_that_fits_is_left_alone(text: str, spare: int) -> None:
    columns = max(1, *(len(line) for line in text.split("\n"))) + spare
    assert fitted(text, columns) == text


def test_line_goes_on_indented() -> None:
    assert fitted("  one two three", 8) == "  one\n    two\n    three"


def test_columns_of_a_table_stay_where_they_are() -> None:
    assert fitted("works    main  strike", 16) == "works    main\n  strike"


@pytest.mark.parametrize("columns", [20, 30, 40])
def test_command_stays_in_one_piece(columns: int) -> None:
    shown = fitted("It may hang: `sudo systemctl restart lintel` ends it.", columns)
    assert "`sudo systemctl restart lintel`" in shown


def test_word_that_is_longer_than_a_line_is_not_broken() -> None:
    assert fitted("see /dev/v4l/by-path/platform-usb now", 20).split("\n")[1].strip() == "/dev/v4l/by-path/platform-usb"


def on_a_terminal(*arguments: str, columns: int) -> list[str]:
    """The lines that a command prints on a terminal of this width."""
    master, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns)}
    with subprocess.Popen(
        [LINTEL, *arguments], stdin=terminal, stdout=terminal, stderr=terminal, env=environment
    ) as process:
        os.close(terminal)
        said = b""
        while True:
            try:
                more = os.read(master, 65536)
            except OSError:  # as Linux says the end of a terminal
                break
            said += more
        process.wait(60)
    os.close(master)
    return said.decode().replace("\r\n", "\n").split("\n")


@pytest.mark.parametrize("columns", [50, 80])
def test_error_on_a_terminal_fits_it(columns: int) -> None:
    lines = on_a_terminal("--config", "/none/such/settings.toml", "door", "secure", columns=columns)
    assert max(map(len, lines)) <= columns
    assert "none was driven since the start." in " ".join(" ".join(lines).split())


def test_error_that_is_not_on_a_terminal_is_one_line(lintel: Lintel) -> None:
    assert len(lintel("--config", "/none/such/settings.toml", "door", "secure").err.splitlines()) == 2


@pytest.mark.parametrize("width", range(40, 60))
def test_help_is_not_broken_in_a_word(width: int) -> None:
    @click.command
    @click.option("--single-link", help="Of osdp-keyset and rpicam-vid, by-path and by-id, too-long or not.")
    def command() -> None:
        """Run it as sudo lintel readers osdp-keyset NAME, or as lintel-convert quantize mobilefacenet-small."""

    with_whole_words(command)
    shown = command.get_help(command.context_class(command, info_name="x", terminal_width=width))
    assert re.findall(r"\w-$", shown, re.MULTILINE) == []
    assert "osdp-keyset" in shown


def test_every_command_of_a_group_has_whole_words() -> None:
    @click.group
    def group() -> None:
        """One."""

    @group.command
    def below() -> None:
        """Two."""

    assert below.context_class is click.Context
    with_whole_words(group)
    assert below.context_class is group.context_class is LazyGroup.context_class


def strings_with_times() -> Iterator[tuple[str, str]]:
    """(where, what follows) of each time of day that is written for people."""
    for path in sorted((ROOT / "device").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.JoinedStr):
                continue
            for part, after in zip(node.values, [*node.values[1:], None], strict=True):
                form = (
                    ast.unparse(part.format_spec) if isinstance(part, ast.FormattedValue) and part.format_spec else ""
                )
                if "%H" in form and "%Z" not in form:
                    yield f"{path.name}:{node.lineno}", str(after.value) if isinstance(after, ast.Constant) else ""


def test_every_time_of_day_says_its_zone() -> None:
    times = list(strings_with_times())
    assert len(times) >= 5
    assert [where for where, after in times if not after.startswith(" UTC")] == []


NOT_FOR_PEOPLE = ("json", "toml_lines(", "markdown(", "version_text(", "formatted(", "say(", "nl=False")
"""JSON, a settings file, a table for a page, a prompt: not to be broken at all."""


@pytest.mark.parametrize("room", ["device", "convert"])
def test_what_people_read_is_printed_in_lines_that_fit(room: str) -> None:
    printed = [
        f"{path.name}: {line.strip()}"
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.name != "terminal.py"
        for line in path.read_text().splitlines()
        if "click.echo(" in line
    ]
    assert [line for line in printed if not any(word in line for word in NOT_FOR_PEOPLE)] == [], "use `say`"


def test_stream_that_is_printed_to_can_still_be_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pytest reads what a library has written beside what is printed: bytes that are no UTF-8."""
    with (tmp_path / "printed").open("w+", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        ready_streams()
        stream.buffer.write(b"Got: \xf2.\n")
        stream.seek(0)
        assert stream.read() == "Got: \ufffd.\n"
