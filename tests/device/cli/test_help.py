"""What a stranger meets first: help that is quick and names the exit codes, and the version."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from platform import python_version

import click
import pytest

from device.cli.main import COMMANDS, cli
from device.vision.models import DETECTION, EMBEDDING, LANDMARKS
from device.vision.runtime import runtime_in_use
from tests.device.commands import Lintel

HEAVY = {"ai_edge_litert", "cv2", "gpiozero", "numpy", "sqlite_utils", "tensorflow", "tflite_runtime"}
LOADED = """
import sys
from device.cli.main import main
sys.argv = ["lintel", *sys.argv[1:]]
try:
    main()
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""


def every_command(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words that lead to each command."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))


PATHS = list(every_command())


def loaded(*arguments: str) -> set[str]:
    """The modules that a command line has imported in the end."""
    command = [sys.executable, "-c", LOADED, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return set(ended.stderr.split())


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_shows_how_to_use_the_command(lintel: Lintel, path: tuple[str, ...]) -> None:
    shown = lintel(*path, "--help")
    assert (shown.exit_code, f" {' '.join(path)} [OPTIONS]" in shown.out) == (0, True)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_of_the_command_or_its_group_names_the_exit_codes(lintel: Lintel, path: tuple[str, ...]) -> None:
    assert "Exit codes: 0 " in lintel(*path, "-h").out + lintel(path[0], "-h").out


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_option_is_explained(path: tuple[str, ...]) -> None:
    command: click.Command | None = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name)
    assert command is not None
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize(("name", "short"), [(name, short) for name, (_, short) in COMMANDS.items()])
def test_help_lists_the_command_in_short(lintel: Lintel, name: str, short: str) -> None:
    assert [name, *short.split()] in [line.split() for line in lintel("--help").out.splitlines()]


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_first_steps_load_nothing_heavy(option: str) -> None:
    assert loaded(option) & HEAVY == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_loads_no_adapter(name: str) -> None:
    assert loaded(name, "--help") & (HEAVY - {"numpy"}) == set()


@pytest.mark.parametrize("line", ["people list", "badges list", "audit list", "door status"])
def test_command_on_the_store_loads_no_camera_and_no_door(state: Path, line: str) -> None:
    """What is typed all day starts in half the time, also on a Raspberry Pi, where it is seconds."""
    assert loaded("--state-dir", str(state), *line.split()) & (HEAVY - {"numpy", "sqlite_utils"}) == set()


def test_version_is_that_of_the_distribution(lintel: Lintel) -> None:
    assert lintel("--version").out == f"lintel {version('lintel-door')}\n"


@pytest.mark.parametrize("arguments", [("--version", "-v"), ("-v", "--version"), ("--verbose", "--version")])
def test_verbose_version_names_python_and_runtime(lintel: Lintel, arguments: tuple[str, str]) -> None:
    runtime, number = runtime_in_use()
    lines = lintel(*arguments).out.splitlines()
    assert lines[1:3] == [f"Python {python_version()}", f"runtime: {runtime.package} {number}"]


def test_verbose_version_proves_the_models(lintel: Lintel) -> None:
    models = [line.split(":")[0] for line in lintel("--version", "-v").out.splitlines() if line.endswith(", intact")]
    assert models == [f"model {name}" for name in (DETECTION, LANDMARKS, EMBEDDING)]


def test_verbose_version_says_what_is_wrong_with_the_runtime(lintel: Lintel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINTEL_RUNTIME", "abacus")
    shown = lintel("--version", "-v")
    assert (shown.exit_code, "'abacus', expected one of ai-edge-litert" in shown.out) == (0, True)


def test_real_process_says_the_same(lintel: Lintel, lintel_process: Lintel) -> None:
    assert lintel_process("--version").out == lintel("--version").out
