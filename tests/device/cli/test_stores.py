"""Which store a command works on: without a setting it says so where a service has another one."""

from pathlib import Path

import pytest

from tests.device.commands import Lintel

NOTE = "Note: using the store in {}, not the service's. For that one: --state-dir {}\n"


@pytest.fixture
def service_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The service's folder on this machine."""
    folder = tmp_path / "var" / "lib" / "lintel"
    folder.mkdir(parents=True)
    monkeypatch.setattr("device.cli.context.SERVICE_STATE", folder)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    return folder


@pytest.mark.parametrize("command", ["people list", "badges list", "audit list"])
def test_another_store_than_the_service_s_is_named(
    lintel: Lintel, service_state: Path, tmp_path: Path, command: str
) -> None:
    ended = lintel(*command.split())
    assert (ended.exit_code, NOTE.format(tmp_path / "home" / "lintel", service_state) in ended.err) == (0, True)


def test_nothing_of_it_is_in_the_output(lintel: Lintel, service_state: Path) -> None:  # noqa: ARG001 - the folder is there
    assert lintel("people", "list", "--json").json == []


def test_store_that_the_command_names_needs_no_note(lintel: Lintel, service_state: Path, tmp_path: Path) -> None:
    assert "Note" not in lintel("--state-dir", service_state, "people", "list").err
    assert "Note" not in lintel("--state-dir", tmp_path / "other", "people", "list").err


def test_store_of_the_settings_needs_no_note(lintel: Lintel, service_state: Path, tmp_path: Path) -> None:
    (tmp_path / "lintel.toml").write_text(f'[store]\nstate_dir = "{service_state}"\n')
    assert "Note" not in lintel("--config", tmp_path / "lintel.toml", "people", "list").err


def test_store_of_the_service_s_own_process_needs_no_note(
    lintel: Lintel, service_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(service_state))
    assert "Note" not in lintel("people", "list").err


def test_without_a_service_there_is_one_store_and_no_note(lintel: Lintel, service_state: Path) -> None:
    service_state.rmdir()
    assert "Note" not in lintel("people", "list").err
