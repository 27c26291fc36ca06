"""One archive through the user's own pip, so that their index configuration holds, and none of its code is run."""

import os
import subprocess
import sys
from pathlib import Path

from convert.errors import SourceError
from convert.published.sources import Package

STAND_IN = Path(__file__).parent / "stand_in"


def download(package: Package, folder: Path) -> Path:
    """Puts the archive of `package` into `folder` and returns its path. Raises `SourceError`.

    pip itself refuses an archive of another hash before it opens it. Of a source archive pip then wants the metadata,
    and would run the archive's `setup.py` to get it; the folder `stand_in` stands in for setuptools and runs nothing.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    said = _pip_download(["--dest", str(folder), "--requirement", str(requirements), *package.pip_options], package)
    archive = folder / package.archive
    if not archive.is_file():
        raise _failed(package, f"expected {package.archive}; {said.strip() or 'pip said nothing'}")
    return archive


def _pip_download(arguments: list[str], package: Package) -> str:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--require-hashes"]
    finished = subprocess.run(  # noqa: S603 - no shell, and the arguments are our own
        [*command, *options, *arguments], env=_environment(), capture_output=True, text=True, check=False
    )
    if finished.returncode != 0:
        raise _failed(package, finished.stderr)
    return finished.stderr


def _environment() -> dict[str, str]:
    """PIP_USE_PEP517 keeps older versions of pip from running `setup.py` without any backend; newer ones ignore it."""
    path = os.pathsep.join(filter(None, [str(STAND_IN), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path, "PIP_USE_PEP517": "1"}


def _failed(package: Package, said: str) -> SourceError:
    if "No module named pip" in said:
        return SourceError(f"{sys.executable} has no pip to download with.", hint="Run `python -m ensurepip`.")
    reason = next((line for line in said.splitlines() if line.startswith("ERROR:")), said.strip() or "no reason given")
    return SourceError(
        f"pip could not download {package.name}=={package.version}: {reason}",
        hint="Check the network and pip's index configuration (`pip config list`), then try again.",
    )
