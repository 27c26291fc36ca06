"""Badges from standard input, and what a shell completes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.device.commands import Lintel

TWO_DOORS = """
[[doors]]
readers = [{ name = "outside", kind = "socket", source = "/run/a.sock" }]
[[doors]]
name = "back"
pin = 5
camera = "rear"
readers = [{ name = "rear", kind = "socket", source = "/run/b.sock" }]
[[cameras]]
[[cameras]]
name = "rear"
source = "2"
"""
pytestmark = pytest.mark.usefixtures("state")


@pytest.fixture
def two(lintel: Lintel, eileen: Path, grace: Path, state: Path) -> None:  # noqa: ARG001 - the folder must be named before
    """Eileen Collins with two badges, and Grace Hopper with one."""
    lintel("enroll", "17:1001", eileen, "--name", "Eileen Collins")
    lintel("badges", "add", "Eileen Collins", "17:1002")
    lintel("enroll", "csn:04A2B9C1", grace, "--name", "Grace Hopper")


@pytest.fixture
def completed(monkeypatch: pytest.MonkeyPatch, lintel_process: Lintel) -> Callable[[str], list[str]]:
    """What bash is told to complete a line to."""

    def complete(line: str) -> list[str]:
        monkeypatch.setenv("_LINTEL_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
        told = lintel_process()
        assert told.err == ""
        return [word.removeprefix("plain,") for word in told.out.split("\n") if word]

    return complete


@pytest.mark.usefixtures("two")
def test_badge_is_read_from_standard_input(lintel: Lintel) -> None:
    assert lintel("badges", "revoke", "-", typed="17:1002\n").out == "Badge 17:1002 of Eileen Collins is revoked.\n"
    assert lintel("people", "find", "-", typed="csn:04a2b9c1\n").out.startswith("Grace Hopper")


@pytest.mark.usefixtures("two")
def test_both_badges_of_a_replacement_are_read_in_turn(lintel: Lintel) -> None:
    replaced = lintel("badges", "replace", "-", "-", typed="17:1002\n17:1003\n")
    assert replaced.out == "Eileen Collins: badge 17:1002 is revoked, 17:1003 is valid.\n"


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("command", [("badges", "revoke"), ("people", "find"), ("badges", "add", "Grace Hopper")])
def test_empty_input_is_no_badge(lintel: Lintel, command: tuple[str, ...]) -> None:
    assert lintel(*command, "-", typed="").exit_code == 2
    assert lintel(*command, "").exit_code == 2


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("lintel badges revoke ", ["csn:04A2B9C1", "17:1001", "17:1002"]),
        ("lintel badges resume csn", ["csn:04A2B9C1"]),
        ("lintel badges add e", ["'Eileen Collins'"]),
        ("lintel people show g", ["'Grace Hopper'"]),
        ("lintel people find g", ["'Grace Hopper'"]),
        ("lintel people show x", []),
        ("lintel badges sus", ["suspend"]),
    ],
)
def test_shell_completes_names_and_badges(completed: Callable[[str], list[str]], line: str, offered: list[str]) -> None:
    assert completed(line) == offered


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("lintel door release --door ", ["main", "back"]),
        ("lintel door secure --door b", ["back"]),
        ("lintel door status --door x", []),
        ("lintel watch --door m", ["main"]),
        ("lintel hardware test --door ", ["main", "back"]),
        ("lintel enroll --at ba", ["back"]),
        ("lintel badges add --at ", ["outside", "rear"]),
    ],
)
def test_shell_completes_doors_and_readers(
    completed: Callable[[str], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    line: str,
    offered: list[str],
) -> None:
    (tmp_path / "a.toml").write_text(TWO_DOORS)
    monkeypatch.setenv("LINTEL_CONFIG", str(tmp_path / "a.toml"))
    assert completed(line) == offered


@pytest.mark.parametrize("line", ["lintel door release --door ", "lintel watch --door ", "lintel badges add --at "])
def test_completion_of_doors_beside_wrong_settings_is_silent(
    completed: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    (tmp_path / "wrong.toml").write_text("[door")
    monkeypatch.setenv("LINTEL_CONFIG", str(tmp_path / "wrong.toml"))
    assert completed(line) == []


def test_completion_makes_no_store(completed: Callable[[str], list[str]], state: Path) -> None:
    assert (completed("lintel people show "), state.exists()) == ([], False)


def test_completion_beside_wrong_settings_is_silent(
    completed: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "wrong.toml").write_text("[door")
    monkeypatch.setenv("LINTEL_CONFIG", str(tmp_path / "wrong.toml"))
    assert completed("lintel people show ") == []
