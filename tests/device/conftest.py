"""What the device's tests share: the analyzer, the portraits, the command line, and a board without hardware."""

import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import gpiozero.mixins
import gpiozero.pins.local
import pytest

from device.images import read_image
from device.records import Image
from device.settings.tables import VisionSettings
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.models import shipped_models_dir
from tests.device.commands import Ended, Lintel, in_this_process
from tests.device.lgpio import Lgpio

LINTEL = Path(sys.executable).parent / "lintel"
PROCESS_TIMEOUT_S = 60
PI_4B = 0xC03114


@pytest.fixture(scope="session")
def analyzer() -> FaceAnalyzer:
    return load_analyzer(VisionSettings(threads=1))


@pytest.fixture(autouse=True)
def _analyzer_as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test leaves the analyzer of all with cues of its own."""
    yield
    if (shared := request.node.funcargs.get("analyzer")) and isinstance(shared, FaceAnalyzer):
        assert shared.cues_of is None


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
def lintel(monkeypatch: pytest.MonkeyPatch) -> Lintel:
    """Runs a command line in this process: `lintel("people", "list", typed="y\\n")`."""

    return partial(in_this_process, monkeypatch)


@pytest.fixture
def lintel_process() -> Lintel:
    """Runs a command line in a process of its own."""

    def run(*arguments: object, typed: str = "") -> Ended:
        command = [str(LINTEL), *(str(argument) for argument in arguments)]
        ended = subprocess.run(
            command, input=typed, capture_output=True, text=True, timeout=PROCESS_TIMEOUT_S, check=False
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def hang_ups() -> Iterator[None]:
    """SIGHUP with its default effect: under `nohup` it is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A /dev with one GPIO chip."""
    monkeypatch.setattr("device.door.wires.chip.DEVICES", tmp_path)
    (tmp_path / "gpiochip0").touch()
    return tmp_path


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder that systemd makes for the service."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    return folder


WAITS = "import sys; sys.stdin.buffer.readline(); sys.stdout.buffer.write(b'r'); sys.stdout.flush(); sys.stdin.read(1)"
"""A child that is ready, and ends with its parent."""


@pytest.fixture
def lgpio(monkeypatch: pytest.MonkeyPatch, dev: Path) -> Iterator[Lgpio]:  # noqa: ARG001 - the chip must be there
    """The stand-in, on a Raspberry Pi 4."""
    module = Lgpio()
    monkeypatch.setitem(sys.modules, "lgpio", module)
    for name in ("gpiozero.pins.lgpio", "device.door.wires.lgpio_pins"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(gpiozero.pins.local, "get_pi_revision", lambda: PI_4B)
    monkeypatch.setattr(gpiozero.pins.local.LocalPiFactory, "pins", {})
    monkeypatch.setattr(gpiozero.pins.local.LocalPiFactory, "_reservations", defaultdict(list))
    monkeypatch.setattr(gpiozero.mixins.SharedMixin, "_instances", {})
    monkeypatch.setattr("device.commissioning.aftercare._CODE", WAITS)  # a child has no stand-in to secure
    yield module
    for name in ("gpiozero.pins.lgpio", "device.door.wires.lgpio_pins"):
        sys.modules.pop(name, None)
