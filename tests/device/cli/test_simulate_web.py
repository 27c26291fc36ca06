"""`lintel simulate --web`: its options, what is missing said with what to do, and a quick end."""

import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from device.cli import simulation_page
from device.errors import DependencyMissing
from tests.device.commands import Lintel
from tests.processes import output_of, started

LINTEL = Path(sys.executable).parent / "lintel"


@pytest.mark.parametrize(
    "options",
    [
        ("--port", "8470"),
        ("--no-browser",),
        ("--web", "--json"),
        ("--web", "--step", "2"),
        ("--web", "--webcam"),
        ("--web", "--video", "clip.mp4"),
        ("--web", "--port", "65536"),
    ],
)
def test_options_that_do_not_go_together_are_refused(lintel: Lintel, options: tuple[str, ...]) -> None:
    assert lintel("simulate", *options).exit_code == 2


def test_scenario_that_is_wrong_is_refused_before_the_page(lintel: Lintel, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text("title = 1")
    assert lintel("simulate", "--web", "--no-browser", "--scenario", str(tmp_path / "wrong.toml")).exit_code == 11


def test_missing_package_is_said_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(DependencyMissing) as missing:
        simulation_page.refuse_without_packages()
    assert "uvicorn" in missing.value.message
    assert "[sim]" in missing.value.hint


def test_page_ends_cleanly_by_ctrl_c() -> None:
    with started([LINTEL, "simulate", "--web", "--no-browser"], stdout=subprocess.PIPE) as process:
        address = output_of(process).readline().split()[-1].partition("#")[0]
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert answer.status == 200
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(60)
        assert (process.returncode, time.monotonic() - began < 5.0) == (0, True)
