"""Drives the page in Debian's Chromium: `make test-browser`.

    .venv/bin/python scripts/browser_evidence.py [--write docs/evidence/browser.md]

Runs tests/browser, keeps what was seen in .browser/, and ends in a line of figures. Without Chromium it says so, and
that is no failure.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.driven import ARTEFACTS, missing  # noqa: E402

PAGE = """# The page in a real browser

Written by `make test-browser`: {browser}, driven at real `lintel simulate --web` and `lintel watch --web`.
{passed} tests passed, {failed} failed, {skipped} skipped, in {took} s. After each visit the browser's console must be
silent, and nothing may have been asked of another host. `.browser/` has the pictures.

| measured | |
|---|---|
{figures}

| what was done | |
|---|---|
{rows}
"""


class Outcomes:
    """What became of each test."""

    def __init__(self) -> None:
        self.by_name: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes a test's outcome: of its call, or of what kept it from that."""
        if report.when == "call" or not report.passed:
            self.by_name[report.nodeid.rpartition("/")[2]] = report.outcome


def main() -> int:
    """Runs the tests, and writes the page if they passed."""
    parser = argparse.ArgumentParser(description="Drive the page in a real browser.")
    parser.add_argument("--write", type=Path, help="the page to write")
    page = parser.parse_args().write
    if reason := missing():
        print(f"browser: skipped, {reason}")
        return 0
    shutil.rmtree(ARTEFACTS, ignore_errors=True)
    began, outcomes = time.monotonic(), Outcomes()
    status = pytest.main([str(ROOT / "tests" / "browser"), "-p", "no:cacheprovider"], plugins=[outcomes])
    took_s, counts = time.monotonic() - began, Counter(outcomes.by_name.values())
    figures = _figures()
    measured = "; ".join(figures.values())
    print(f"browser: {counts['passed']} passed, {counts['failed']} failed in {took_s:.0f} s; {measured}")
    if status == 0 and page is not None:
        page.write_text(_page(outcomes, counts, took_s, figures), encoding="utf-8")
        print(f"{page} written")
    return int(status)


def _figures() -> dict[str, str]:
    kept = ARTEFACTS / "figures.json"
    found: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
    return found


def _page(outcomes: Outcomes, counts: Counter[str], took_s: float, figures: dict[str, str]) -> str:
    program = shutil.which("chromium") or "chromium"
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return PAGE.format(
        browser=" ".join(version.split()[:2]),
        passed=counts["passed"],
        failed=counts["failed"],
        skipped=counts["skipped"],
        took=round(took_s),
        figures="\n".join(f"| {what} | {words} |" for what, words in figures.items()),
        rows="\n".join(f"| {_words(name)} | {outcome} |" for name, outcome in outcomes.by_name.items()),
    )


def _words(name: str) -> str:
    """A test's name as a sentence, with what it was tried with."""
    title, _, given = name.partition("::")[2].removesuffix("]").partition("[")
    words = title.removeprefix("test_").replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}" + (f" ({given})" if given else "")


if __name__ == "__main__":
    sys.exit(main())
