"""One archive through the user's own pip, so that their index configuration holds, and none of its code is run."""

import os
import subprocess
import sys
from pathlib import Path

from convert.errors import SourceError
from convert.sources import Package

INERT = Path(__file__).parent / "inert"


def download(package: Package, folder: Path) -> Path:
    """Puts the archive of `package` into `folder` and returns its path. Raises `SourceError`.

    pip itself refuses an archive of another hash before it opens it. For a source archive pip then wants metadata,
    and would run the archive's `setup.py` to get it; `convert/inert` stands in for setuptools and runs nothing.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    _run_pip([*_options(package), "--dest", str(folder), "--requirement", str(requirements)], package)
    return _only_archive(folder, package)


def _options(package: Package) -> list[str]:
    return ["--no-deps", "--no-build-isolation", "--use-pep517", "--require-hashes", *package.pip_options]


def _run_pip(arguments: list[str], package: Package) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *arguments]
    finished = subprocess.run(  # noqa: S603  (a list, no shell, and our own arguments)
        command, env=_environment(), capture_output=True, text=True, check=False
    )
    if finished.returncode != 0:
        raise _failed(package, finished.stderr)


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(INERT), os.environ.get("PYTHONPATH", "")]))
    return os.environ | {"PYTHONPATH": path, "LINTEL_INERT": "1"}


def _only_archive(folder: Path, package: Package) -> Path:
    archive = folder / package.archive
    if not archive.is_file():
        found = ", ".join(sorted(path.name for path in folder.iterdir() if path.suffix != ".txt")) or "nothing"
        raise _failed(package, f"expected {package.archive}, pip brought {found}")
    return archive


def _failed(package: Package, said: str) -> SourceError:
    reason = said.strip().rpartition("\n")[2] or "pip gave no reason"
    if "No module named pip" in said:
        return SourceError(f"No pip in {sys.executable}.", hint="Run `python -m ensurepip`, then try again.")
    return SourceError(
        f"pip could not download {package.name}=={package.version}: {reason}",
        hint="Check the network and pip's index configuration (`pip config list`), then try again.",
    )
