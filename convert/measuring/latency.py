"""How long files take for one chip: medians of runs in turns, so that a busy machine is busy for all of them."""

import time
from collections.abc import Callable, Sequence
from statistics import median

ROUNDS = 5
RUNS_A_ROUND = 10
WARM_UP = 2


def medians_ms(
    runs: Sequence[Callable[[], object]], *, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, ...]:
    """The median time of each in milliseconds, after a warm-up in every round; `clock` gives seconds."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for run, taken in zip(runs, times, strict=True):
            for _ in range(WARM_UP):
                run()
            taken.extend(_timed(run, clock) for _ in range(RUNS_A_ROUND))
    return tuple(median(taken) * 1000 for taken in times)


def _timed(run: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    run()
    return clock() - began
