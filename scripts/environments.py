"""Makes a virtual environment hold what a requirements file names, and does nothing when it already does.

    python3.11 scripts/environments.py .venv requirements/device.txt

Runs on a bare interpreter before anything is installed, so it uses the standard library only. What an environment
holds is known from stamps in it: hashes of the files it was installed from, written after pip has succeeded.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUPPORTED = ("3.11", "3.12", "3.13")
PROJECT_FILE = ROOT / "pyproject.toml"
FORMER_NAMES = ("lintel",)
PIP = ("-qq", "--progress-bar", "off", "--no-compile")
"""Of the files that the packages bring, about a third is ever imported; Python compiles those when it is."""
PROBE = "import ctypes, ensurepip, sqlite3, ssl, sys, venv; print('%d.%d' % sys.version_info[:2])"


class EnvironmentProblem(Exception):
    """What is missing, and what to do about it."""


def main() -> int:
    """Readies the environment that the command line names, with the interpreter that runs this."""
    parser = argparse.ArgumentParser(description="Make a virtual environment hold what a requirements file names.")
    parser.add_argument("folder", help="the environment, for example .venv")
    parser.add_argument("requirements", type=Path, help="a hashed requirements file")
    parser.add_argument("--complete", action="store_true", help="install what the file names, not what that depends on")
    arguments = parser.parse_args()
    try:
        ready(arguments.folder, arguments.requirements, this_interpreter(), is_complete=arguments.complete)
    except EnvironmentProblem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return 0


def ready(name: str, requirements: Path, python: Path, *, is_complete: bool = False, has_lintel: bool = True) -> Path:
    """The environment `name`, of `python`, with `requirements` and this checkout in it; makes only what is missing.
    With `is_complete` nothing is installed that the file doesn't name. Without `has_lintel` it is for another program
    alone, parts of which may have to be built.

    An environment that was interrupted, moved, or made by another version of Python is made anew.
    Raises `EnvironmentProblem`.
    """
    folder, version = ROOT / name, version_of(python)
    content = (ROOT / requirements).read_bytes()
    if not _is_sound(folder, version):
        _create(folder, python)
    if _stamp(folder, requirements.name) != _digest(content):
        said, alone = f"{name}: installing {requirements}", ["--no-deps"] if is_complete else []
        pinned = ["--only-binary", ":all:"] * has_lintel + ["--require-hashes", "--requirement", str(requirements)]
        _install(folder, said, [*alone, *pinned])
        _write_stamp(folder, requirements.name, content)
    if has_lintel and _stamp(folder, PROJECT_FILE.name) != _digest(PROJECT_FILE.read_bytes()):
        _forget_former_names(folder)
        _install(folder, f"{name}: installing Lintel itself", ["--no-deps", "--no-build-isolation", "--editable", "."])
        _write_stamp(folder, PROJECT_FILE.name, PROJECT_FILE.read_bytes())
    print(f"{name}: ready, Python {version}, {requirements}", flush=True)
    return folder


def this_interpreter() -> Path:
    """The interpreter that runs this; inside a virtual environment, the one that the environment was made from."""
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"


def version_of(python: Path) -> str:
    """The version of an interpreter that can make environments, as "3.11". Raises `EnvironmentProblem`."""
    version = _probe(python)
    if version is None:
        raise EnvironmentProblem(
            f"{python} cannot make a virtual environment: a module of the standard library is missing.\n"
            "On Debian and Raspberry Pi OS: sudo apt install python3-venv"
        )
    if version not in SUPPORTED:
        raise EnvironmentProblem(f"{python} is Python {version}, expected one of {', '.join(SUPPORTED)}.")
    return version


def find_interpreter(version: str) -> Path | None:
    """A working interpreter of this version on the PATH or among pyenv's, or None; a shim that fails does not count."""
    return next((python for python in _candidates(version) if _probe(python) == version), None)


def _candidates(version: str) -> Iterator[Path]:
    yield this_interpreter()
    for folder in os.get_exec_path():
        for name in (f"python{version}", "python3"):
            if (Path(folder) / name).is_file():
                yield Path(folder) / name
    yield from sorted((_pyenv_root() / "versions").glob(f"{version}*/bin/python{version}"), reverse=True)


def _pyenv_root() -> Path:
    try:
        said = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return Path(said.stdout.strip())


def _probe(python: Path) -> str | None:
    try:
        said = subprocess.run([python, "-I", "-c", PROBE], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    return said.stdout.strip()


def _is_sound(folder: Path, version: str) -> bool:
    pip = folder / "bin" / "pip"
    if _interrupted(folder).exists() or not pip.is_file():
        return False
    moved = f"{folder}{os.sep}" not in pip.read_text()
    return not moved and _probe(folder / "bin" / "python") == version


def _create(folder: Path, python: Path) -> None:
    print(f"{folder.name}: making it {'anew ' if folder.exists() else ''}with {python}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    _run([python, "-m", "venv", str(folder)])


def _install(folder: Path, what: str, arguments: list[str]) -> None:
    print(what, flush=True)
    began = time.monotonic()
    _interrupted(folder).touch()
    _run([folder / "bin" / "python", "-m", "pip", "install", *PIP, *arguments])
    _interrupted(folder).unlink()
    print(f"{what}: took {time.monotonic() - began:.0f} s", flush=True)


def _forget_former_names(folder: Path) -> None:
    """What this checkout was installed as before shares its files and commands with what it is installed as now."""
    former = [name for name in FORMER_NAMES if any(folder.glob(f"lib/python*/site-packages/{name}-[0-9]*.dist-info"))]
    if former:
        _run([folder / "bin" / "python", "-m", "pip", "uninstall", "-qq", "--yes", *former])


def _run(command: list[str | Path]) -> None:
    try:
        subprocess.run(command, cwd=ROOT, env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}, check=True)
    except subprocess.CalledProcessError as error:
        said = " ".join(map(str, command))
        raise EnvironmentProblem(f"`{said}` ended with exit code {error.returncode}; its messages are above.") from None


def _interrupted(folder: Path) -> Path:
    return folder / "lintel-interrupted"


def _stamp(folder: Path, name: str) -> str:
    path = folder / f"lintel-{name}.sha256"
    return path.read_text() if path.is_file() else ""


def _write_stamp(folder: Path, name: str, content: bytes) -> None:
    (folder / f"lintel-{name}.sha256").write_text(_digest(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
