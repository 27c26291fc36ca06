"""Lets atheris look for inputs that take new ways through the readers' parsers, beginning with tests/fuzz_corpus.

    .venv/bin/python scripts/fuzz_coverage.py --seconds 60 --keep

Each parser has a process of its own, as libFuzzer ends it. `--keep` puts the short ones among the inputs that found a
new way into the corpus. atheris is fetched on demand, its hash checked, into a folder beside the environment.
"""

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from environments import ROOT
from fuzz_corpus import keep, kept_inputs

ATHERIS = ROOT / ".venv-fuzz"
REQUIREMENT = "atheris==3.0.0"
HASHES = (
    "8a5c8a781467c187da40fd29139784193e2647058831f837f675d0bb8cbd8746",
    "510e502c57b6dc615fb174066407af620d4c7f73cf08a782c86e7761bf12c4eb",
    "a402cdca8a650d1371050b1f9552eb4cdc488d2db64950d603c4560318365eac",
)
"""Of its wheels for x86-64 and CPython 3.11, 3.12 and 3.13."""
MAX_BYTES = 512
"""Of an input that libFuzzer makes."""


def main() -> int:
    """Runs what the command line asks for; 1 if a promise was broken."""
    from fuzz_targets import TARGETS

    parser = argparse.ArgumentParser(description="Look for inputs that take new ways through the readers' parsers.")
    names = [target.name for target in TARGETS]
    parser.add_argument("--parser", default="all", choices=["all", *names], help="one of them, all by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each parser, 60 by default")
    parser.add_argument("--keep", action="store_true", help="put what was found into tests/fuzz_corpus")
    arguments = parser.parse_args()
    fetch()
    chosen = names if arguments.parser == "all" else [arguments.parser]
    results = [look(name, arguments.seconds, may_keep=arguments.keep) for name in chosen]
    return 0 if all(results) else 1


def fetch() -> None:
    """Has pip install atheris where it is not yet."""
    if (ATHERIS / "atheris").is_dir():
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(" ".join([REQUIREMENT, *(f"--hash=sha256:{digest}" for digest in HASHES)]))
        file.flush()
        options = ("--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--target", str(ATHERIS))
        subprocess.run([sys.executable, "-m", "pip", "install", *options, "--requirement", file.name], check=True)


def look(name: str, seconds: int, *, may_keep: bool) -> bool:
    """Looks for inputs to one parser; says what came of it. Whether no promise was broken."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, data in enumerate(kept_inputs(name)):
            (corpus / f"kept-{number}").write_bytes(data)
        limits = (f"-max_len={MAX_BYTES}", "-timeout=5", "-rss_limit_mb=1024", f"-artifact_prefix={folder}/")
        ended = _fuzz(name, *limits, f"-max_total_time={seconds}", str(corpus))
        if ended.returncode:
            print(ended.stderr[-4000:], file=sys.stderr)
            for artifact in Path(folder).glob("*-*"):
                print(f"{name}: {artifact.name}: {artifact.read_bytes().hex()}", file=sys.stderr)
            return False
        found = [path.read_bytes() for path in corpus.iterdir()]
    print(f"{name:13} {_last_line(ended.stderr)}", flush=True)
    if may_keep:
        keep(name, found)
    return True


def _fuzz(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs libFuzzer on one parser, in a process of its own."""
    paths = os.pathsep.join((str(ATHERIS), str(ROOT / "scripts")))
    code = f"import fuzz_coverage; fuzz_coverage.fuzz({name!r})"
    command = [sys.executable, "-c", code, *options]
    environment = os.environ | {"PYTHONPATH": paths}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace", check=False
    )


def _last_line(said: str) -> str:
    """How many ways were found, and in how many inputs: libFuzzer's last line of progress."""
    lines = [line for line in said.splitlines() if " cov: " in line]
    return " ".join(lines[-1].split()[2:]) if lines else "nothing new"


def fuzz(name: str) -> None:
    """What the process of one parser does. It does not return."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["device"]):
        targets = importlib.import_module("fuzz_targets")
    target = targets.target_named(name)
    atheris.Setup(sys.argv, lambda data: targets.try_once(target, data))
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
