"""Installs the arm64 packages under emulation and runs the device's tests there: `python -m tests.arm64`, as root."""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.arm64.cell import PI_4, PI_5, Cell, register
from tests.arm64.commands import Step, simulated_here, tried
from tests.arm64.counting import counted_here, counted_there, timed_here
from tests.arm64.installing import install, make_tester, put_tests
from tests.arm64.page import Emulated, figures, page
from tests.arm64.testing import run_tests
from tests.system.package import built
from tests.system.trees import RELEASES, Release, Unready

NEEDED = {
    "debootstrap": "debootstrap",
    "gcc": "gcc",
    "qemu-aarch64": "qemu-user",
    "qemu-aarch64-static": "qemu-user-static",
    "systemd-nspawn": "systemd-container",
}
AT_ONCE = 2
Answer = TypeVar("Answer")


def main() -> int:
    """A line for each thing tried, then a line of figures; 1 if something was not as promised, 2 if untried."""
    parser = argparse.ArgumentParser(prog="python -m tests.arm64", description=__doc__)
    parser.add_argument("--release", choices=[one.name for one in RELEASES], help="only this one")
    parser.add_argument("--quick", action="store_true", help="a few files of tests, one step simulated")
    parser.add_argument("--write", type=Path, help="the page to write")
    chosen = parser.parse_args()
    releases = [one for one in RELEASES if chosen.release in (None, one.name)]
    began = time.monotonic()
    try:
        check_machine(releases)
        times = timed_here()
        here = simulated_here(quick=chosen.quick)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            emulated = list(pool.map(lambda release: emulate(release, here, quick=chosen.quick), releases))
        counts = counted_here()
    except Unready as why:
        print(f"error: {why}", file=sys.stderr)
        return 2
    took_s = time.monotonic() - began
    if chosen.write is not None:
        chosen.write.write_text(page(emulated, (counts, times), took_s, quick=chosen.quick), encoding="utf-8")
    print(figures(emulated, took_s))
    return 1 if any(one.broken for one in emulated) else 0


def check_machine(releases: Sequence[Release]) -> None:
    """Raises `Unready` where nothing can be emulated, or a package is missing."""
    for program, package in NEEDED.items():
        if shutil.which(program) is None:
            raise Unready(f"{program} is missing. On Debian: sudo apt install {package}")
    if os.geteuid() != 0:
        raise Unready("only root can make a tree: sudo make test-arm64")
    for release in releases:
        built(release, "arm64")
    register()


def emulate(release: Release, here: Sequence[Step], *, quick: bool) -> Emulated:
    """All of it on one release. Raises `Unready`."""
    cell = Cell(release)
    try:
        cell.make()
        installed_s = _timed(release, "installed", lambda: install(cell))
        put_tests(cell)
        make_tester(cell)
        commands = tried(cell, here, quick=quick)
        for one in commands:
            mark = "kept   " if one.finding.kept else "BROKEN "
            print(f"{release.name} {mark} {one.took_s:5.1f} s  {one.what}: {one.finding.happened}", flush=True)
        results = _timed(release, "tests", lambda: run_tests(cell, quick=quick))
        print(f"{release.name} tests: {results.passed} passed, {results.skips} skipped", flush=True)
        for name in results.failed:
            print(f"{release.name} FAILED {name}", flush=True)
        processors = (PI_5,) if quick else (PI_5, PI_4)
        counts = _timed(release, "instructions counted", lambda: {one: counted_there(cell, one) for one in processors})
        return Emulated(release, built(release, "arm64").name, installed_s, commands, results, counts)
    finally:
        cell.end()


def _timed(release: Release, what: str, step: Callable[[], Answer]) -> Answer:
    began = time.monotonic()
    answer = step()
    print(f"{release.name} {what}: {time.monotonic() - began:.0f} s", flush=True)
    return answer


if __name__ == "__main__":
    sys.exit(main())
