"""`lintel run` drives the doors before it loads anything that they don't need."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys
from device import open_doors as module

def opened(settings, clock):
    print(*sorted(name for name in sys.argv[1:] if name in sys.modules))
    raise SystemExit(0)

module.open_doors = opened
from device.cli.main import cli

cli(["run"], standalone_mode=False)
"""
LATER = ("cv2", "sqlite3", "device.control.server", "device.operators", "device.assembly", "device.vision.faces")


@pytest.mark.parametrize("name", LATER)
def test_doors_are_driven_before_their_other_parts_are_loaded(tmp_path: Path, name: str) -> None:
    """After a crash in an evacuation each import keeps the door locked for longer."""
    command = [sys.executable, "-c", RUN, name, "device.settings.loading"]
    environment = {"STATE_DIRECTORY": str(tmp_path), "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["device.settings.loading"]
