"""Mutation testing: changes the code a little, over and over, and counts the changes that no test notices.

    .venv/bin/python scripts/mutants.py --room door --seed 1 --minutes 60 --write docs/evidence/mutants.md
    .venv/bin/python scripts/mutants.py --only device/policy/pacing.py --most 100 --survivors
    .venv/bin/python scripts/mutants.py --only device/store/audit.py --tests tests/device/store/test_audit.py

Takes a sample of each file's mutants, drawn from the seed, and tries them file by turn until all are tried or the time
is up. Ends in a line of figures; 1 if a room notices less than 90 %, or a mutant named in mutants.toml survives.
"""

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Self, TypeVar

import click
from environments import ROOT
from mutants_known import Group, Known, TableProblem, load
from mutants_made import Mutant, mutant_at, sites
from mutants_page import Room, Run, Tried, line, page
from mutants_tried import Bench, Learnt, Outcome, TestsFail

T = TypeVar("T")
Tests = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The sample of one file."""

    group: Group
    places: int
    mutants: tuple[Mutant, ...]
    equivalent: tuple[Mutant, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A mutant to try, for a room or as a named one."""

    room: str
    mutant: Mutant
    learnt: Learnt
    deadline: float


def main() -> int:
    """Runs what the command line asks for."""
    arguments = _arguments()
    began = time.monotonic()
    try:
        known = load()
        run = _run(arguments, known, began)
    except (TableProblem, TestsFail) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    if arguments.write:
        Path(arguments.write).write_text(page(run))
    for title, one in run.named:
        print(f"named: {title}: {one.outcome} {one.by}".rstrip())
    print(line(run))
    return 0 if run.kept else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Count the small changes of the code that no test notices.")
    parser.add_argument("--room", default="", help="one room of mutants.toml, all by default")
    parser.add_argument("--only", default="", help="one source file")
    parser.add_argument("--tests", nargs="+", default=[], help="with --only: these tests in place of the room's")
    parser.add_argument("--seed", type=int, default=1, help="of the sample, 1 by default")
    parser.add_argument("--most", type=int, default=40, help="mutants of a file, 40 by default")
    parser.add_argument("--minutes", type=float, default=60.0, help="no mutant is begun later, 60 by default")
    parser.add_argument("--jobs", type=int, default=2, help="processes, 2 by default")
    parser.add_argument("--write", default="", help="the page to write")
    parser.add_argument("--survivors", action="store_true", help="list what no test notices, at once")
    parser.add_argument("--named", action="store_true", help="the named mutants alone")
    return parser.parse_args()


def _run(arguments: argparse.Namespace, known: Known, began: float) -> Run:
    groups = [one for one in known.groups if arguments.room in ("", one.room)]
    if arguments.tests:
        groups = [replace(one, tests=tuple(arguments.tests)) for one in groups]
    drawn = (
        []
        if arguments.named
        else [
            _drawn(group, file, known, random.Random(f"{arguments.seed}:{file}"), arguments.most)  # noqa: S311 - a sample
            for group in groups
            for file in group.files
            if arguments.only in ("", file)
        ]
    )
    named = known.named if not (arguments.room or arguments.only) else ()
    with (
        tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder,
        _Pool(arguments.jobs, Path(folder)) as pool,
    ):
        tests = {one.group.tests for one in drawn if one.mutants} | {one.tests for one in named}
        learnt = pool.learnt(sorted(tests))
        deadline = began + 60 * arguments.minutes
        asked = [Task("", one.mutant, learnt[one.tests], deadline) for one in named]
        asked += [Task(one.room, mutant, learnt[one.tests], deadline) for one, mutant in _in_turn(drawn)]
        tried = pool.tried(asked, _survivor if arguments.survivors else _nothing)
    results = [_explained(one, known) for one in tried if one is not None]
    by_title = [(name.title, one) for name in named for one in results if not one.room and one.mutant == name.mutant]
    rooms = [_room(name, drawn, results) for name in dict.fromkeys(one.group.room for one in drawn)]
    equivalent = [(mutant, known.equivalent[mutant.key]) for one in drawn for mutant in one.equivalent]
    minutes = (time.monotonic() - began) / 60
    return Run(_command(arguments), minutes, sum(one is None for one in tried), rooms, by_title, equivalent)


