"""The wheel and the source archive: what is in them, and that the wheel works away from the checkout, offline."""

import ast
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LARGEST_WHEEL_MB = 8
ROOMS_THAT_ARE_NO_MODULES = ("docs", "benchmarks", "models", "scripts", "systemd", "tests")


def run(*command: str | Path, cwd: Path) -> str:
    """The output of a command that has to succeed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LINTEL"))}
    finished = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr if finished.returncode else "") == (0, "")
    return finished.stdout


def build(target: str, folder: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", folder, cwd=ROOT)
    (archive,) = folder.iterdir()
    return archive


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def wheel_names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def sdist_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    with tarfile.open(build("sdist", tmp_path_factory.mktemp("sdist"))) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel: it borrows the dependencies of this one, not the checkout."""
    return environment(tmp_path_factory.mktemp("installed") / "lintel", wheel) / "bin"


def environment(folder: Path, *wheels: Path) -> Path:
    """A virtual environment with these wheels, installed one after the other, and with this one's dependencies."""
    venv.create(folder)
    python = folder / "bin" / "python"
    options = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    for one in wheels:
        run(sys.executable, "-m", "pip", "--python", python, "install", *options, one, cwd=folder)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def test_the_wheel_has_two_packages_and_one_launcher(wheel_names: set[str]) -> None:
    about = f"lintel_door-{version('lintel-door')}"
    assert {name.partition("/")[0] for name in wheel_names} == {
        "convert",
        "device",
        f"{about}.dist-info",
        f"{about}.data",
    }


def test_the_wheel_has_the_file_that_the_unit_runs(wheel_names: set[str]) -> None:
    data = [name.partition(".data/")[2] for name in wheel_names if ".data/" in name]
    assert data == ["data/libexec/lintel/launch.py"]


def test_the_wheel_has_all_models(wheel_names: set[str]) -> None:
    here = {str("device" / path.relative_to(ROOT)) for path in (ROOT / "models").rglob("*") if path.is_file()}
    assert {name for name in wheel_names if name.startswith("device/models/")} == here


def test_the_wheel_has_every_file_of_the_page(wheel_names: set[str]) -> None:
    here = {str(path.relative_to(ROOT)) for path in (ROOT / "device/web/static").rglob("*") if path.is_file()}
    assert {name for name in wheel_names if name.startswith("device/web/static/")} == here


@pytest.mark.parametrize("suffix", [".tflite", ".json"])
def test_the_wheel_has_three_models_in_pairs(wheel_names: set[str], suffix: str) -> None:
    names = {Path(name).stem for name in wheel_names if Path(name).match(f"device/models/*{suffix}")}
    assert names == {"face-detection", "face-embedding", "face-landmarks"}


@pytest.mark.parametrize(
    "name",
    [
        "device/models/portraits/eileen-collins.jpg",
        "device/models/portraits/grace-hopper.jpg",
        "device/simulation/a-working-week.toml",
        "device/simulation/front-door.toml",
        "device/simulation/getting-in.toml",
        "device/simulation/things-break.toml",
        "device/web/static/index.html",
        "device/web/static/texts.json",
        "device/py.typed",
        "convert/py.typed",
    ],
)
def test_the_wheel_has_what_is_no_code(wheel_names: set[str], name: str) -> None:
    assert name in wheel_names


@pytest.mark.parametrize("name", ["LICENSE", "NOTICE"])
def test_the_wheel_has_its_licenses(wheel_names: set[str], name: str) -> None:
    assert f"lintel_door-{version('lintel-door')}.dist-info/licenses/{name}" in wheel_names


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST_WHEEL_MB * 1e6


def test_the_source_archive_has_the_rooms_and_nothing_else(sdist_names: set[str]) -> None:
    files = {"CHANGELOG.md", "DECISIONS.md", "LICENSE", "Makefile", "NOTICE", "PKG-INFO", "README.md", "pyproject.toml"}
    rooms = {".ci", "benchmarks", "convert", "device", "docs", "models", "requirements", "scripts", "systemd", "tests"}
    assert {name.partition("/")[0] for name in sdist_names} - {".gitignore"} <= files | rooms


def test_the_source_archive_has_no_leavings(sdist_names: set[str]) -> None:
    assert [name for name in sdist_names if re.search(r"__pycache__|\.cache|\.venv|\.egg-info|shared/", name)] == []


def test_the_wheel_says_its_version(installed: Path, tmp_path: Path) -> None:
    assert version("lintel-door") in run(installed / "lintel", "--version", cwd=tmp_path)


@pytest.mark.slow(small="tests/convert/test_installing.py::test_door_runs_on_what_was_installed")
def test_door_runs_on_a_network_that_the_wheel_installs(installed: Path, lintel_data: Path, tmp_path: Path) -> None:
    """With the published file at hand and nothing else: installed twice, the same both times, and simulated."""
    pytest.importorskip("tensorflow")
    weights = lintel_data / "weights" / "mobilefacenet" / "MobileFaceNet.onnx"
    command = (installed / "lintel-convert", "install", "mobilefacenet", "--from", weights, "--yes")
    said = run(*command, cwd=tmp_path)
    assert "models_dir = " in said
    run(*command, "--into", "again", cwd=tmp_path)
    made, again = (tmp_path / name / "face-embedding.tflite" for name in ("mobilefacenet", "again"))
    assert made.read_bytes() == again.read_bytes()
    settings = tmp_path / "lintel.toml"
    settings.write_text(f'[vision]\nmodels_dir = "{tmp_path / "mobilefacenet"}"\n')
    assert "all expectations met" in run(installed / "lintel", "--config", settings, "simulate", cwd=tmp_path)


