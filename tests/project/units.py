"""What the units of systemd say, and what systemd says of them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
NEEDS_SYSTEMD = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def values_in(name: str, unit: Path) -> list[str]:
    """What a unit says under a name, in its order."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What `systemd-analyze` said, and its exit code."""
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)
