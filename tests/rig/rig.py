"""The rig: the real `lintel run` as a child on a board, a camera and a clock that the test operates."""

import atexit
import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from device.control.client import ask_doors
from device.control.messages import REQUESTS
from device.control.protocol import line_of
from device.errors import DoorError
from device.files import keys_folder
from device.records import DoorCommand, DoorStatus
from device.vision.models import shipped_models_dir
from tests.rig.board import DPS, FIRE, LOCKDOWN, REX, STRIKE, Board, write
from tests.rig.camera import EILEEN, GRACE, RigCamera
from tests.rig.unit import LINTEL, ROOT, Unit

SHIM = Path(__file__).parent / "shim"
PROGRAMS = Path(__file__).parent / "bin"
"""Programs that stand in for those of the Pi."""
BADGES = {EILEEN: "17:1001", GRACE: "17:1002"}
UNKNOWN = "17:9999"
NOWHERE = Path("/dev/shm")
HOLD_S = 0.5
"""A badge that comes again after this silence is presented again, as the rig has little time."""
AGAIN_S = 0.8
"""Between two presentations of one badge."""
SETTINGS = """
[[doors]]
pin = {strike}
strike_time_s = {strike_time_s}
rex = "{rex}"
{door}
[[doors.readers]]
name = "outside"
kind = "socket"
source = "{folder}/outside.sock"
hold_time_s = {hold_time_s}
[[doors.readers]]
name = "inside"
direction = "exit"
kind = "socket"
source = "{folder}/inside.sock"
hold_time_s = {hold_time_s}
[[doors.inputs]]
signal = "rex"
pin = {rex_pin}
[[doors.inputs]]
signal = "dps"
pin = {dps_pin}
[[doors.inputs]]
signal = "fire"
pin = {fire_pin}
[[doors.inputs]]
signal = "lockdown"
pin = {lockdown_pin}
[[cameras]]
source = "{source}"
light = "{light}"
[access]
probes = {probes}
face_timeout_s = {face_timeout_s}
[vision]
threads = 1
models_dir = "{models}"
[clock]
trust = "always"

[store]
state_dir = "{state}"
"""


class Rig:
    """A door with all that stands around it."""

    def __init__(self, folder: Path, state: Path | None = None, **settings: object) -> None:
        """`state` is the folder of the store, if it is not to be in the rig's; `settings` are those of SETTINGS."""
        self.folder = folder
        self.state = state or folder / "state"
        self.board = Board(folder)
        self.camera = RigCamera(folder / ("csi0" if settings.get("source") == "csi:0" else "video0"))
        (folder / "run").mkdir(mode=0o700)
        self.settings = folder / "lintel.toml"
        self.configure(**settings)
        self.unit: Unit | None = None
        self.more_environment: dict[str, str] = {}
        self.foreign: subprocess.Popen[str] | None = None

    def configure(self, **settings: object) -> None:
        """Writes the settings file."""
        defaults: dict[str, object] = {
            "folder": self.folder,
            "source": device(self.folder / "video0"),
            "light": "visible",
            "state": self.state,
            "models": "",
            "strike": STRIKE,
            "strike_time_s": 0.5,
            "rex": "release",
            "door": "",
            "hold_time_s": HOLD_S,
            "probes": 3,
            "face_timeout_s": 3.0,
            "rex_pin": REX,
            "dps_pin": DPS,
            "fire_pin": FIRE,
            "lockdown_pin": LOCKDOWN,
        }
        more = settings.pop("more", "")
        self.settings.write_text(SETTINGS.format(**(defaults | settings)) + str(more))

    @property
    def environment(self) -> dict[str, str]:
        """Of each child."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST_"))},
            "LINTEL_RIG": str(self.folder),
            "LINTEL_RPICAM": str(self.folder),
            "LINTEL_RPICAM_PYTHON": sys.executable,
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "LINTEL_CONFIG": str(self.settings),
            "RUNTIME_DIRECTORY": str(self.folder / "run"),
            "PYTHONPATH": f"{SHIM}{os.pathsep}{ROOT}",
            "PYTHONUNBUFFERED": "1",
            "PYTHONFAULTHANDLER": "1",
            "HOME": str(self.folder),
            **self.more_environment,
        }

    def populate(self) -> None:
        """Puts the store with the two people of the portraits in place, and its key beside it."""
        for source, folder in ((populated(), self.state), (keys_folder(populated()), keys_folder(self.state))):
            folder.mkdir(mode=0o700, exist_ok=True)
            for file in source.iterdir():
                shutil.copy(file, folder / file.name)

    def start(self, *, prefix: Sequence[str] = (), ready_s: float | None = 40.0) -> Unit:
        """Starts the service under its manager, and waits until it is ready."""
        self.unit = Unit(self.folder, self.environment, prefix=prefix)
        if ready_s is not None and self.unit.when_said("READY=1", within_s=ready_s) is None:
            raise AssertionError(f"the service was not ready within {ready_s} s:\n{self.unit.errors()[-2000:]}")
        return self.unit

    @property
    def running(self) -> Unit:
        """The service that was started."""
        if self.unit is None:
            raise AssertionError("the service was not started")
        return self.unit

    def stop(self) -> None:
        """Stops the service, if it was started."""
        if self.unit is not None:
            self.unit.stop()
            self.unit = None

    def lintel(self, *arguments: object, within_s: float = 60.0, prefix: Sequence[str] = ()) -> "Answer":
        """A command in a process of its own."""
        began = time.monotonic()
        ended = subprocess.run(
            [*prefix, LINTEL, *(str(argument) for argument in arguments)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )
        return Answer(ended.returncode, ended.stdout, ended.stderr, time.monotonic() - began)

    def status(self, timeout_s: float = 5.0) -> DoorStatus | None:
        """As `lintel door status` asks for it; None if nothing answers."""
        with contextlib.suppress(DoorError):
            doors = ask_doors(self.folder / "run" / "control.sock", timeout_s=timeout_s)
            return doors[0] if doors else None
        return None

    def troubles(self) -> int:
        """How many troubles the door's status tells; no answer fails the check."""
        status = self.status()
        assert status is not None, "nothing answers"
        return len(status.troubles)

    def when_status(self, wanted: "Wanted", within_s: float) -> float | None:
        """When the door's status was first as wanted, seconds on CLOCK_MONOTONIC; None if not within `within_s`."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            status = self.status(timeout_s=max(0.2, deadline - time.monotonic()))
            if status is not None and wanted(status):
                return time.monotonic()
            time.sleep(0.02)
        return None

    def command(self, command: DoorCommand, timeout_s: float = 30.0) -> float:
        """An operator's command, carried out and answered. How long it took, seconds. Raises `DoorError`."""
        began = time.monotonic()
        ask_doors(self.folder / "run" / "control.sock", command, timeout_s=timeout_s)
        return time.monotonic() - began

    def order(self, command: DoorCommand) -> tuple[float, socket.socket]:
        """Sends an operator's command without waiting for the answer: when its last byte was sent, and the connection,
        which a command needs as long as it is not answered.
        """
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(self.folder / "run" / "control.sock"))
            connection.sendall(line_of(REQUESTS[command]()))
        except OSError:
            connection.close()
            raise
        return time.monotonic(), connection

    def swipe(self, badge: str, reader: str = "outside") -> float:
        """Presents a badge. When, seconds on CLOCK_MONOTONIC."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5.0)
            connection.connect(str(self.folder / f"{reader}.sock"))
            at = time.monotonic()
            connection.sendall(f"{badge}\n".encode())
            with contextlib.suppress(TimeoutError):
                connection.recv(100)
        return at

    def answers(self) -> list[str]:
        """What was decided, a line for each swipe."""
        return [line for line in self.running.output().splitlines() if "GRANTED" in line or "DENIED" in line]

    def answer_after(self, count: int, within_s: float = 10.0) -> str:
        """The first answer after so many; empty if there is none within `within_s`."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            answers = self.answers()
            if len(answers) > count:
                return answers[count]
            time.sleep(0.01)
        return ""

    def swiped(self, badge: str, reader: str = "outside", within_s: float = 10.0) -> tuple[float, str]:
        """Presents a badge: when, and what was answered."""
        count = len(self.answers())
        at = self.swipe(badge, reader)
        return at, self.answer_after(count, within_s)

    def step_wall_clock(self, offset_s: float) -> None:
        """The wall clock from now on is so far from the true one."""
        write(self.folder / "wall-offset", str(offset_s))

    def rows(self) -> list[tuple[object, ...]]:
        """The audit, through SQLite's own command of a third party: what is in the file."""
        with contextlib.closing(sqlite3.connect(f"file:{self.state / 'lintel.db'}?mode=ro", uri=True)) as database:
            return database.execute("SELECT id, event, outcome, reason, fault, at FROM audit ORDER BY id").fetchall()

    def integrity(self) -> str:
        """What SQLite says of the file."""
        with contextlib.closing(sqlite3.connect(self.state / "lintel.db", timeout=30)) as database:
            return str(database.execute("PRAGMA integrity_check").fetchone()[0])


