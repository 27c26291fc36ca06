"""Gives each reader's parser a great many hostile inputs, made from a seed, and says how it went.

    .venv/bin/python scripts/fuzz_readers.py --parser rdm6300 --inputs 1000000 --seed 1

A line for each parser: inputs, CPU seconds, how many badges (or keys, or frames) they made, so that one sees that they
come close to real ones, the slowest input in CPU time, the most that the parser kept, and the peak of the memory that
it took. The first input that breaks a promise ends a parser's run, with the bytes to put into tests/fuzz_corpus.
"""

import argparse
import os
import random
import sys
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from fuzz_targets import TARGETS, Session, Target, size_of, target_named, try_once

SLOWEST_S, SLOWEST_BYTE_S = 0.1, 20e-6
"""CPU time that an input may take, and so much more for each of its bytes: twice the bytes, twice the time."""
LIFE = 1000
"""So many inputs a parser sees before it is made anew."""
TRACED = 20_000
"""So many inputs, the last ones, run with their memory traced, which takes three times as long."""
MOST_MEMORY = 16 << 20
"""Bytes that one input of 60,000 may take for a moment, and what is made of it."""


class Broken(Exception):
    """A parser that broke a promise, and the input that made it do so."""

    def __init__(self, target: Target, data: bytes, cause: BaseException) -> None:
        shown = data.hex() if len(data) <= 500 else f"{data[:500].hex()}... ({len(data)} bytes)"
        super().__init__(f"{target.name}: {type(cause).__name__}: {cause}\n{shown}")


@dataclass(slots=True)
class Tally:
    """How one parser fared."""

    inputs: int = 0
    made: int = 0
    slowest_s: float = 0.0
    kept: int = 0


def main() -> int:
    """Runs what the command line asks for; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description="Give the readers' parsers hostile inputs.")
    names = [target.name for target in TARGETS]
    parser.add_argument("--parser", default="all", choices=["all", *names], help="one of them, all by default")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for each parser, 1,000,000 by default")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same inputs, 1 by default")
    arguments = parser.parse_args()
    chosen = names if arguments.parser == "all" else [arguments.parser]
    broken = 0
    with ProcessPoolExecutor(min(len(chosen), os.cpu_count() or 1)) as processes:
        under_way = [processes.submit(try_parser, name, arguments.inputs, arguments.seed) for name in chosen]
        for found in (ended.result() for ended in as_completed(under_way)):
            print(found.text, file=sys.stderr if found.broken else sys.stdout, flush=True)
            broken += found.broken
    return 1 if broken else 0


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one parser, in words."""

    text: str
    broken: bool = False


def try_parser(name: str, inputs: int, seed: int) -> Found:
    """Runs one parser in this process."""
    try:
        return Found(report(target_named(name), inputs, seed))
    except Broken as broken:
        return Found(f"error: {broken}", broken=True)


def report(target: Target, inputs: int, seed: int) -> str:
    """Runs one parser, and says how it fared. Raises `Broken`."""
    chance, tally, began = random.Random(seed), Tally(), time.process_time()  # noqa: S311 - nothing secret
    traced = min(TRACED, inputs // 10)
    run(target, inputs - traced, chance, tally)
    tracemalloc.start()
    run(target, traced, chance, tally)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    if peak > MOST_MEMORY:
        raise Broken(target, b"", MemoryError(f"it took {peak} bytes"))
    return (
        f"{target.name:13}{tally.inputs:>10,} inputs {time.process_time() - began:>6.0f} s CPU {tally.made:>11,} made "
        f"{1000 * tally.slowest_s:>6.1f} ms slowest {tally.kept:>5} kept {peak / 2**20:>5.1f} MiB peak"
    )


def run(target: Target, inputs: int, chance: random.Random, tally: Tally) -> None:
    """Gives a parser inputs, and adds them to the tally. Raises `Broken`."""
    session = target.begin()
    for number in range(inputs):
        if number % LIFE == 0:
            session = target.begin()
        data = target.make(chance)
        began = time.perf_counter()
        try:
            _give(target, session, data, tally)
            if time.perf_counter() - began > tally.slowest_s:
                tally.slowest_s = max(tally.slowest_s, cpu_time_s(target, data))
        except Exception as cause:
            raise Broken(target, data, cause) from cause


def cpu_time_s(target: Target, data: bytes) -> float:
    """What an input takes without the waits for other processes. Raises `TimeoutError` if it is too much."""
    began = time.process_time()
    try_once(target, data)
    took_s = time.process_time() - began
    if took_s > SLOWEST_S + SLOWEST_BYTE_S * len(data):
        raise TimeoutError(f"it took {took_s:.2f} s for {len(data)} bytes")
    return took_s


def _give(target: Target, session: Session, data: bytes, tally: Tally) -> None:
    tally.made += session.take(data)
    tally.inputs += 1
    kept = size_of(session.kept())
    tally.kept = max(tally.kept, kept)
    if kept > target.may_keep:
        raise MemoryError(f"it keeps {kept}, more than {target.may_keep}")


if __name__ == "__main__":
    sys.exit(main())
