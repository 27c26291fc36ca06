"""Times a search for one probe among many people, and reading that many references from the store.

    python benchmarks/identification.py [--people 100000] [--rounds 50] [--stored 100000]

The search is `device.vision.identification.nearest`: one float32 matrix product and the choice of the most similar. It
is timed alone, as by a service that keeps its gallery, with one thread and with two.
Reading is timed on a database of random unit vectors, one reference a person, in a folder that is deleted.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
LENGTH = 128
TOP = 10


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--people", type=int, default=100_000, help="how many the probe is searched among")
    arguments.add_argument("--rounds", type=int, default=50, help="searches that are timed")
    arguments.add_argument("--stored", type=int, default=100_000, help="how many are read from a database")
    arguments.add_argument("--search-alone", action="store_true", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.search_alone:
        print(*search_ms(chosen.people, chosen.rounds))
        return
    print(f"the {TOP} most similar of {chosen.people} people, {LENGTH} numbers each, {chosen.rounds} probes one by one")
    for threads in ("1", "2"):
        median, fastest = in_a_process(threads, chosen.people, chosen.rounds)
        print(f"  search, threads: {threads}               {median:8.2f} ms median, {fastest:.2f} ms fastest")
    print(f"  fuse {chosen.people:6d} references         {templates_ms(chosen.people):8.0f} ms")
    print(f"  read and fuse {chosen.stored:6d} references{store_ms(chosen.stored):8.0f} ms")


def in_a_process(threads: str, people: int, rounds: int) -> tuple[float, float]:
    """Median and fastest search in a process with so many threads: a library of linear algebra reads it once."""
    environment = {**os.environ, **dict.fromkeys(THREADS, threads)}
    command = [sys.executable, __file__, "--search-alone", "--people", str(people), "--rounds", str(rounds)]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    median, fastest = printed.split()
    return float(median), float(fastest)


def search_ms(people: int, rounds: int) -> tuple[float, float]:
    """Median and fastest."""
    from device.vision.identification import nearest
    from device.vision.manifest import Fusion

    fusion = Fusion(least_probe_length=0.985, least_reference_length=0.99)
    known, probes = unit_vectors(people), unit_vectors(rounds + 3)
    samples = [timed(partial(nearest, probe, known, TOP, fusion=fusion)) for probe in probes]
    return statistics.median(samples[3:]), min(samples[3:])


def templates_ms(people: int) -> float:
    from device.vision.identification import templates
    from device.vision.manifest import Fusion

    fusion = Fusion(least_probe_length=0.985, least_reference_length=0.99)
    references = list(unit_vectors(people)[:, None])
    return timed(lambda: templates(references, fusion))


def store_ms(people: int) -> float:
    from device.identification import read_gallery
    from device.store.store import Store
    from device.vision.manifest import read_manifest
    from device.vision.models import EMBEDDING, shipped_models_dir

    rule, model = read_manifest(shipped_models_dir() / f"{EMBEDDING}.json").decision, "ab" * 32
    assert rule is not None
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        with store.people() as known:
            for number, vector in enumerate(unit_vectors(people)):
                known.add_references(known.add(f"Person {number}", now), vector[None], model, now)
        return timed(lambda: read_gallery(store, model, rule))


def unit_vectors(count: int) -> "NDArray[np.float32]":
    import numpy as np

    drawn = np.random.default_rng(count).normal(size=(count, LENGTH)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