class Answer:
    """What a command did."""

    def __init__(self, code: int, out: str, err: str, took_s: float) -> None:
        self.code, self.out, self.err, self.took_s = code, out, err, took_s


class Wanted:
    """A condition on a door's status, with words for it."""

    def __init__(self, words: str, condition: object) -> None:
        self.words, self._condition = words, condition

    def __call__(self, status: DoorStatus) -> bool:
        return bool(self._condition(status))  # type: ignore[operator]


def device(path: Path) -> str:
    """What the settings call a rig's camera, so that it's a device: what begins with /dev/shm is a file."""
    return f"/dev/./{path.relative_to('/dev')}"


_populating = threading.Lock()
LIVE: "set[Rig]" = set()
"""Those that have not ended."""


def populated() -> Path:
    """A state folder with both people enrolled, made once a process by `lintel enroll`."""
    with _populating:
        return _populated()


@cache
def _populated() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="lintel-rig-store-", dir=NOWHERE))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(shutil.rmtree, keys_folder(folder), ignore_errors=True)
    for who, badge in BADGES.items():
        picture = shipped_models_dir() / "portraits" / f"{who}.jpg"
        command = [LINTEL, "--state-dir", str(folder), "enroll", badge, str(picture), "--name", who, "--basis", "law"]
        environment = {**os.environ, "LINTEL_CONFIG": os.devnull, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, check=True, capture_output=True, env=environment)
    return folder


def end_all() -> None:
    """Ends the service of each rig, as when the rig is interrupted."""
    for rig in list(LIVE):
        with contextlib.suppress(OSError):
            rig.stop()
        shutil.rmtree(rig.folder, ignore_errors=True)


@contextlib.contextmanager
def new_rig(*, people: bool = True, **settings: object) -> Iterator[Rig]:
    """A rig in a folder of its own, stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="lintel-rig-", dir=NOWHERE))
    rig = Rig(folder, **settings)  # type: ignore[arg-type]
    LIVE.add(rig)
    try:
        if people:
            rig.populate()
        yield rig
    finally:
        rig.stop()
        LIVE.discard(rig)
        shutil.rmtree(folder, ignore_errors=True)
