"""Runs the rig: `python -m tests.rig [--small] [--part N] [--write FILE] [WORDS ...]`; WORDS choose by the fault."""

import argparse
import os
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.rig.all import ALL
from tests.rig.checks import Check, Finding
from tests.rig.report import Line, report
from tests.rig.rig import end_all
from tests.rig.strace import Skipped


def main() -> int:
    """All checks, a line each; 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.rig", description=__doc__)
    parser.add_argument("words", nargs="*", help="only checks whose room or fault has one of these")
    parser.add_argument("--small", action="store_true", help="a few tries of each")
    parser.add_argument("--part", type=int, default=1, metavar="N", help="an Nth of the tries, no fewer than a few")
    parser.add_argument("--write", type=Path, help="the page to write")
    parser.add_argument("--jobs", type=int, default=1, help="so many checks at a time")
    chosen = parser.parse_args()
    checks = [
        check
        for check in ALL
        if not chosen.words or any(word in f"{check.room} {check.fault}" for word in chosen.words)
    ]
    began = time.monotonic()
    try:
        lines = _tried(checks, part=10**6 if chosen.small else chosen.part, jobs=chosen.jobs)
    except KeyboardInterrupt:
        end_all()
        os._exit(130)
    if chosen.write is not None:
        chosen.write.parent.mkdir(parents=True, exist_ok=True)
        chosen.write.write_text(report(lines, time.monotonic() - began))
    broken = sum(line.finding is not None and not line.finding.kept for line in lines)
    skipped = sum(line.finding is None for line in lines)
    print(f"rig: {len(lines)} checks, {broken} promises not kept, {skipped} skipped, {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


def _tried(checks: list[Check], *, part: int, jobs: int) -> list[Line]:
    """In the order of the checks; what goes on for minutes begins first, beside the others."""
    lines: dict[int, Line] = {}
    pool = ThreadPoolExecutor(jobs)
    running = {
        pool.submit(_try, check, part=part): number
        for number, check in sorted(enumerate(checks), key=lambda one: one[1].size.unit != "s")
    }
    for done, future in enumerate(as_completed(running), 1):
        line = lines[running[future]] = future.result()
        mark = "skipped" if line.finding is None else "kept   " if line.finding.kept else "BROKEN "
        said = f"{line.check.fault}: {line.happened}"
        print(f"[{done}/{len(checks)}] {mark} {line.took_s:5.1f} s  {said}", flush=True)
    return [lines[number] for number in sorted(lines)]


def _try(check: Check, *, part: int) -> Line:
    began = time.monotonic()
    try:
        finding = check.run(max(check.size.small, check.size.full // part))
    except Skipped as why:
        return Line(check, None, str(why), time.monotonic() - began)
    except Exception as error:
        traceback.print_exc()
        finding = Finding(False, f"NOT KEPT: the check ended with {type(error).__name__}: {error}"[:400], 0)
    return Line(check, finding, finding.happened, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
