"""Boots Debian with the door's units in it, as root: `python -m tests.system [--release NAME] [WORDS ...]`."""

import argparse
import os
import shutil
import sys
import time
import traceback
from pathlib import Path

from tests.rig.checks import Figures, Finding
from tests.system import checks_package, checks_service, checks_units
from tests.system.door import Door
from tests.system.machine import Machine
from tests.system.package import install
from tests.system.page import page
from tests.system.steps import Line, Step
from tests.system.trees import NEEDED, RELEASES, Release, Unready, tree

STEPS = (*checks_service.STEPS.all, *checks_units.STEPS.all, *checks_package.STEPS.all)
INSTALLED = "by `apt-get install ./lintel_*.deb` of what `make deb` built, without a network"


def main() -> int:
    """Every step on each release, a line each, then a line of figures; 1 if a promise was not kept, 2 if not tried."""
    parser = argparse.ArgumentParser(prog="python -m tests.system", description=__doc__)
    parser.add_argument("words", nargs="*", help="only steps that have one of these")
    parser.add_argument("--release", choices=[one.name for one in RELEASES], help="only this one")
    parser.add_argument("--patience", type=float, default=1.0, help="so many times as long anything may take")
    parser.add_argument("--write", type=Path, help="the page to write")
    chosen = parser.parse_args()
    Figures.patience = chosen.patience
    began = time.monotonic()
    releases = [one for one in RELEASES if chosen.release in (None, one.name)]
    try:
        check_machine()
        lines = [line for release in releases for line in tried(release, chosen.words)]
    except Unready as why:
        print(f"error: {why}", file=sys.stderr)
        return 2
    took_s = time.monotonic() - began
    if chosen.write is not None:
        chosen.write.write_text(page(lines, INSTALLED, took_s, chosen.patience), encoding="utf-8")
    broken = sum(not line.finding.kept for line in lines)
    print(f"system: {len(lines)} steps on {', '.join(one.name for one in releases)}, {broken} not kept, {took_s:.0f} s")
    return 1 if broken else 0


def check_machine() -> None:
    """Raises `Unready` where nothing can be booted."""
    for program, package in NEEDED.items():
        if shutil.which(program) is None:
            raise Unready(f"{program} is missing. On Debian: sudo apt install {package}")
    if os.geteuid() != 0:
        raise Unready("only root can make and boot a tree: sudo make test-system")


def tried(release: Release, words: list[str]) -> list[Line]:
    """The steps on one release, in one machine, one after the other."""
    machine = Machine(tree(release), f"lintel-{release.name}")
    lines = []
    try:
        machine.make()
        machine.boot()
        took_s = install(machine, release)
        print(f"{release.name} installed in {took_s:.1f} s", flush=True)
        door = Door(machine)
        door.prepare()
        door.rig()
        door.start()
        machine.must("systemctl", "enable", "--quiet", "lintel.service")
        door.enroll()
        for step in STEPS:
            if not words or any(word in step.what for word in words):
                lines.append(_try(step, door, release))
                line = lines[-1]
                mark = "kept   " if line.finding.kept else "BROKEN "
                print(f"{release.name} {mark} {line.took_s:5.1f} s  {line.what}: {line.finding.happened}", flush=True)
    finally:
        machine.end()
    return lines


def _try(step: Step, door: Door, release: Release) -> Line:
    began = time.monotonic()
    try:
        finding = step.run(door)
    except Exception as error:
        traceback.print_exc()
        finding = Finding(False, f"NOT KEPT: ended with {type(error).__name__}: {error}"[:400], 0)
    return Line(release, step.what, step.promise, finding, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
