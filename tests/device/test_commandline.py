"""How a command line ends when something happens that no command foresees: in words, with an exit code of its own."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from device.commandline import run_command

OUTPUT_CLOSED = 141
SYSTEM_REFUSED = 74

LINTEL = Path(sys.executable).parent / "lintel"
BUG = 70


def failing(error: BaseException) -> click.Command:
    @click.command
    def fail() -> None:
        raise error

    return fail


def test_bug_is_told_with_its_kind_and_place_and_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = run_command(failing(ValueError("the face of Ada")), [])
    said = capsys.readouterr().err
    assert exit_code == BUG
    assert said.startswith("Error: This is a bug in Lintel: ValueError in test_commandline.py, line ")
    assert "Ada" not in said
    assert "Traceback" not in said
    assert "LINTEL_DEBUG=1" in said


def test_bug_shows_its_traceback_in_debugging(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINTEL_DEBUG", "1")
    assert run_command(failing(ValueError("the face of Ada, rtsp://u:secret@h")), []) == BUG
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "ValueError: the face of Ada, rtsp://u:***@h" in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "/etc/lintel"), "Error: Permission denied: /etc/lintel."),
        (OSError(28, "No space left on device"), "Error: No space left on device, while reading or writing."),
        (TimeoutError(), "Error: TimeoutError, while reading or writing."),
    ],
)
def test_system_that_refuses_is_told(capsys: pytest.CaptureFixture[str], error: OSError, said: str) -> None:
    assert run_command(failing(error), []) == SYSTEM_REFUSED
    assert capsys.readouterr().err.splitlines()[0] == said


@pytest.mark.parametrize("line", [["config"], ["--help"], ["config", "--json"]], ids=" ".join)
def test_output_that_is_full_is_told(line: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([LINTEL, *line], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == SYSTEM_REFUSED
    assert ended.stderr.startswith("Error: No space left on device")
    assert "Traceback" not in ended.stderr


def test_reader_of_the_output_that_left_is_no_answer() -> None:
    """1 would say "non-match"."""
    ours, theirs = os.pipe()
    os.close(ours)
    ended = subprocess.run([LINTEL, "config"], stdout=theirs, stderr=subprocess.PIPE, text=True, check=False)
    os.close(theirs)
    assert (ended.returncode, ended.stderr) == (OUTPUT_CLOSED, "")
