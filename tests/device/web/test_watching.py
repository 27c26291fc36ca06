"""Running the monitor's page: its token over restarts, and what is printed of it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from device.cli.main import cli
from device.errors import ConfigError
from device.web.watching import address_words, kept_token


def test_token_is_the_same_over_restarts(tmp_path: Path) -> None:
    assert kept_token(tmp_path / "token") == kept_token(tmp_path / "token")


def test_token_is_its_owners_alone(tmp_path: Path) -> None:
    kept_token(tmp_path / "token")
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600


def test_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    kept_token(tmp_path / "token")
    (tmp_path / "token").chmod(0o640)
    with pytest.raises(ConfigError, match="this user alone can read"):
        kept_token(tmp_path / "token")


@pytest.mark.parametrize("content", ["", "short", "x" * 43 + "!", "é" * 43, "\0" * 43])
def test_token_that_is_not_lintels_is_refused(tmp_path: Path, content: str) -> None:
    """A file that was cut off by a power loss must not leave the page with an easy token."""
    (tmp_path / "token").write_text(content)
    (tmp_path / "token").chmod(0o600)
    with pytest.raises(ConfigError):
        kept_token(tmp_path / "token")


def test_link_in_place_of_the_token_is_refused(tmp_path: Path) -> None:
    kept_token(tmp_path / "other")
    (tmp_path / "token").symlink_to(tmp_path / "other")
    with pytest.raises(ConfigError):
        kept_token(tmp_path / "token")


def test_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be kept"):
        kept_token(tmp_path / "none" / "token")


def test_address_is_printed_with_its_token() -> None:
    assert address_words("http://127.0.0.1:8480/#token=abc", None) == "Open http://127.0.0.1:8480/#token=abc"


def test_kept_token_is_not_printed() -> None:
    """What a unit prints is in the journal."""
    assert "abc" not in address_words("http://127.0.0.1:8480/#token=abc", Path("/x/token"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["--web", "--last", "3"], "--last does not go with --web."),
        (["--web", "--json"], "--json does not go with --web."),
        (["--port", "8480"], "--port only goes with --web."),
        (["--no-browser"], "--no-browser only goes with --web."),
    ],
)
def test_options_of_the_other_way_are_refused(line: list[str], words: str) -> None:
    found = CliRunner().invoke(cli, ["watch", *line])
    assert (found.exit_code, words in found.output) == (2, True)
