"""A door in a booted machine: the unit as installed, with pins that are files and a camera that shows a picture."""

import contextlib
import json
import re
import shutil
import signal
import socket
import time
from pathlib import Path

from device.control.client import ask_doors
from device.records import DoorCommand, DoorStatus
from device.vision.models import shipped_models_dir
from tests.rig.board import PI_4_CHIPS, STRIKE, Board, write
from tests.rig.camera import EILEEN, EMPTY, GRACE, RigCamera
from tests.system.machine import Machine, wait_for
from tests.system.trees import ROOT

PLACE = "/usr/lib/lintel-rig"
LIVE = "/dev/lintel-rig"
"""Not in /dev/shm, which `RemoveIPC=` empties of the user's files."""
UNIT, RIG_UNIT = "lintel.service", "lintel-rig.service"
BADGES = {EILEEN: "17:1001", GRACE: "17:1002"}
WATCHDOG_S = 10
"""Instead of the unit's 75 s, for the tests' time; a door's own thread is late after 10 s."""
SECURE = "/usr/libexec/lintel/secure"
STAND_IN = "/opt/lintel/current/env/bin/python3 /opt/lintel/current/libexec/lintel/launch.py door secure"
"""The package's own program drives a character device, which no file can be."""
BETWEEN_S = 1.2
"""From one presentation to the next: longer than the reader's `hold_time_s` and a pulse."""
COMMANDS = ("ExecStartPre", "ExecStart", "ExecStopPost")
SETTINGS = f"""
[[doors]]
pin = {STRIKE}
strike_time_s = 1.0
[[doors.readers]]
name = "outside"
kind = "socket"
source = "{LIVE}/outside.sock"
hold_time_s = 0.5
[[cameras]]
source = "{LIVE}/video0"
light = "visible"
[access]
probes = 3
face_timeout_s = 3.0
[vision]
threads = 1
[clock]
trust = "always"
[store]
state_dir = "/var/lib/lintel"
"""
BOARD_UNIT = f"""
[Unit]
Description=The pins and the camera of a booted test
DefaultDependencies=no
After=local-fs.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/rm -rf {LIVE}
ExecStart=/bin/cp -a {PLACE}/board {LIVE}
ExecStart=/bin/chmod 0777 {LIVE} {LIVE}/pins
"""


