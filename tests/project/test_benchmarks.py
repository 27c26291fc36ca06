"""What README and the notes quote can be run: each benchmark, small, in a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = {
    "audit_chain": ("--commits", "5", "--rows", "200"),
    "badge_flood": ("--seconds", "1"),
    "brightened_faces": ("--data", ""),
    "camera_health": ("--hours", "0.002", "--frames", "5"),
    "idle_camera": ("--seconds", "0.5"),
    "identification": ("--people", "50", "--rounds", "2", "--stored", "50"),
    "looking_on": ("--data", "", "--visits", "5"),
    "link": ("--rows", "500", "--rounds", "1", "--seconds", "0.2"),
    "look_alikes": ("--people", "40"),
    "many_people": ("--people", "10", "--rounds", "1", "--starts", "1"),
    "mqtt": ("--rows", "500"),
    "mixed_frames": ("--mixes", "2", "--data", "", "--visits", "3"),
    "one_invoke": ("--rounds", "3"),
    "pad_cues": ("--rounds", "2"),
    "passive_network": ("--data", ""),
    "page": ("--minutes", "0.03", "--badges", "1"),
    "pin": ("--rounds", "2"),
    "pipeline": ("--rounds", "1"),
    "rendering": ("--frames", "2"),
    "turned_pictures": ("--data", ""),
    "shades_of_gray": ("--data", ""),
    "simulated_attacks": ("--small",),
    "store": ("listing", "--rows", "50", "--people", "5", "--seconds", "1"),
    "subscription": ("--rows", "500"),
    "vault": ("--people", "40"),
    "wiegand": ("--seconds", "0.4"),
}
PAGES = [
    ROOT / "README.md",
    ROOT / "models" / "README.md",
    ROOT / "Makefile",
    ROOT / "DECISIONS.md",
    *(ROOT / "docs").glob("*.md"),
]


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "LINTEL_DATA"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize("name", sorted(set(SMALL) - {"pipeline"}))
def test_benchmark_runs(name: str, tmp_path: Path) -> None:
    cache = ("--cache", str(tmp_path)) if name == "mixed_frames" else ()
    ended = run(sys.executable, "-W", "error", ROOT / "benchmarks" / f"{name}.py", *SMALL[name], *cache)
    assert (ended.returncode, ended.stderr if ended.returncode else "") == (0, "")
    assert re.search(r"\d", ended.stdout)


@pytest.mark.slow(small="test_benchmark_runs")
def test_benchmark_of_the_pipeline_prints_what_the_docs_quote() -> None:
    """The stages and their order, to the last line: models/README.md quotes all of it."""
    pytest.importorskip("dlib", reason="the pipeline is timed against dlib's, and dlib is not installed")
    (quoted,) = re.findall(
        r"```text\n(one 640x480 frame.*?)```", (ROOT / "models" / "README.md").read_text(), re.DOTALL
    )
    ended = run(sys.executable, "-W", "error", ROOT / "benchmarks" / "pipeline.py", *SMALL["pipeline"])
    assert (ended.returncode, ended.stderr if ended.returncode else "") == (0, "")

    def words(text: str) -> list[str]:
        return [re.sub(r"[\d.]+( ms|x)?", "#", line).rstrip() for line in text.splitlines()]

    assert [re.sub(r" +", " ", line) for line in words(ended.stdout)] == [
        re.sub(r" +", " ", line) for line in words(quoted)
    ]


def test_parsers_are_fuzzed_as_the_docs_say() -> None:
    quoted = re.findall(
        r"`python (scripts/fuzz_readers\.py) --parser NAME --inputs \d+ --seed 1`",
        (ROOT / "docs" / "worst-day.md").read_text(),
    )
    ended = run(sys.executable, *quoted, "--parser", "rdm6300", "--inputs", "200", "--seed", "1")
    assert (ended.returncode, "rdm6300" in ended.stdout) == (0, True)


def test_every_benchmark_is_run_small() -> None:
    assert set(SMALL) == {path.stem for path in (ROOT / "benchmarks").glob("*.py")}


def test_every_benchmark_that_is_quoted_is_there() -> None:
    quoted = {name for page in PAGES for name in re.findall(r"benchmarks/(\w+)\.py", page.read_text())}
    assert quoted - set(SMALL) == set()