def test_the_wheel_runs_from_its_own_folder(installed: Path, tmp_path: Path) -> None:
    script = "import convert, device; print(convert.__file__, device.__file__)"
    files = run(installed / "python", "-c", script, cwd=tmp_path).split()
    assert [Path(file).is_relative_to(installed.parent) for file in files] == [True, True]


def test_the_wheel_finds_its_models(installed: Path, tmp_path: Path) -> None:
    portrait = ROOT / "models" / "portraits" / "eileen-collins.jpg"
    assert "similarity" in run(installed / "lintel", "compare", portrait, portrait, cwd=tmp_path)


@pytest.mark.slow(small="test_the_wheel_finds_its_models")
def test_the_wheel_plays_its_own_scenario(installed: Path, tmp_path: Path) -> None:
    assert "GRANTED" in run(installed / "lintel", "simulate", cwd=tmp_path)


def test_the_wheel_has_the_converter_s_command(installed: Path, tmp_path: Path) -> None:
    assert "build" in run(installed / "lintel-convert", "--help", cwd=tmp_path)


STRANGER = {
    "stranger.py": "def main():\n    print('Found 0 errors')\n",
    "device/__init__.py": "raise SystemExit(0)\n",
    "lintel-0.1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: lintel\nVersion: 0.1.0\n",
    "lintel-0.1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "lintel-0.1.0.dist-info/entry_points.txt": "[console_scripts]\nlintel = stranger:main\n",
    "lintel-0.1.0.dist-info/RECORD": "",
}
"""What could be installed beside us, with our package's name, and our command's, as the one on PyPI: it checks
docstrings, and says this of none.
"""
BOARD = """
import os
import sys
from pathlib import Path


def hook(event, arguments):
    if event == "import" and arguments[0] == "device.door.securing.secure":
        sys.modules["device.door.wires.chip"].DEVICES = Path(os.environ["LINTEL_TEST_PINS"])


sys.addaudithook(hook)
"""
"""Has the GPIO chip's file among the pins; imports nothing of ours before the unit's command does."""
PIN = 5


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    path = tmp_path / "lintel-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in STRANGER.items():
            archive.writestr(name, content)
    return path


def board(prefix: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives an environment pins that are files, and the relay's is released; its file."""
    (site_packages,) = prefix.glob("lib/python*/site-packages")
    (site_packages / "lgpio.py").write_text((ROOT / "tests/device/door/kept_pins/lgpio.py").read_text())
    (site_packages / "board_of_this_test.py").write_text(BOARD)
    (site_packages / "zz_board.pth").write_text("import board_of_this_test\n")
    for name in ("pins", "runtime"):
        (folder / name).mkdir()
    (folder / "pins" / "gpiochip0").touch()
    (folder / "pins" / str(PIN)).write_text("1")
    (folder / "lintel.toml").write_text(f"[[doors]]\npin = {PIN}\n")
    for name, value in (
        ("LINTEL_TEST_PINS", "pins"),
        ("LINTEL_CONFIG", "lintel.toml"),
        ("RUNTIME_DIRECTORY", "runtime"),
    ):
        monkeypatch.setenv(name, str(folder / value))
    return folder / "pins" / str(PIN)


@pytest.mark.parametrize("stranger_comes", ["first", "last"])
def test_unit_secures_the_door_beside_a_foreign_lintel_command(
    wheel: Path, stranger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stranger_comes: str
) -> None:
    """A command of the unit that a stranger's package answers would secure nothing, and end with 0."""
    prefix = environment(tmp_path / "lintel", *([stranger, wheel] if stranger_comes == "first" else [wheel, stranger]))
    pin = board(prefix, tmp_path, monkeypatch)
    (tmp_path / "device.py").write_text("raise SystemExit(0)\n")
    unit = (ROOT / "systemd" / "lintel.service").read_text()
    unit = unit.replace("/opt/lintel/current/env", str(prefix)).replace("/opt/lintel/current", str(prefix))
    (command,) = re.findall(r"^ExecStart=(.*) run$", unit, re.MULTILINE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ended = subprocess.run(
        [*shlex.split(command), "door", "secure"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, pin.read_text()) == (0, f"The relay on GPIO {PIN} is secured.\n", "0")


def test_nothing_is_lost_by_not_running_our_package_s_own_module() -> None:
    """As launch.py does not, which may be a stranger's by then."""
    (only,) = ast.parse((ROOT / "device" / "__init__.py").read_text()).body
    assert isinstance(only, ast.Expr)


def test_the_stranger_s_command_would_have_secured_nothing(wheel: Path, stranger: Path, tmp_path: Path) -> None:
    prefix = environment(tmp_path / "lintel", wheel, stranger)
    assert run(prefix / "bin" / "lintel", "door", "secure", cwd=tmp_path) == "Found 0 errors\n"


@pytest.mark.parametrize("name", ROOMS_THAT_ARE_NO_MODULES)
def test_a_room_is_no_module_of_the_wheel(installed: Path, tmp_path: Path, name: str) -> None:
    assert run(installed / "python", "-c", find_spec_of(name), cwd=tmp_path) == "None\n"


@pytest.mark.parametrize("name", ROOMS_THAT_ARE_NO_MODULES)
def test_a_room_is_no_module_of_the_checkout(tmp_path: Path, name: str) -> None:
    assert run(sys.executable, "-c", find_spec_of(name), cwd=tmp_path) == "None\n"


def find_spec_of(name: str) -> str:
    return f"import importlib.util; print(importlib.util.find_spec({name!r}))"
