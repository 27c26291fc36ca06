"""Runs the device's tests elsewhere: under other versions of Python, and under another TFLite runtime.

    .venv/bin/python scripts/device_tests.py [--all]
    python3.11 scripts/device_tests.py --ready

Says which interpreters it found, which it skipped, and how long each took; ends non-zero if a test failed anywhere.
Without --all it leaves out what is the same everywhere and takes long (tests/conftest.py), and under another runtime
whatever runs no network. With --ready it makes the environments, beside whatever else runs, and tests nothing.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from environments import ROOT, EnvironmentProblem, find_interpreter, ready

FOLDERS = ("tests/device", "tests/journeys")
NETWORKS = (
    "tests/device/vision",
    "tests/device/test_enrollment.py",
    "tests/device/test_identification.py",
    "tests/device/cli/test_identify.py",
    "tests/device/cli/test_help.py",
    "tests/journeys",
)
"""What runs a network, or says which runtime there is."""
WORKERS = "3"
"""One more than the usual two cores, as these tests also wait; each worker imports all of them."""
SELECTION = "not slow and not once"


@dataclass(frozen=True, slots=True)
class Place:
    """One environment in which the device's tests run: what it is called, its Python, its packages, its runtime."""

    name: str
    version: str
    requirements: Path
    runtime: str = ""
    folders: tuple[str, ...] = FOLDERS


PLACES = (
    Place("3.12", "3.12", Path("requirements/test.txt")),
    Place("3.13", "3.13", Path("requirements/test.txt")),
    Place("tflite-runtime", "3.11", Path("requirements/tflite-runtime.txt"), "tflite-runtime", NETWORKS),
)
LONGEST_S = 90
"""A place that takes longer in `make test` needs another selection."""


def main() -> int:
    """One run of the tests in each place, then a line that says how each went."""
    parser = argparse.ArgumentParser(description="Run the device's tests under other versions of Python.")
    parser.add_argument("--all", action="store_true", help="every test, also what is slow or the same everywhere")
    parser.add_argument("--ready", action="store_true", help="make the environments, and run nothing in them")
    arguments = parser.parse_args()
    if arguments.ready:
        return 1 if None in [_environment(place) for place in PLACES if find_interpreter(place.version)] else 0
    everything = arguments.all
    results = {place.name: _try(place, everything=everything) for place in PLACES}
    print("device tests: " + ", ".join(f"{name} {result}" for name, result in results.items()))
    return 1 if any(result.startswith("FAILED") for result in results.values()) else 0


def _try(place: Place, *, everything: bool) -> str:
    python = find_interpreter(place.version)
    if python is None:
        print(f"device tests under {place.name}: skipped, found no working Python {place.version}", flush=True)
        return "skipped"
    print(f"device tests under {place.name}: found {python}", flush=True)
    folder = _environment(place)
    if folder is None:
        return "FAILED"
    began = time.monotonic()
    outcome = "passed" if _run_tests(folder, place, everything=everything) else "FAILED"
    took_s = time.monotonic() - began
    late = f", more than {LONGEST_S} s" if took_s > LONGEST_S and not everything else ""
    return f"{outcome} in {took_s:.0f} s{late}"


def _environment(place: Place) -> Path | None:
    """The environment of a place whose Python there is, or None with an error message."""
    python = find_interpreter(place.version)
    try:
        return ready(f".venv-{place.name}", place.requirements, python) if python else None
    except EnvironmentProblem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return None


def _run_tests(folder: Path, place: Place, *, everything: bool) -> bool:
    paths = [name for name in (FOLDERS if everything else place.folders) if (ROOT / name).exists()]
    selected = [] if everything else ["-m", SELECTION]
    command = [
        str(folder / "bin" / "python"),
        "-m",
        "pytest",
        "-n",
        WORKERS,
        "--dist",
        "worksteal",
        "-p",
        "no:cacheprovider",
        *selected,
        *paths,
    ]
    environment = os.environ | ({"LINTEL_RUNTIME": place.runtime} if place.runtime else {})
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
