"""What the device's tests share: the analyzer, the portraits, and the command line."""

import contextlib
import io
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from device.cli.main import cli
from device.commandline import run_command
from device.config import VisionSettings
from device.images import read_image
from device.records import Image
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.models import shipped_models_dir

LINTEL = Path(sys.executable).parent / "lintel"
PROCESS_TIMEOUT_S = 60


@dataclass(frozen=True)
class Ended:
    """What a command line did."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


@pytest.fixture(scope="session")
def analyzer() -> FaceAnalyzer:
    return load_analyzer(VisionSettings(threads=1))


@pytest.fixture(scope="session")
def portrait_files() -> dict[str, Path]:
    """By name: eileen-collins, grace-hopper."""
    return {path.stem: path for path in sorted((shipped_models_dir() / "portraits").glob("*.jpg"))}


@pytest.fixture(scope="session")
def portraits(portrait_files: dict[str, Path]) -> Mapping[str, Image]:
    """By name, not to be written to."""
    images = {name: read_image(path) for name, path in portrait_files.items()}
    for image in images.values():
        image.setflags(write=False)
    return images


@pytest.fixture
def lintel(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Runs a command line in this process: `lintel("people", "list", typed="y\\n")`."""

    def run(*arguments: object, typed: str = "") -> Ended:
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            exit_code = run_command(cli, [str(argument) for argument in arguments])
        return Ended(exit_code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def lintel_process() -> Callable[..., Ended]:
    """Runs a command line in a process of its own."""

    def run(*arguments: object, typed: str = "") -> Ended:
        command = [str(LINTEL), *(str(argument) for argument in arguments)]
        ended = subprocess.run(
            command, input=typed, capture_output=True, text=True, timeout=PROCESS_TIMEOUT_S, check=False
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run
