"""Runs the device's tests elsewhere: under other versions of Python, and under another TFLite runtime.

    .venv/bin/python scripts/device_tests.py [--all]
    python3.11 scripts/device_tests.py --ready

Says which interpreters it found, which it skipped, and how long each took; ends non-zero if a test failed anywhere.
Without --all it runs `VERSIONED`, about 1,740 tests of what depends on the version of Python, and under another runtime
`NETWORKS`, each in one process, so that `make test` can run it beside the tests of this version; what they print
comes at their end. With --ready it makes the environments and tests nothing.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from environments import ROOT, EnvironmentProblem, find_interpreter, ready

FOLDERS = ("tests/device", "tests/journeys")
VERSIONED = (
    "tests/device/test_every_module.py",
    "tests/device/test_clock.py",
    "tests/device/test_failures.py",
    "tests/device/test_files.py",
    "tests/device/test_letters.py",
    "tests/device/test_line_server.py",
    "tests/device/test_names.py",
    "tests/device/test_records.py",
    "tests/device/test_terminal.py",
    "tests/device/test_user_folders.py",
    "tests/device/cameras/test_hanging.py",
    "tests/device/cli/test_audit.py",
    "tests/device/cli/test_help.py",
    "tests/device/cli/test_identify.py",
    "tests/device/cli/test_mistakes.py",
    "tests/device/cli/test_run_order.py",
    "tests/device/control/test_client.py",
    "tests/device/control/test_protocol.py",
    "tests/device/control/test_server.py",
    "tests/device/control/test_subscriptions.py",
    "tests/device/door/test_thread.py",
    "tests/device/door/test_thread_limits.py",
    "tests/device/door/wires/test_chip.py",
    "tests/device/readers/osdp/test_osdp_line.py",
    "tests/device/readers/test_sockets.py",
    "tests/device/service/test_service.py",
    "tests/device/service/test_signals.py",
    "tests/device/settings/test_hostile_files.py",
    "tests/device/settings/test_loading.py",
    "tests/device/store/test_database.py",
    "tests/device/store/test_locks.py",
    "tests/device/store/test_nesting.py",
    "tests/device/store/test_people.py",
    "tests/device/store/test_store_files.py",
    "tests/device/store/vault/test_vault.py",
    "tests/device/vision/test_embedder.py",
)
"""What depends on the version of Python: that each module compiles and imports without a warning; sqlite3 and its
transactions; msgspec; threads, sockets, signals and processes; files, locales and letters; how click and the command
line start and end; the wheels of the runtime, of OSDP and of GPIO. All else is arithmetic and rules in the same
bytecode, which `make test` runs under one version and `make test-all` under each. A store, socket or file that is left
open fails a test under each version."""
NETWORKS = (
    "tests/device/vision/test_alignment.py",
    "tests/device/vision/test_detector.py",
    "tests/device/vision/test_embedder.py",
    "tests/device/vision/test_faces.py",
    "tests/device/vision/test_landmarks.py",
    "tests/device/vision/test_late.py",
    "tests/device/vision/test_models.py",
    "tests/device/test_enrollment.py",
    "tests/device/test_identification.py",
    "tests/device/cli/test_identify.py",
    "tests/device/cli/test_help.py",
    "tests/journeys/test_real_faces.py",
)
"""What runs a network, or says which runtime there is."""
WORKERS = "3"
"""For all tests: one more than the usual two cores, as these tests also wait; each worker imports all of them."""
SELECTION = "not slow"


@dataclass(frozen=True, slots=True)
class Place:
    """One environment in which the device's tests run: what it is called, its Python, its packages, its runtime."""

    name: str
    version: str
    requirements: Path
    runtime: str = ""
    paths: tuple[str, ...] = VERSIONED


PLACES = (
    Place("3.12", "3.12", Path("requirements/test.txt")),
    Place("3.13", "3.13", Path("requirements/test.txt")),
    Place("tflite-runtime", "3.11", Path("requirements/tflite-runtime.txt"), "tflite-runtime", NETWORKS),
)
LONGEST_S = 90
"""A place that takes longer of the processors in `make test` needs another selection."""


def main() -> int:
    """One run of the tests in each place, then a line that says how each went."""
    parser = argparse.ArgumentParser(description="Run the device's tests under other versions of Python.")
    parser.add_argument("--all", action="store_true", help="every test of the device, also the slow ones")
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
    began, before_s = time.monotonic(), _computed_s()
    outcome = "passed" if _run_tests(folder, place, everything=everything) else "FAILED"
    took_s, computed_s = time.monotonic() - began, _computed_s() - before_s
    late = f", more than {LONGEST_S} s" if computed_s > LONGEST_S and not everything else ""
    return f"{outcome} in {took_s:.0f} s, {computed_s:.0f} s of a processor{late}"


def _computed_s() -> float:
    """What the processes that this one has run have taken of the processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _environment(place: Place) -> Path | None:
    """The environment of a place whose Python there is, or None with an error message."""
    python = find_interpreter(place.version)
    try:
        return ready(f".venv-{place.name}", place.requirements, python) if python else None
    except EnvironmentProblem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return None


def _run_tests(folder: Path, place: Place, *, everything: bool) -> bool:
    paths = [name for name in (FOLDERS if everything else place.paths) if (ROOT / name).exists()]
    selected = ["-n", WORKERS, "--dist", "worksteal"] if everything else ["-m", SELECTION]
    command = [
        str(folder / "bin" / "python"),
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        *selected,
        *paths,
    ]
    environment = os.environ | ({"LINTEL_RUNTIME": place.runtime} if place.runtime else {})
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    print(f"device tests under {place.name}:\n{ended.stdout.decode(errors='replace')}", flush=True)
    return ended.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
