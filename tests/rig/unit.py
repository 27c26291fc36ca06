"""A small service manager that does what the unit in systemd/ says: secure before and after, notify, restart."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAUNCH = ROOT / "systemd" / "launch.py"
LINTEL = str(Path(sys.executable).parent / "lintel")
HERE = {
    "/opt/lintel/current/env/bin/python3": [sys.executable],
    "/opt/lintel/current/libexec/lintel/launch.py": [str(LAUNCH)],
    "/usr/libexec/lintel/secure": [sys.executable, str(LAUNCH), "door", "secure"],
    "-I": [],
}
"""Where the unit's words are here. Isolated mode would leave out the folder of the shim, whose pins are files."""
UNITS = {"": 1.0, "s": 1.0, "ms": 0.001, "min": 60.0}
SECURE_S = 5.0


def _unit() -> str:
    return (ROOT / "systemd" / "lintel.service").read_text()


def unit_setting(name: str) -> str:
    """What the unit says, the first of it: what secures the door comes before all else."""
    value, *_ = re.findall(rf"^{name}=(.*)$", _unit(), re.MULTILINE)
    return str(value)


def unit_command(name: str) -> list[str]:
    """A command of the unit, as it is here."""
    return [part for word in shlex.split(unit_setting(name)) for part in HERE.get(word, [word])]


def unit_seconds(name: str) -> float:
    """A time span of the unit, in seconds."""
    number, unit = re.fullmatch(r"([0-9.]+)([a-z]*)", unit_setting(name)).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit]


@dataclass(frozen=True, slots=True)
class Said:
    """What the service told its manager, when in seconds on CLOCK_MONOTONIC, and in which of its lives."""

    at: float
    message: str
    life: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a life of the service ended."""

    at: float
    code: int


class Unit:
    """The service under its manager. A thread keeps it running until `stop`."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, prefix: Sequence[str] = ()) -> None:
        """`prefix` is a command that runs the service's, such as strace's."""
        self.said: list[Said] = []
        self.ended: list[Ended] = []
        self.started: list[float] = []
        self.errors_file = folder / "service.err"
        self._out_file = folder / "service.out"
        self._prefix = tuple(prefix)
        address = folder / "notify"
        address.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._listener.bind(str(address))
        self._listener.settimeout(0.1)
        said = re.findall(r"^Environment=(\w+)=(\S+)$", _unit(), re.MULTILINE)
        self._environment = {**environment, **dict(said), "NOTIFY_SOCKET": str(address)}
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._listen, self._keep_running)]
        for thread in self._threads:
            thread.start()

    @property
    def process(self) -> int:
        """The service's own process, not that of the command before it. 0 while there is none."""
        process = self._process
        if process is None or process.poll() is not None:
            return 0
        if not self._prefix:
            return process.pid
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def kill(self, number: int = signal.SIGKILL) -> float:
        """Sends the service a signal. When, seconds on CLOCK_MONOTONIC."""
        at = time.monotonic()
        os.kill(self.process, number)
        return at

    def when_said(self, message: str, since: float = 0.0, within_s: float = 30.0) -> float | None:
        """When the service first said something after `since`; None if it does not within `within_s` of now."""
        deadline = time.monotonic() + within_s
        while True:
            found = next((one.at for one in list(self.said) if one.message == message and one.at >= since), None)
            if found is not None or time.monotonic() >= deadline:
                return found
            time.sleep(0.005)

    def when_lives(self, life: int, within_s: float = 40.0) -> float | None:
        """When the service was ready in its first, second, ... life; None if it is not within `within_s` of now."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            ready = [one.at for one in list(self.said) if one.message == "READY=1" and one.life == life]
            if ready:
                return ready[0]
            time.sleep(0.02)
        return None

    def longest_silence_s(self, since: float) -> float:
        """The longest time without WATCHDOG=1, from `since` to now, seconds."""
        beats = [since, *(one.at for one in list(self.said) if one.message == "WATCHDOG=1" and one.at >= since)]
        beats.append(time.monotonic())
        return max(after - before for before, after in pairwise(beats))

    def output(self) -> str:
        """All that the service printed: a line for each swipe."""
        return self._out_file.read_text() if self._out_file.exists() else ""

    def errors(self) -> str:
        """All that the service and the unit's other commands printed as errors."""
        return self.errors_file.read_text() if self.errors_file.exists() else ""

    def stop(self) -> None:
        """Ends it for good, with SIGTERM first."""
        self._stopping.set()
        deadline = time.monotonic() + 10.0
        while self._threads[1].is_alive() and time.monotonic() < deadline:
            self._signal(signal.SIGCONT)
            self._signal(signal.SIGTERM)
            self._threads[1].join(0.5)
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.kill()
        for thread in self._threads:
            thread.join(15.0)
        self._listener.close()

    def _signal(self, number: int) -> None:
        process = self.process
        if process:
            try:
                os.kill(process, number)
            except ProcessLookupError:
                return

    def _listen(self) -> None:
        while not self._stopping.is_set() or self._threads[1].is_alive():
            try:
                message = self._listener.recv(4096).decode()
            except TimeoutError:
                continue
            at = time.monotonic()
            self.said.extend(Said(at, line, len(self.started)) for line in message.splitlines())

    def _keep_running(self) -> None:
        with self._out_file.open("ab") as out, self.errors_file.open("ab") as errors:
            while not self._stopping.is_set():
                self._secure("ExecStartPre", errors)
                self.started.append(time.monotonic())
                command = [*self._prefix, *unit_command("ExecStart")]
                self._process = subprocess.Popen(
                    command, env=self._environment, stdin=subprocess.DEVNULL, stdout=out, stderr=errors
                )
                code = self._process.wait()
                self.ended.append(Ended(time.monotonic(), code))
                self._secure("ExecStopPost", errors)
                self._stopping.wait(unit_seconds("RestartSec"))

    def _secure(self, name: str, errors: object) -> None:
        environment = {name: value for name, value in self._environment.items() if name != "NOTIFY_SOCKET"}
        subprocess.run(
            unit_command(name),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,  # type: ignore[call-overload]
            timeout=SECURE_S * 6,
            check=False,
        )
