"""The command line of the converter: fast help, clear errors, an exit code for each, nothing on the wrong stream."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from convert import check
from convert.build import Built
from convert.check import Finding
from convert.cli.main import COMMANDS, cli
from convert.finder import Finder
from convert.published.sources import MEMBERS
from device.commandline import run_command
from device.vision.manifest import read_manifest
from device.vision.models import EMBEDDING, shipped_models_dir

HEAVY = ("cv2", "keras", "matplotlib", "msgspec", "numpy", "tensorflow")


@pytest.fixture
def without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)


@pytest.fixture
def without_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache, and no index to fill it from."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")


def test_help_names_every_command() -> None:
    shown = CliRunner().invoke(cli, ["--help"]).output
    assert [name for name in COMMANDS if name not in shown] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert (result.exit_code, "Exit codes:" in result.output) == (0, True)


@pytest.mark.parametrize("arguments", [["--help"], ["build", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import sys; from convert.cli.main import cli; from device.commandline import run_command; "
        f"run_command(cli, {arguments!r}); print('HEAVY', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines()[-1] == "HEAVY []"


def test_the_version_is_the_distribution_s() -> None:
    assert CliRunner().invoke(cli, ["--version"]).output == f"lintel-convert {version('lintel-door')}\n"


@pytest.mark.usefixtures("without_tensorflow")
def test_without_tensorflow_a_build_says_what_to_install(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, ["build", "--out", str(tmp_path / "out")]) == 12
    assert "What to do: Install it from the wheel's file: pip install './lintel_door-" in capfd.readouterr().err


@pytest.mark.usefixtures("without_tensorflow")
def test_without_tensorflow_a_build_leaves_nothing_behind(tmp_path: Path) -> None:
    run_command(cli, ["build", "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("without_packages")
def test_without_packages_a_build_says_that_pip_could_not_download(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_command(cli, ["build", "--out", str(tmp_path / "out")]) == 14
    shown = capfd.readouterr()
    assert (shown.out, "Error: pip could not download mediapipe==0.10.21" in shown.err) == ("", True)


def test_a_file_in_the_place_of_the_folder_is_an_error(
    published: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    published("face_detection_short_range.tflite")
    (tmp_path / "models").write_text("")
    assert run_command(cli, ["build", "--out", str(tmp_path / "models")]) == 4
    assert "Error: Cannot write the models into" in capfd.readouterr().err


def test_a_folder_of_chips_that_is_not_there_is_an_error(
    published: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in MEMBERS:
        published(name)
    arguments = ["build", "--out", str(tmp_path / "out"), "--representative", str(tmp_path / "nowhere")]
    assert run_command(cli, arguments) == 5
    assert f"Error: Cannot read the folder {tmp_path / 'nowhere'}" in capfd.readouterr().err


def test_models_that_are_not_there_cannot_be_checked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, ["build", "--check", "--out", str(tmp_path)]) == 4
    assert f"Error: No manifest at {tmp_path / 'face-detection.json'}" in capfd.readouterr().err


def test_fetching_what_is_in_the_cache_says_nothing(
    published: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in MEMBERS:
        published(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert run_command(cli, ["build", "--fetch-only"]) == 0
    assert capfd.readouterr() == ("", "")


FOUND = (Finding("a.tflite", True, "the published bytes", True), Finding("b.tflite", False, "other bytes", False, 0.5))


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(_folder: Path, **_options: object) -> tuple[Finding, ...]:
        return FOUND

    monkeypatch.setattr(check, "check_models", found)


@pytest.mark.usefixtures("findings")
def test_a_check_prints_a_line_for_each_file() -> None:
    shown = CliRunner().invoke(cli, ["build", "--check"]).stdout
    assert shown == "a.tflite: proven, the published bytes\nb.tflite: NOT PROVEN, other bytes\n"


@pytest.mark.usefixtures("findings")
def test_a_check_that_fails_is_the_answer_no() -> None:
    assert run_command(cli, ["build", "--check"]) == 1


@pytest.mark.usefixtures("findings")
def test_a_check_prints_json() -> None:
    shown = json.loads(CliRunner().invoke(cli, ["build", "--check", "--json"]).stdout)
    assert [(one["file"], one["proven"], one["min_cosine"]) for one in shown] == [
        ("a.tflite", True, None),
        ("b.tflite", False, 0.5),
    ]


def test_a_build_says_on_standard_error_what_is_left_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    uncalibrated = msgspec.structs.replace(read_manifest(shipped_models_dir() / f"{EMBEDDING}.json"), decision=None)
    monkeypatch.setattr(
        "convert.build.build", lambda _out, **_options: Built((uncalibrated,) * 3, Finder(shipped_models_dir()))
    )
    result = CliRunner().invoke(cli, ["build", "--out", "mine"])
    assert ("calibrate --models mine" in result.stderr, "calibrate" in result.stdout) == (True, False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json"],
        ["--fetch-only", "--check"],
        ["--fetch-only", "--out", "mine"],
        ["--fetch-only", "--representative", "chips"],
    ],
)
def test_an_option_that_would_do_nothing_is_a_mistake(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, ["build", *arguments]) == 2
    assert "Usage:" in capfd.readouterr().err


def test_a_mistake_on_the_command_line_is_told_without_a_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, ["build", "--no-such-option"]) == 2
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("given", [(), ("--mates", "a"), ("--impostors", "b"), ("--images", "a", "--mates", "b")])
def test_calibration_takes_one_folder_or_two(given: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, ["calibrate", *given]) == 2
    assert "Give --images, or --mates with --impostors." in capsys.readouterr().err
