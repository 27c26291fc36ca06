"""Asks Home Assistant's own MQTT integration what it makes of the doors: `make test-home-assistant`.

    .venv/bin/python scripts/home_assistant.py [--write docs/evidence/home-assistant.md]

In an environment of its own, as Home Assistant needs Python 3.13 and pins hundreds of packages.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from environments import ROOT, EnvironmentProblem, find_interpreter, ready

PYTHON = "3.13"
REQUIREMENTS = Path("requirements/home-assistant.txt")
FOLDER = ROOT / "tests" / "home_assistant"
PAGE = """# Home Assistant

Written by `make test-home-assistant`. Home Assistant {home} with its own MQTT integration, not a copy of it, and
{mosquitto}, on the loopback; at the other end the link's wire in a process of its own. No lock, button or
switch is created unless commands are allowed. {passed} tests passed, {failed} failed, in {took} s, Python {python}.

| what Home Assistant did | |
|---|---|
{rows}
"""


def main() -> int:
    """Runs the tests, and writes the page if they passed."""
    parser = argparse.ArgumentParser(description="Ask Home Assistant's own MQTT integration.")
    parser.add_argument("--write", type=Path, help="the page to write")
    page = parser.parse_args().write
    python = find_interpreter(PYTHON)
    missing = "no working Python 3.13" if python is None else "" if _mosquitto() else "no mosquitto"
    if python is None or missing:
        print(f"home assistant: skipped, found {missing}. sudo apt install mosquitto python3.13-venv")
        return 0
    try:
        folder = ready(".venv-home-assistant", REQUIREMENTS, python, has_lintel=False)
    except EnvironmentProblem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return _ask(folder, page)


def _ask(folder: Path, page: Path | None) -> int:
    began = time.monotonic()
    options = ["--rootdir", str(FOLDER), "--confcutdir", str(FOLDER), "-p", "no:cacheprovider", "-p", "no:sugar", "-v"]
    command = [str(folder / "bin/python"), "-m", "pytest", "-c", str(FOLDER / "pytest.ini"), *options]
    environment = os.environ | {"LINTEL_PYTHON": sys.executable}
    ended = subprocess.run(
        [*command, str(FOLDER / "entities.py"), str(FOLDER / "commands.py")],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        check=False,
    )
    print(ended.stdout)
    found = re.findall(r"::test_(\w+) (PASSED|FAILED|ERROR)", ended.stdout)
    if page is not None and ended.returncode == 0 and found:
        page.write_text(_page(folder, found, time.monotonic() - began), encoding="utf-8")
    return ended.returncode


def _page(folder: Path, found: list[tuple[str, str]], took_s: float) -> str:
    passed = sum(outcome == "PASSED" for _, outcome in found)
    return PAGE.format(
        home=_said([str(folder / "bin/python"), "-c", "import homeassistant.const as c; print(c.__version__)"]),
        python=_said([str(folder / "bin/python"), "-c", "import platform; print(platform.python_version())"]),
        mosquitto=_said([_mosquitto(), "-h"]).splitlines()[0].capitalize(),
        passed=passed,
        failed=len(found) - passed,
        took=f"{took_s:.0f}",
        rows="\n".join(f"| {name.replace('_', ' ')} | {outcome.lower()} |" for name, outcome in found),
    )


def _mosquitto() -> str:
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") or ""


def _said(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
