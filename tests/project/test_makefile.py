"""What stands behind `make`: targets that say what they do, and interpreters that are found only if they work."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import environments
import pytest

ROOT = Path(__file__).parents[2]
INTERNAL = {"environment", "dev-environment"}
NEEDS_MAKE = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def interpreter(folder: Path, name: str, script: str) -> Path:
    """A command that stands in for an interpreter."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without interpreters: a folder that is all there is on the PATH, and no pyenv."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return tmp_path


@NEEDS_MAKE
def test_help_explains_every_target() -> None:
    declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert declared is not None
    explained = re.findall(r"^make ([a-z0-9-]+) +\w", make("help").stdout, re.MULTILINE)
    assert set(explained) == set(declared[1].split()) - INTERNAL


@NEEDS_MAKE
def test_without_an_interpreter_make_says_what_to_install() -> None:
    assert "sudo apt install python3 python3-venv" in make("demo", "PYTHON=").stderr


def test_ci_runs_make_test_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["make test"]


def test_ci_can_be_executed() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_interpreter_that_runs_this_is_found() -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert environments.find_interpreter(version) == environments.this_interpreter()


@pytest.mark.usefixtures("elsewhere")
def test_no_interpreter_is_found_where_there_is_none() -> None:
    assert environments.find_interpreter("3.99") is None


def test_an_interpreter_on_the_path_is_found(elsewhere: Path) -> None:
    working = interpreter(elsewhere / "bin", "python3.99", "echo 3.99")
    assert environments.find_interpreter("3.99") == working


def test_a_shim_that_fails_is_passed_over(elsewhere: Path) -> None:
    interpreter(elsewhere / "bin", "python3.99", "echo 'python3.99: command not found' >&2; exit 127")
    working = interpreter(elsewhere / "pyenv" / "versions" / "3.99.1" / "bin", "python3.99", "echo 3.99")
    assert environments.find_interpreter("3.99") == working


def test_python3_counts_if_it_is_of_that_version(elsewhere: Path) -> None:
    working = interpreter(elsewhere / "bin", "python3", "echo 3.99")
    assert environments.find_interpreter("3.99") == working


def test_another_version_does_not_count(elsewhere: Path) -> None:
    interpreter(elsewhere / "bin", "python3", "echo 3.98")
    assert environments.find_interpreter("3.99") is None


def test_an_interpreter_without_venv_is_refused_with_what_to_install(tmp_path: Path) -> None:
    without = interpreter(tmp_path, "python3", "echo 'No module named ensurepip' >&2; exit 1")
    with pytest.raises(environments.EnvironmentProblem, match="sudo apt install python3-venv"):
        environments.version_of(without)


def test_an_interpreter_that_is_too_old_is_refused(tmp_path: Path) -> None:
    old = interpreter(tmp_path, "python3", "echo 3.9")
    with pytest.raises(environments.EnvironmentProblem, match=r"is Python 3\.9, expected one of 3\.11, 3\.12, 3\.13"):
        environments.version_of(old)


@pytest.mark.parametrize(
    ("installed", "asked"),
    [
        (["lintel-0.1.0.dist-info", "click-8.5.dist-info"], ["-m pip uninstall -qq --yes lintel"]),
        (["lintel_door-0.1.0.dist-info"], []),
        ([], []),
    ],
)
def test_the_name_it_was_installed_as_before_is_forgotten(
    tmp_path: Path, installed: list[str], asked: list[str]
) -> None:
    """Its files and commands are those of today's name."""
    interpreter(tmp_path / "bin", "python", f'echo "$@" >> {tmp_path}/asked')
    for name in installed:
        (tmp_path / "lib" / "python3.11" / "site-packages" / name).mkdir(parents=True)
    environments._forget_former_names(tmp_path)
    written = tmp_path / "asked"
    assert (written.read_text().splitlines() if written.exists() else []) == asked
