"""Runs the device's tests elsewhere: under other versions of Python, and under another TFLite runtime.

    .venv/bin/python scripts/device_tests.py

Says which interpreters it found and which it skipped; ends non-zero if a test failed anywhere.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from environments import ROOT, EnvironmentProblem, find_interpreter, ready


@dataclass(frozen=True, slots=True)
class Place:
    """One environment in which the device's tests run: what it is called, its Python, its packages, its runtime."""

    name: str
    version: str
    requirements: Path
    runtime: str = ""


PLACES = (
    Place("3.12", "3.12", Path("requirements/test.txt")),
    Place("3.13", "3.13", Path("requirements/test.txt")),
    Place("tflite-runtime", "3.11", Path("requirements/tflite-runtime.txt"), runtime="tflite-runtime"),
)
FOLDERS = ("tests/device", "tests/journeys")


def main() -> int:
    """One run of the tests in each place, then a line that says how each went."""
    results = {place.name: _try(place) for place in PLACES}
    print("device tests: " + ", ".join(f"{name} {result}" for name, result in results.items()))
    return 1 if "FAILED" in results.values() else 0


def _try(place: Place) -> str:
    python = find_interpreter(place.version)
    if python is None:
        print(f"device tests under {place.name}: skipped, found no working Python {place.version}", flush=True)
        return "skipped"
    print(f"device tests under {place.name}: found {python}", flush=True)
    try:
        folder = ready(f".venv-{place.name}", place.requirements, python)
    except EnvironmentProblem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return "FAILED"
    return "passed" if _run_tests(folder, place.runtime) else "FAILED"


def _run_tests(folder: Path, runtime: str) -> bool:
    folders = [name for name in FOLDERS if (ROOT / name).is_dir()]
    command = [str(folder / "bin" / "python"), "-m", "pytest", "-n", "2", "-p", "no:cacheprovider", *folders]
    environment = os.environ | ({"LINTEL_RUNTIME": runtime} if runtime else {})
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
