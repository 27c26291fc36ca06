"""Badges from standard input, and what a shell completes."""

import pytest

pytestmark = pytest.mark.usefixtures("state")


@pytest.fixture
def two(lintel, eileen, grace, state):  # noqa: ARG001 - the folder must be named before
    """Eileen Collins with two badges, and Grace Hopper with one."""
    lintel("enroll", "17:1001", eileen, "--name", "Eileen Collins")
    lintel("badges", "add", "Eileen Collins", "17:1002")
    lintel("enroll", "csn:04A2B9C1", grace, "--name", "Grace Hopper")


@pytest.fixture
def completed(monkeypatch, lintel_process):
    """What bash is told to complete a line to."""

    def complete(line):
        monkeypatch.setenv("_LINTEL_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
        told = lintel_process()
        assert told.err == ""
        return [word.removeprefix("plain,") for word in told.out.split("\n") if word]

    return complete


@pytest.mark.usefixtures("two")
def test_badge_is_read_from_standard_input(lintel):
    assert lintel("badges", "revoke", "-", typed="17:1002\n").out == "Badge 17:1002 of Eileen Collins is revoked.\n"
    assert lintel("people", "find", "-", typed="csn:04a2b9c1\n").out.startswith("Grace Hopper")


@pytest.mark.usefixtures("two")
def test_both_badges_of_a_replacement_are_read_in_turn(lintel):
    replaced = lintel("badges", "replace", "-", "-", typed="17:1002\n17:1003\n")
    assert replaced.out == "Eileen Collins: badge 17:1002 is revoked, 17:1003 is valid.\n"


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("command", [("badges", "revoke"), ("people", "find"), ("badges", "add", "Grace Hopper")])
def test_empty_input_is_no_badge(lintel, command):
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
def test_shell_completes_names_and_badges(completed, line, offered):
    assert completed(line) == offered


def test_completion_makes_no_store(completed, state):
    assert (completed("lintel people show "), state.exists()) == ([], False)


def test_completion_beside_wrong_settings_is_silent(completed, monkeypatch, tmp_path):
    (tmp_path / "wrong.toml").write_text("[door")
    monkeypatch.setenv("LINTEL_CONFIG", str(tmp_path / "wrong.toml"))
    assert completed("lintel people show ") == []
