"""The page of a soak: what was measured beside what is promised."""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass

from tests.soak.figures import Figures, Sample

MOST_SLOPE_KIB, MOST_DRIFT = 1.0, 0.1
MOST_READY_S, MOST_SECURE_S, MOST_IDLE, MOST_RSS_MB = 3.0, 0.5, 0.05, 160.0
MOST_WOKEN = 100.0
"""A camera of 15 frames a second included."""
HEAD = """# Swipes for a long time

Written by `make soak`, which runs the real `lintel run` as a child process at the rig's virtual ports: a person with
the right face at the way in, others who leave, each swipe with its row in the audit. The camera is a child that writes
frames to a pipe, as `rpicam-vid` does, and the environment is the unit's. Memory is the kernel's count of pages
(`smaps_rollup`), its slope the median between any two samples (Theil and Sen).

`make soak SECONDS=1800` takes as long as 20,000 swipes need.

| what | measured | promise | |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """All that was measured."""

    samples: tuple[Sample, ...]
    took_s: float
    ready_s: float
    """From the start of the process to READY=1."""
    idle: float
    """Share of a core while no one is at the door."""
    woken: float
    """How often a second its threads wake meanwhile."""
    secure_s: float
    """`lintel door secure` beside the running service."""

    @property
    def most_rss_mb(self) -> float:
        """The largest resident memory, millions of bytes."""
        return max(one.rss_kib for one in self.samples) * 1024 / 1e6

    def is_kept(self, figures: Figures) -> bool:
        """Whether all promises are."""
        return all(kept for _, _, _, kept in _rows(self, figures))


def _rows(taken: Taken, found: Figures) -> Iterator[tuple[str, str, str, bool]]:
    fds, threads = found.descriptors, found.threads
    low, high = found.interval_kib
    slope = f"{found.slope_kib:+.2f} KiB ({low:+.2f} to {high:+.2f}) for each 1,000 swipes"
    yield "resident memory grows by", slope, "less than 1", found.slope_kib < MOST_SLOPE_KIB
    yield "descriptors", f"{fds[0]} to {fds[1]}", "constant", fds[0] == fds[1]
    yield "threads", f"{threads[0]} to {threads[1]}", "constant", threads[0] == threads[1]
    drift = f"{found.p99_drift:+.1%}"
    yield "99th percentile of badge to relay drifts by", drift, "less than 10 %", found.p99_drift < MOST_DRIFT
    yield "largest resident memory", f"{taken.most_rss_mb:.0f} MB", "under 160 MB", taken.most_rss_mb < MOST_RSS_MB
    yield "start to ready", f"{taken.ready_s:.2f} s", "under 3 s", taken.ready_s < MOST_READY_S
    yield "`lintel door secure`", f"{taken.secure_s:.2f} s", "under 0.5 s", taken.secure_s < MOST_SECURE_S
    yield "processor with no one at the door", f"{taken.idle:.1%} of a core", "under 5 %", taken.idle < MOST_IDLE
    woken = f"{taken.woken:.0f} a second"
    yield "wake-ups with no one at the door", woken, "under 100 a second", taken.woken < MOST_WOKEN


def report(taken: Taken, found: Figures) -> str:
    """The page."""
    rows = "".join(
        f"| {what} | {measured} | {promise} | {'kept' if kept else 'NOT KEPT'} |\n"
        for what, measured, promise, kept in _rows(taken, found)
    )
    step = max(1, len(taken.samples) // 8)
    way = ", ".join(f"{one.rss_kib / 1024:.2f} after {one.swipes:,}" for one in taken.samples[::step])
    return (
        f"{HEAD}{rows}\n{found.swipes:,} swipes in {taken.took_s / 60:.0f} minutes; the first half warms up and is "
        f"left out. Python {platform.python_version()}, {os.cpu_count()} cores.\n\n"
        f"Resident memory on the way, MiB: {way}.\n"
    )
