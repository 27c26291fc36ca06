"""Boots Debian with the door's units in it, as root: `python -m tests.system [--release NAME] [WORDS ...]`."""

import argparse
import os
import shutil
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.rig.checks import Figures, Finding
from tests.system import (
    checks_disk,
    checks_loop,
    checks_package,
    checks_release,
    checks_service,
    checks_signed,
    checks_unattended,
    checks_units,
    checks_watch,
)
from tests.system.door import Door
from tests.system.installed import Installed, in_operation, installed
from tests.system.page import page
from tests.system.steps import Line, Step
from tests.system.trees import NEEDED, RELEASES, WORK, Release, Unready

BOUND_S = 900.0
"""What has not begun by then is not tried, and not kept."""


@dataclass(frozen=True, slots=True)
class Job:
    """Steps for one machine, one after the other."""

    name: str
    steps: tuple[Step, ...]
    is_alone: bool = False
    """No other machine is up meanwhile: its times are measured."""


JOBS = (
    Job("service", (*checks_service.STEPS.all, *checks_units.STEPS.all, *checks_watch.STEPS.all), is_alone=True),
    Job("package", (*checks_package.STEPS.all[:-1], *checks_disk.STEPS.all, *checks_package.STEPS.all[-1:])),
    Job("loop", tuple(checks_loop.STEPS.all)),
    Job("signed", tuple(checks_signed.STEPS.all)),
    Job("unattended", tuple(checks_unattended.STEPS.all)),
    *(Job(f"debian-{number}", (step,)) for number, step in enumerate(checks_release.STEPS.all)),
)


class Run:
    """All that was asked for, within the bound."""

    def __init__(self, words: Sequence[str], patience: float) -> None:
        self._words = words
        self._began = time.monotonic()
        self._bound_s = BOUND_S * patience

    @property
    def took_s(self) -> float:
        """How long it has taken so far, seconds."""
        return time.monotonic() - self._began

    def lines(self, releases: Sequence[Release]) -> list[Line]:
        """Every step on each release: first those that are alone, then the others side by side."""
        with _all_installed(releases) as there:
            lines = [one.line for one in there]
            for line in lines:
                say(line)
            work = [(job, steps, one) for one in there for job in JOBS if (steps := self._chosen(job, one.release))]
            for job, steps, one in work:
                lines += self._tried(job, steps, one) if job.is_alone else []
            beside = [some for some in work if not some[0].is_alone]
            with ThreadPoolExecutor(max(1, len(beside))) as pool:
                for done in pool.map(lambda some: self._tried(*some), beside):
                    lines += done
        return sorted(lines, key=lambda line: releases.index(line.release))

    def _chosen(self, job: Job, release: Release) -> list[Step]:
        there = [step for step in job.steps if not step.releases or release.name in step.releases]
        return [step for step in there if not self._words or any(word in step.what for word in self._words)]

    def _tried(self, job: Job, steps: Sequence[Step], there: Installed) -> list[Line]:
        lines: list[Line] = []
        try:
            with in_operation(there, job.name) as door:
                for step in steps:
                    lines.append(self._try(step, door, there.release))
                    say(lines[-1])
        except (Unready, AssertionError) as why:
            for step in steps[len(lines) :]:
                lines.append(Line(there.release, step.what, step.promise, not_kept(f"no machine: {why}"), 0.0))
                say(lines[-1])
        return lines

    def _try(self, step: Step, door: Door, release: Release) -> Line:
        began = time.monotonic()
        if self.took_s > self._bound_s:
            late = not_kept(f"not tried, {self._bound_s / 60:.0f} minutes were over")
            return Line(release, step.what, step.promise, late, 0.0)
        try:
            finding = step.run(door)
        except Exception as error:
            traceback.print_exc()
            finding = not_kept(f"ended with {type(error).__name__}: {error}")
        return Line(release, step.what, step.promise, finding, time.monotonic() - began)


def not_kept(why: str) -> Finding:
    """What came of a step that could not be tried to its end."""
    return Finding(False, f"NOT KEPT: {why}"[:600], 0)


def main() -> int:
    """Every step on each release, a line each, then a line of figures; 1 if a promise was not kept, 2 if not tried."""
    parser = argparse.ArgumentParser(prog="python -m tests.system", description=__doc__)
    parser.add_argument("words", nargs="*", help="only steps that have one of these")
    parser.add_argument("--release", choices=[one.name for one in RELEASES], help="only this one")
    parser.add_argument("--patience", type=float, default=1.0, help="so many times as long anything may take")
    parser.add_argument("--write", type=Path, help="the page to write")
    chosen = parser.parse_args()
    Figures.patience = chosen.patience
    releases = [one for one in RELEASES if chosen.release in (None, one.name)]
    run = Run(chosen.words, chosen.patience)
    try:
        check_machine()
        lines = run.lines(releases)
    except Unready as why:
        print(f"error: {why}", file=sys.stderr)
        return 2
    if chosen.write is not None:
        chosen.write.write_text(page(lines, run.took_s, chosen.patience), encoding="utf-8")
    broken = sum(not line.finding.kept for line in lines)
    names = " and ".join(one.name for one in releases)
    print(f"system: {len(lines)} steps on {names}: {len(lines) - broken} kept, {broken} not kept, {run.took_s:.0f} s")
    return 1 if broken else 0


def check_machine() -> None:
    """Raises `Unready` where nothing can be booted."""
    for program, package in NEEDED.items():
        if shutil.which(program) is None:
            raise Unready(f"{program} is missing. On Debian: sudo apt install {package}")
    if os.geteuid() != 0:
        raise Unready("only root can make and boot a tree: sudo make test-system")


@contextmanager
def _all_installed(releases: Sequence[Release]) -> Iterator[list[Installed]]:
    try:
        yield [installed(release) for release in releases]
    finally:
        shutil.rmtree(WORK / "machines", ignore_errors=True)


def say(line: Line) -> None:
    """A line for a step, as it ends."""
    mark = "kept  " if line.finding.kept else "BROKEN"
    print(f"{line.release.name:8} {mark} {line.took_s:5.1f} s  {line.what}: {line.finding.happened}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