def _command(arguments: argparse.Namespace) -> str:
    room = f" ROOM={arguments.room}" if arguments.room else ""
    return f"make mutants SEED={arguments.seed} MOST={arguments.most} MINUTES={arguments.minutes:.0f}{room}"


def _drawn(group: Group, file: str, known: Known, chance: random.Random, most: int) -> Drawn:
    source = (ROOT / file).read_text()
    places = sites(source)
    mutants: list[Mutant] = []
    for site in chance.sample(places, len(places)):
        if len(mutants) == most:
            break
        if mutant := mutant_at(file, source, site):
            mutants.append(mutant)
    equivalent = tuple(one for one in mutants if one.key in known.equivalent)
    return Drawn(group, len(places), tuple(one for one in mutants if one not in equivalent), equivalent)


def _in_turn(drawn: Sequence[Drawn]) -> Iterator[tuple[Group, Mutant]]:
    """One mutant of each file after the other, so that each file has its share when the time is up."""
    for row in zip_longest(*([(one.group, mutant) for mutant in one.mutants] for one in drawn)):
        yield from (one for one in row if one)


def _explained(one: Tried, known: Known) -> Tried:
    if one.outcome is not Outcome.SURVIVED:
        return one
    return Tried(one.room, one.mutant, one.outcome, known.survivors.get(one.mutant.key, ""))


def _room(name: str, drawn: Sequence[Drawn], results: Sequence[Tried]) -> Room:
    of_it = [one for one in drawn if one.group.room == name]
    tried = sorted((one for one in results if one.room == name), key=lambda one: (one.mutant.file, one.mutant.line))
    return Room(name, len(of_it), sum(one.places for one in of_it), sum(len(one.equivalent) for one in of_it), tried)


class _Pool:
    """Processes with a bench each."""

    def __init__(self, jobs: int, folder: Path) -> None:
        self._pool = multiprocessing.get_context("fork").Pool(jobs, _start, (folder,))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.terminate()
        self._pool.join()

    def learnt(self, tests: Sequence[Tests]) -> Mapping[Tests, Learnt]:
        """What the tests call on the code as it is. Raises `TestsFail`."""
        with click.progressbar(length=len(tests), label="tests as they are", file=sys.stderr) as shown:
            learnt = dict(_counted(self._pool.imap_unordered(_learn, tests), shown.update))
        for name in sorted({name for one in learnt.values() for name in one.failing}):
            print(f"left out, as it fails on the code as it is: {name}", file=sys.stderr)
        return learnt

    def tried(self, tasks: Sequence[Task], watch: Callable[[Tried], None]) -> list[Tried | None]:
        """What came of each, shown to `watch` at once; None for those that the time did not suffice for."""
        found: list[Tried | None] = []
        with click.progressbar(length=len(tasks), label="mutants", file=sys.stderr) as shown:
            for one in _counted(self._pool.imap_unordered(_try, tasks), shown.update):
                found.append(one)
                if one is not None:
                    watch(one)
        return found


def _survivor(one: Tried) -> None:
    mutant = one.mutant
    if one.outcome is Outcome.SURVIVED:
        print(f"{mutant.file}:{mutant.line} {mutant.function}\n  - {mutant.before}\n  + {mutant.after}", flush=True)


def _nothing(_one: Tried) -> None:
    pass


def _counted(results: Iterator[T], step: Callable[[int], object]) -> Iterator[T]:
    for result in results:
        yield result
        step(1)


_bench: Bench


def _start(folder: Path) -> None:
    global _bench  # noqa: PLW0603 - the process has one
    os.nice(5)
    _bench = Bench(folder / str(os.getpid()))


def _learn(tests: Tests) -> tuple[Tests, Learnt]:
    return tests, _bench.learn(tests)


def _try(task: Task) -> Tried | None:
    if time.monotonic() >= task.deadline:
        return None
    outcome = _bench.try_one(task.mutant, task.learnt)
    return Tried(task.room, task.mutant, outcome, _bench.killer)


if __name__ == "__main__":
    sys.exit(main())
