"""What the device's tests share: the analyzer, the portraits, the command line, and a board without hardware."""

import contextlib
import io
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import gpiozero.pins.local
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
PI_4B = 0xC03114


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


class Lgpio(ModuleType):
    """Stands in for lgpio: writes down what is asked of the kernel, and can refuse."""

    BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2
    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64
    error = type("error", (Exception,), {})

    def __init__(self):
        super().__init__("lgpio")
        self.asked = []
        self.refused = set()
        self.imported_in = None

    def _ask(self, what, *arguments):
        self.asked.append((what, *arguments))
        if what in self.refused:
            raise self.error("GPIO busy")

    def gpiochip_open(self, chip):
        self._ask("open", chip)
        return 7

    def gpiochip_close(self, handle):
        self._ask("close", handle)

    def gpio_claim_input(self, handle, pin, _flags=0):
        self._ask("input", handle, pin)

    def gpio_claim_output(self, handle, pin, level=0, _flags=0):
        self._ask("output", handle, pin, level)

    def gpio_write(self, handle, pin, level):
        self._ask("write", handle, pin, int(level))

    def gpio_read(self, _handle, _pin):
        return self.levels()[-1]

    def gpio_get_mode(self, _handle, _pin):
        return 2 if self.levels() else 0

    def levels(self):
        """What the pin was driven to."""
        return [call[3] for call in self.asked if call[0] in ("output", "write")]


@pytest.fixture
def dev(monkeypatch, tmp_path):
    """A /dev with one GPIO chip."""
    monkeypatch.setattr("device.door.gpio.DEVICES", tmp_path)
    (tmp_path / "gpiochip0").touch()
    return tmp_path


@pytest.fixture
def runtime(monkeypatch, tmp_path):
    """The folder that systemd makes for the service."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    return folder


@pytest.fixture
def lgpio(monkeypatch, dev):  # noqa: ARG001 - the chip must be there
    """The stand-in, on a Raspberry Pi 4."""
    module = Lgpio()
    monkeypatch.setitem(sys.modules, "lgpio", module)
    for name in ("gpiozero.pins.lgpio", "device.door.lgpio_pins"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(gpiozero.pins.local, "get_pi_revision", lambda: PI_4B)
    monkeypatch.setattr(gpiozero.pins.local.LocalPiFactory, "pins", {})
    monkeypatch.setattr(gpiozero.pins.local.LocalPiFactory, "_reservations", defaultdict(list))
    yield module
    for name in ("gpiozero.pins.lgpio", "device.door.lgpio_pins"):
        sys.modules.pop(name, None)
