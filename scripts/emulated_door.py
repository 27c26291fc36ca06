"""Installs the arm64 package in an emulated machine, opens its door by badge and face, and pulls it apart.

    sudo .venv/bin/python scripts/emulated_door.py [--package FILE] [--write PAGE] [WORDS ...]

Needs root, Debian, and the programs that it names if they are missing. Keeps Debian's part in .emulated-door/.
"""

import argparse
import os
import sys
import time
import traceback
from pathlib import Path

from emulated_door_bench import Bench, package_of
from emulated_door_page import Line, page
from emulated_door_parts import WORK, build
from emulated_door_steps import STEPS, Outcome, Step
from emulated_machine import Machine, Unready
from foreign_debian import ROOT


def main() -> int:
    """Builds, boots, tries each step; 0 if every promise was kept, 1 if one was not, 2 if nothing could be tried."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only the steps that have one of these, and the first two")
    parser.add_argument("--package", type=Path, help="instead of the newest of dist/")
    parser.add_argument("--minutes", type=float, default=14.0, help="no step begins later than that")
    parser.add_argument("--write", type=Path, help="the page to write")
    chosen = parser.parse_args()
    began = time.monotonic()
    try:
        package = chosen.package or package_of(ROOT / "dist")
        if os.geteuid() != 0:
            raise Unready("only root can make the machine's files: sudo make emulated-door")
        build(package)
        built_s = time.monotonic() - began
        print(f"emulated door: built in {built_s:.0f} s", flush=True)
        boot_s, lines, transcript = tried(chosen.words, began + 60 * chosen.minutes)
    except FileNotFoundError as missing:
        print(f"error: no arm64 package in {missing}: make deb DEB='--architecture arm64'", file=sys.stderr)
        return 2
    except Unready as why:
        print(f"error: {why}", file=sys.stderr)
        return 2
    broken = sum(not line.outcome.kept for line in lines)
    took_s = time.monotonic() - began
    if chosen.write is not None:
        facts = {"package": package.name, "boot_s": boot_s, "built_s": built_s, "took_s": took_s}
        chosen.write.write_text(page(lines, transcript, facts), encoding="utf-8")
    print(f"emulated door: {len(lines)} steps, {broken} not kept, {took_s:.0f} s")
    return 1 if broken else 0


def tried(words: list[str], until: float) -> tuple[float, list[Line], str]:
    """Seconds to boot by the machine's own clock, what came of each step, and the transcript."""
    machine = Machine(WORK)
    try:
        took_s = machine.start()
        boot_s = float(machine.must("cut", "-d ", "-f1", "/proc/uptime"))
        print(f"emulated door: booted in {boot_s:.1f} s of its own, {took_s:.0f} s here", flush=True)
        bench = Bench(machine)
        bench.watch()
        chosen = [step for step in STEPS if not words or step in STEPS[:2] or any(word in step.what for word in words)]
        return boot_s, [_try(step, bench, until) for step in chosen], bench.transcript()
    finally:
        machine.cut()


def _try(step: Step, bench: Bench, until: float) -> Line:
    began = time.monotonic()
    if began > until:
        return Line(step.what, step.promise, Outcome(False, "not tried: no time was left"), 0.0)
    try:
        outcome = step.run(bench)
    except Exception as error:
        traceback.print_exc()
        outcome = Outcome(False, f"ended with {type(error).__name__}: {error}"[:400])
    bench.keep(step.what)
    line = Line(step.what, step.promise, outcome, time.monotonic() - began)
    print(f"{'kept  ' if outcome.kept else 'BROKEN'} {line.took_s:5.0f} s  {line.what}: {outcome.happened}", flush=True)
    return line


if __name__ == "__main__":
    sys.exit(main())
