"""`lintel setup` as a command: who may run it, where it can ask, and the answers it prints."""

import os
from pathlib import Path

import pytest

from device.commissioning.setup.answers_file import read_answers
from tests.device.commands import Lintel

SETTINGS = 3
UNPROVEN = '[[doors]]\n[doors.reader]\nkind = "osdp"\nsource = "/dev/ttyUSB0"\n'


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINTEL_CONFIG", str(tmp_path / "etc" / "lintel.toml"))
    return tmp_path / "etc" / "lintel.toml"


def test_printed_answers_are_read_again(lintel: Lintel, config: Path, tmp_path: Path) -> None:
    config.parent.mkdir()
    config.write_text("[[doors]]\npin = 22\nactive_high = false\n")
    printed = lintel("setup", "--print-answers")
    (tmp_path / "answers.toml").write_text(printed.out)
    relay = read_answers(tmp_path / "answers.toml").door("main").relay
    assert (printed.exit_code, relay.pin, relay.active_high) == (0, 22, False)


def test_without_a_terminal_it_says_how_to_answer(lintel: Lintel, config: Path) -> None:
    ended = lintel("setup")
    assert (ended.exit_code, "lintel setup --answers FILE" in ended.err) == (SETTINGS, True)
    assert not config.parent.exists()


def test_without_a_terminal_no_one_can_watch(lintel: Lintel, config: Path, tmp_path: Path) -> None:
    (tmp_path / "answers.toml").write_text(UNPROVEN)
    ended = lintel("setup", "--answers", tmp_path / "answers.toml")
    assert (ended.exit_code, "watched = false" in ended.err) == (SETTINGS, True)
    assert not config.exists()


def test_what_takes_root_is_said_before_anything_is_asked(
    lintel: Lintel, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "answers.toml").write_text("[proofs]\nwatched = false\n")
    monkeypatch.setattr("device.cli.setup.os.access", lambda _path, mode, **_: not mode & os.W_OK)
    ended = lintel("setup", "--answers", tmp_path / "answers.toml")
    assert (ended.exit_code, "these steps take root" in ended.err, "sudo lintel setup" in ended.err) == (3, True, True)
    assert not config.exists()
