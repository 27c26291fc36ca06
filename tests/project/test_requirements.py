"""The hashed requirement files: what a line of them may be, and that they fit one another and `pyproject.toml`."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
ALL = sorted((ROOT / "requirements").glob("*.txt"))
OTHERS = ("home-assistant.txt", "mutants.txt")
LOCKS = [path for path in ALL if path.name not in OTHERS]
"""Those of an environment that Lintel is installed in, which name all that they depend on."""
LINE = re.compile(r"# .*|[a-z0-9-]+==[\w.]+( ; [\w .*<>=!'()]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DEPENDENCIES = [Requirement(line) for line in PROJECT["dependencies"]]


def pins(name: str) -> set[str]:
    """The pinned requirements of a file, as `name==version ; marker`."""
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return {line.removesuffix(" \\") for line in lines if "==" in line and not line.startswith("#")}


def versions(file: str, package: str) -> list[Version]:
    """The versions at which a file pins a package: one, or one for each range of Python."""
    return [Version(re.split("==| ;", pin)[1]) for pin in pins(file) if pin.startswith(f"{package}==")]


def test_there_are_seven_files() -> None:
    names = ["dev.txt", "device.txt", "home-assistant.txt", "mutants.txt", "pi.txt", "test.txt", "tflite-runtime.txt"]
    assert [path.name for path in ALL] == names


def test_what_makes_mutants_is_named_and_pinned() -> None:
    named = [line for line in (ROOT / "requirements/mutants.in").read_text().splitlines() if not line.startswith("#")]
    assert sorted(pin.partition("==")[0] for pin in pins("mutants.txt")) == named


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_a_file_has_pins_and_hashes_and_names_no_place(path: Path) -> None:
    assert [line for line in path.read_text().splitlines() if not LINE.fullmatch(line)] == []


@pytest.mark.parametrize(
    ("smaller", "larger"), [("device.txt", "test.txt"), ("test.txt", "dev.txt"), ("device.txt", "pi.txt")]
)
def test_a_larger_file_pins_what_the_smaller_one_does(smaller: str, larger: str) -> None:
    assert pins(smaller) - pins(larger) == set()


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
@pytest.mark.parametrize("dependency", DEPENDENCIES, ids=lambda dependency: dependency.name)
def test_a_dependency_is_pinned_within_its_range(path: Path, dependency: Requirement) -> None:
    pinned = versions(path.name, dependency.name)
    assert [dependency.specifier.contains(version) for version in pinned] in ([True], [True, True])


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_the_project_itself_can_be_installed_without_the_network(path: Path) -> None:
    assert [len(versions(path.name, package)) for package in ("hatchling", "editables")] == [1, 1]


@pytest.mark.parametrize("file", ["device.txt", "test.txt", "pi.txt", "tflite-runtime.txt"])
def test_a_device_needs_no_tensorflow(file: str) -> None:
    assert [pin for pin in pins(file) if pin.startswith(("tensorflow", "keras", "matplotlib", "dlib"))] == []


def test_tflite_runtime_comes_with_the_old_numpy() -> None:
    assert [version.major for version in versions("tflite-runtime.txt", "numpy")] == [1]


def test_tensorflow_is_the_build_for_cpus() -> None:
    cpu = [pin for pin in pins("dev.txt") if pin.startswith("tensorflow-cpu==")]
    assert [pin.partition(" ; ")[2] for pin in cpu] == ["platform_machine == 'x86_64' and sys_platform == 'linux'"]