class LiveBoard(Board):
    """The board of a machine that runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder


class Door:
    """The door of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._next = 0.0

    def prepare(self) -> None:
        """Puts board, camera, pictures and settings into the machine's files, before it starts."""
        place = self.machine.root / PLACE.lstrip("/")
        shutil.copytree(ROOT / "tests" / "rig" / "shim", place / "shim", ignore=shutil.ignore_patterns("__pycache__"))
        (place / "portraits").mkdir()
        for who in BADGES:
            shutil.copy(shipped_models_dir() / "portraits" / f"{who}.jpg", place / "portraits")
        board = place / "board"
        board.mkdir()
        Board(board).chips(PI_4_CHIPS)
        RigCamera(board / "video0")
        self.machine.write("/etc/lintel/lintel.toml", SETTINGS)
        self.machine.write("/etc/systemd/system/lintel-rig.service", BOARD_UNIT)

    def rig(self, watchdog_s: int = WATCHDOG_S) -> None:
        """The drop-in: each command of the unit as installed, but not in Python's isolated mode, with the stand-ins."""
        lines = [line for name in COMMANDS for line in self._commands(name)]
        service = "\n".join(lines)
        self.machine.write(
            f"/etc/systemd/system/{UNIT}.d/rig.conf",
            "[Unit]\nRequires=lintel-rig.service\nAfter=lintel-rig.service\n[Service]\n"
            f"Environment=LINTEL_RIG={LIVE} PYTHONPATH={PLACE}/shim PYTHONDONTWRITEBYTECODE=1\n"
            f"WatchdogSec={watchdog_s}\n{service}\n",
        )

    def start(self) -> float:
        """Starts the unit and waits until it is ready: from its first command on, seconds. Raises `AssertionError`."""
        self.machine.must("systemctl", "daemon-reload")
        self.machine.must("systemctl", "start", UNIT)
        return self.took_to_ready_s()

    def took_to_ready_s(self) -> float:
        """From the unit's first command to READY=1, of its present life, seconds."""
        began, ready = self.machine.shows(UNIT, "InactiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic")
        return (int(ready) - int(began)) / 1e6

    def enroll(self) -> None:
        """Both people, by the running service."""
        for who, badge in BADGES.items():
            picture = f"{PLACE}/portraits/{who}.jpg"
            self.lintel("enroll", badge, picture, "--name", who, "--basis", "law")

    def lintel(self, *words: str) -> str:
        """A command that has to succeed, typed by root. Raises `AssertionError`."""
        return self.machine.must("lintel", *words)

    def commands(self, command: DoorCommand | None = None) -> DoorStatus:
        """The door's status, after an operator's command. Raises `DoorError`."""
        doors = ask_doors(self.machine.inside / "run/lintel/control.sock", command, timeout_s=10.0)
        assert doors, "nothing answers"
        return doors[0]

    @property
    def board(self) -> LiveBoard:
        """The pins."""
        return LiveBoard(self.machine.inside / LIVE.lstrip("/"))

    def shows(self, who: str) -> None:
        """Who stands before the camera from now on."""
        said = {"mode": "live", "scenes": [[time.monotonic(), f"{PLACE}/portraits/{who}.jpg" if who else EMPTY]]}
        write(self.machine.inside / LIVE.lstrip("/") / "video0.json", json.dumps(said))

    def swipe(self, badge: str) -> float:
        """Presents a badge, once the last presentation is over. When, seconds on CLOCK_MONOTONIC."""
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + BETWEEN_S
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5.0)
            connection.connect(str(self.machine.inside / LIVE.lstrip("/") / "outside.sock"))
            at = time.monotonic()
            connection.sendall(f"{badge}\n".encode())
            with contextlib.suppress(TimeoutError):
                connection.recv(100)
        return at

    def answers(self) -> list[str]:
        """What was decided in this boot, a line each."""
        return [line for line in self.machine.journal(UNIT).splitlines() if re.search(r"GRANTED|DENIED", line)]

    def swiped(self, badge: str, within_s: float = 12.0) -> tuple[float, str]:
        """Presents a badge: when, and what was answered; empty if nothing was."""
        count = len(self.answers())
        at = self.swipe(badge)
        wait_for(lambda: len(self.answers()) > count, within_s)
        return at, next(iter(self.answers()[count:]), "")

    def granted_after(self, badge: str) -> float | None:
        """Presents a badge: after how many seconds the relay was released; None if it was not."""
        at, _ = self.swiped(badge)
        released = self.board.when(high=True, since=at, within_s=1.0)
        return None if released is None else released - at

    @property
    def process(self) -> int:
        """The service's process, by the machine's number. 0 while there is none."""
        return int(self.machine.shows(UNIT, "MainPID")[0])

    def signal(self, number: signal.Signals) -> float:
        """Sends the service a signal. When, seconds on CLOCK_MONOTONIC."""
        at = time.monotonic()
        self.machine.must("kill", f"-{number.value}", str(self.process))
        return at

    def ends(self) -> list[str]:
        """By what it ended in this boot, each time that it failed, as systemd says it: watchdog, signal, exit-code."""
        self.machine.run("journalctl", "--sync")  # a busy journal is seconds behind
        return re.findall(r"Failed with result '([a-z-]+)'", self.machine.journal(UNIT))

    def is_ready(self) -> bool:
        """Whether the unit is active now."""
        return self.machine.run("systemctl", "is-active", UNIT).said.strip() == "active"

    def _commands(self, name: str) -> list[str]:
        text = self.machine.must("systemctl", "cat", UNIT)
        said = re.findall(rf"^{name}=(.+)$", text.partition("rig.conf")[0], re.MULTILINE)
        return [f"{name}=", *(f"{name}={line.replace(' -I ', ' ').replace(SECURE, STAND_IN)}" for line in said)]
