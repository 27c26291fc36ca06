"""Which of the device's tests run emulated, and what came of them."""

import ast
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

from tests.arm64.cell import Cell
from tests.arm64.installing import PYTHON, TESTER
from tests.system.trees import ROOT, Unready

CHOSEN = ("VERSIONED", "NETWORKS")
"""Names of scripts/device_tests.py."""
QUICK = (
    "tests/device/test_every_module.py",
    "tests/device/test_files.py",
    "tests/device/test_records.py",
    "tests/device/door/wires/test_chip.py",
    "tests/device/readers/test_sockets.py",
    "tests/device/settings/test_loading.py",
    "tests/device/store/test_locks.py",
    "tests/device/store/vault/test_vault.py",
    "tests/device/vision/test_embedder.py",
)
"""One or two files for each package that brings machine code (msgspec, lgpio, cryptography, NumPy, LiteRT),
for sqlite3, threads and sockets, and the import of each module."""
LEFT_OUT: Mapping[str, str] = {
    "tests/device/test_failures.py": "reads the converter's files, which the package has not"
}
LIMIT_S = 3000
RESULTS = "/srv/lintel/junit.xml"


@dataclass(frozen=True, slots=True)
class Results:
    """What a run of pytest came to."""

    passed: int
    skipped: tuple[str, ...]
    """The reasons, each once."""
    skips: int
    failed: tuple[str, ...]
    took_s: float


def selection(source: str, *, quick: bool = False) -> tuple[str, ...]:
    """The files that `scripts/device_tests.py` runs under other Pythons, and those that run a network, each once.

    With `quick` those of them that `QUICK` names.
    """
    found: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in CHOSEN:
            found += ast.literal_eval(node.value)
    return tuple(name for name in dict.fromkeys(found) if name in QUICK or not quick)


def run_tests(cell: Cell, *, quick: bool) -> Results:
    """The selection in the package's own environment. Raises `Unready` if pytest came to no result."""
    chosen = selection((ROOT / "scripts" / "device_tests.py").read_text(), quick=quick)
    paths = [name for name in chosen if name not in LEFT_OUT]
    said = cell.run(
        "/bin/sh", "-c", f'cd /srv/lintel; exec runuser -u {TESTER} -- "$@"', "sh", PYTHON, "-m", "pytest", "-p",
        "no:cacheprovider", "-p", "no:faulthandler", "-m", "not slow", "--tb=short", f"--junitxml={RESULTS}", *paths,
        within_s=LIMIT_S, PYTHONPATH="/srv/extra", PYTHONSAFEPATH="1",
    )  # fmt: skip
    written = cell.root / RESULTS.lstrip("/")
    if not written.exists():
        raise Unready(f"pytest ended with {said.code} and no results: {(said.out + said.err)[-1500:]}")
    (ROOT / ".booted" / f"arm64-{cell.release.name}.log").write_text(said.out + said.err)
    return results(written.read_text())


def results(written: str) -> Results:
    """What pytest's own file (JUnit's) says."""
    (suite,) = ET.fromstring(written).iter("testsuite")
    failed, skipped, skips, passed = [], [], 0, 0
    for case in suite.iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        elif (skip := case.find("skipped")) is not None:
            skips += 1
            skipped.append(str(skip.get("message")))
        else:
            passed += 1
    return Results(passed, tuple(sorted(set(skipped))), skips, tuple(failed), float(suite.get("time", "0")))
