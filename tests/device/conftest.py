"""What the device's tests share: the analyzer, the portraits, the command line, and a board without hardware."""

import contextlib
import io
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import gpiozero.mixins
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
    """Stands in for lgpio 0.2.2: writes down what is asked of the kernel, and can refuse.

    As the real one it takes a second claim of a pin as fulfilled and leaves the pin as it is.
    """

    BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2
    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64
    INPUT, OUTPUT, ALERT = 1 << 8, 1 << 9, 1 << 10
    IS_OUT = 1 << 1
    error = type("error", (Exception,), {})

    def __init__(self):
        super().__init__("lgpio")
        self.asked = []
        self.refused = set()
        self.chips = {0: ("pinctrl-bcm2711", 58)}
        """(label, lines) of each GPIO chip, by its number."""
        self.imported_in = None
        self._held = {}
        self._flags = {}
        self._levels = defaultdict(int)
        self._callbacks = []

    def _ask(self, what, *arguments):
        self.asked.append((what, *arguments))
        if what in self.refused or (what, *arguments[1:2]) in self.refused:
            raise self.error("GPIO busy")

    def gpiochip_open(self, chip):
        """A handle that is 7 more than the number."""
        self._ask("open", chip)
        if chip not in self.chips:
            raise self.error("can not open gpiochip")
        return 7 + chip

    def gpio_get_chip_info(self, handle):
        label, lines = self.chips[handle - 7]
        return [0, lines, f"gpiochip{handle - 7}", label]

    def gpiochip_close(self, handle):
        self._ask("close", handle)
        self._held.clear()

    def gpio_claim_input(self, handle, pin, flags=0):
        self._ask("input", handle, pin, flags)
        if self._held.get(pin) != self.INPUT:
            self._hold(pin, self.INPUT, flags)

    def gpio_claim_output(self, handle, pin, level=0, _flags=0):
        self._ask("output", handle, pin, level)
        if self._held.get(pin) != self.OUTPUT:
            self._hold(pin, self.OUTPUT, self.IS_OUT)
            self._levels[pin] = level

    def gpio_claim_alert(self, handle, pin, edges, flags=0, _notify=None):
        self._ask("alert", handle, pin, edges)
        self._hold(pin, self.ALERT, flags)

    def gpio_free(self, handle, pin):
        self._ask("free", handle, pin)
        if pin not in self._held:
            raise self.error("GPIO not allocated")
        del self._held[pin]
        self._flags.pop(pin)

    def gpio_write(self, handle, pin, level):
        self._ask("write", handle, pin, int(level))
        self._hold(pin, self.OUTPUT, self.IS_OUT)
        self._levels[pin] = int(level)

    def gpio_read(self, handle, pin):
        if "read" in self.refused:
            self._ask("read", handle, pin)
        return self._levels[pin]

    def gpio_get_mode(self, _handle, pin):
        return self._held.get(pin, 0) | self._flags.get(pin, 0)

    def callback(self, _handle, pin, _edge, tell):
        registered = (pin, tell)
        self._callbacks.append(registered)
        return SimpleNamespace(cancel=lambda: self._callbacks.remove(registered))

    def change(self, pin, level, at_ns=0):
        """What a wire does: the pin's level from now on, told to whoever listens."""
        self._levels[pin] = level
        for listened, tell in list(self._callbacks):
            if listened == pin:
                tell(7, pin, level, at_ns)

    def spi_open(self, device, channel, baud, _flags=0):
        self._ask("spi", device, channel, baud)
        return 3

    def spi_close(self, handle):
        self._ask("spi-close", handle)

    def spi_xfer(self, handle, data):
        self._ask("spi-transfer", handle, tuple(data))
        reading = self.readings[data[1] >> 4 & 7]
        return 3, bytes([0, reading >> 8, reading & 0xFF])

    readings = (1023,) * 8
    """What the converter at SPI 0.0 measures, by its channels."""

    def held(self, pin):
        """What a pin is held as."""
        return self._held.get(pin)

    def pull(self, pin):
        """The pull resistor of a pin."""
        return self._flags.get(pin, 0) & (self.SET_PULL_NONE | self.SET_PULL_UP | self.SET_PULL_DOWN)

    def levels(self, pin=None):
        """What the pins, or one of them, were driven to."""
        driven = [call for call in self.asked if call[0] in ("output", "write")]
        return [call[3] for call in driven if pin in (None, call[2])]

    def _hold(self, pin, kind, flags):
        self._held[pin], self._flags[pin] = kind, flags


@pytest.fixture
def dev(monkeypatch, tmp_path):
    """A /dev with one GPIO chip."""
    monkeypatch.setattr("device.door.wires.chip.DEVICES", tmp_path)
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
    for name in ("gpiozero.pins.lgpio", "device.door.wires.lgpio_pins"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(gpiozero.pins.local, "get_pi_revision", lambda: PI_4B)
    monkeypatch.setattr(gpiozero.pins.local.LocalPiFactory, "pins", {})
    monkeypatch.setattr(gpiozero.pins.local.LocalPiFactory, "_reservations", defaultdict(list))
    monkeypatch.setattr(gpiozero.mixins.SharedMixin, "_instances", {})
    yield module
    for name in ("gpiozero.pins.lgpio", "device.door.wires.lgpio_pins"):
        sys.modules.pop(name, None)
