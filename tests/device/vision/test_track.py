"""A track is of one face: each probe is near the last one and matches the first; and how little that refuses."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from device.records import Box, Probe, Quality, Track
from device.vision.manifest import DecisionRule, Fusion, OperatingPoint
from device.vision.track import follows

ROOT = Path(__file__).parents[3]
RULE = DecisionRule(
    metric="cosine-similarity",
    direction="higher-is-closer",
    target_fmr=1e-4,
    dataset="none",
    fusion=Fusion(least_probe_length=0.985, least_reference_length=0.99),
    points=(
        OperatingPoint(references=1, probes=1, threshold=0.9, non_mated_comparisons=1),
        OperatingPoint(references=3, probes=3, threshold=0.95, non_mated_comparisons=1),
    ),
)


def probe(angle: float, *, x: float = 100.0, size: float = 100.0) -> Probe:
    """A probe whose embedding is turned by this angle, in radians; 0.451 is the threshold's."""
    embedding = np.array([np.cos(angle), np.sin(angle)], np.float32)
    return Probe(embedding, Quality(face_px=150, brightness=120, blur=0.3, turn=0.0), Box(x, 100, size, size))


def lengths(*probes: Probe) -> list[int]:
    """How long the track is after each probe."""
    track: Track = ()
    found = []
    for one in probes:
        track = (*track, one) if follows(track, one, RULE) else (one,)
        found.append(len(track))
    return found


@pytest.mark.parametrize(("angle", "length"), [(0.0, 2), (0.44, 2), (0.46, 1), (3.1, 1)])
def test_probe_that_matches_the_first_continues_the_track(angle: float, length: int) -> None:
    assert lengths(probe(0.0), probe(angle))[-1] == length


def test_chain_of_matches_does_not_lead_from_one_face_to_another() -> None:
    assert lengths(probe(0.0), probe(0.4), probe(0.8)) == [1, 2, 1]


def test_face_that_jumps_is_another_one() -> None:
    assert lengths(probe(0.0), probe(0.0, x=250.0)) == [1, 1]


def test_face_that_walks_is_the_same_one() -> None:
    assert lengths(probe(0.0), probe(0.0, x=190.0), probe(0.0, x=280.0)) == [1, 2, 3]


@pytest.mark.parametrize(("size", "length"), [(150.0, 2), (151.0, 1), (67.0, 2), (66.0, 1)])
def test_face_that_is_suddenly_larger_or_smaller_is_another_one(size: float, length: int) -> None:
    assert lengths(probe(0.0), probe(0.0, size=size))[-1] == length


def test_face_that_comes_closer_is_the_same_one() -> None:
    assert lengths(*(probe(0.0, size=60.0 * 1.4**number) for number in range(4))) == [1, 2, 3, 4]


def measured(*arguments: str) -> list[str]:
    """The lines of `benchmarks/mixed_frames.py` with figures, each the numbers before `of` and the `fused alone`."""
    command = [sys.executable, str(ROOT / "benchmarks" / "mixed_frames.py"), "--data", "", *arguments]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return printed.stdout.splitlines()


@pytest.mark.slow(small="tests/project/test_benchmarks.py::test_benchmark_runs")
def test_benchmark_of_mixed_frames_grants_none_of_the_two_portraits() -> None:
    """Sixty mixes: two frames of the holder and one of the other are fused into a match, and not granted."""
    lines = measured("--mixes", "10")
    two_to_one = [line for line in lines if line.startswith("  2 + 1")]
    assert len(two_to_one) == 3
    assert all("granted      0 of 10" in line and "fused alone     10 of 10" in line for line in two_to_one)
    assert "  unmixed, refused by the track alone: +0.000 points" in lines
