"""A machine of the booted test: a Debian tree with a real systemd as its first process, in a container."""

import contextlib
import os
import pty
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.system.trees import WORK, Unready, run

LOOK_S = 0.02
BOOT_S = 60.0
REBOOT = 133
"""How systemd-nspawn ends when the machine in it asks to be started again."""
STARTED = ("running", "degraded")
INSIDE = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command in the machine did."""

    code: int
    said: str
    took_s: float


class Machine:
    """A copy of some layers of files on an overlay, which keeps what is written over a reboot."""

    def __init__(self, base: Path | Sequence[Path], name: str, *, network: bool = False) -> None:
        """Layers stay as they are, the uppermost is first. With `network` the machine shares this one's."""
        self._folder = WORK / "machines" / name
        self._layers = [base] if isinstance(base, Path) else base
        self._network, self.name = network, name
        self.root = self._folder / "root"
        self._process: subprocess.Popen[bytes] | None = None
        self._bus: Path | None = None

    def make(self) -> None:
        """Lays the overlay, empty."""
        self._unmount()
        shutil.rmtree(self._folder, ignore_errors=True)
        for name in ("upper", "work", "root"):
            (self._folder / name).mkdir(parents=True)
        lower = ":".join(map(str, self._layers))
        where = f"lowerdir={lower},upperdir={self._folder / 'upper'},workdir={self._folder / 'work'}"
        run("mount", "-t", "overlay", "overlay", "-o", where, str(self.root))

    def boot(self) -> float:
        """Starts systemd and waits until it has started everything. How long that took, seconds. Raises `Unready`."""
        began = time.monotonic()
        command = [
            "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", f"--machine={self.name}",
            f"--directory={self.root}", "--resolv-conf=replace-host", "--timezone=off", "--console=pipe",
            *([] if self._network else ["--private-network"]), "--boot", "systemd.show_status=no",
        ]  # fmt: skip
        with (self._folder / "console").open("ab") as console:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )  # fmt: skip
        self._await_systemd(began)
        return time.monotonic() - began

    def reboot(self) -> float:
        """`systemctl reboot`, and waits until systemd is up again. How long it was away, seconds. Raises `Unready`."""
        began = time.monotonic()
        assert self._process is not None
        self.run("systemctl", "--no-block", "reboot")
        if self._process.wait(BOOT_S) != REBOOT:
            raise Unready(f"systemd did not ask for a reboot: {self.console()[-1500:]}")
        self.boot()
        return time.monotonic() - began

    def power_cut(self) -> None:
        """Every process of the machine is gone at once."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._leader() or self._process.pid, signal.SIGKILL)
            self._process.wait(30)
        self._process = None

    def power_off(self) -> Path:
        """`systemctl poweroff`: the layer of what was written, for other machines. Raises `Unready`."""
        self.run("systemctl", "--no-block", "poweroff")
        assert self._process is not None
        if self._process.wait(BOOT_S):
            raise Unready(f"systemd did not end: {self.console()[-1500:]}")
        self._process = None
        self._unmount()
        return self._folder / "upper"

    def end(self) -> None:
        """Ends the machine; what it had written is gone."""
        self.power_cut()
        self._unmount()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def leader(self) -> int:
        """The machine's first process, by this machine's number. Raises `Unready`."""
        found = self._leader()
        if not found:
            raise Unready(f"the machine {self.name} is not running: {self.console()[-800:]}")
        return found

    @property
    def inside(self) -> Path:
        """The machine's files as its first process sees them, /run and /dev/shm included."""
        return Path(f"/proc/{self.leader}/root")

    def console(self) -> str:
        """What the machine said as it started."""
        return (self._folder / "console").read_text(errors="replace")

    def run(self, *command: str, within_s: float = 120.0, user: int = 0) -> Answer:
        """A command in the machine, as a user's number."""
        began = time.monotonic()
        ended = subprocess.run(
            [*self._enter(user), *command],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=within_s,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**INSIDE, "DEBIAN_FRONTEND": "noninteractive"},
        )
        return Answer(ended.returncode, ended.stdout + ended.stderr, time.monotonic() - began)

    def typed(self, *command: str, within_s: float = 120.0) -> Answer:
        """The same on a terminal at which no one types. One that waits for an answer ends with -9."""
        began, said = time.monotonic(), bytearray()
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "rb", buffering=0) as screen:
            ended = subprocess.Popen(
                [*self._enter(0), "setsid", "--ctty", "--wait", *command],
                stdin=theirs, stdout=theirs, stderr=theirs, env={**INSIDE, "TERM": "dumb"},
            )  # fmt: skip
            os.close(theirs)
            killer = threading.Timer(within_s, ended.kill)
            killer.start()
            with contextlib.suppress(OSError):  # EIO: no one has the terminal any more
                while shown := screen.read(65536):
                    said += shown
            code = ended.wait()
            killer.cancel()
        return Answer(code, said.decode(errors="replace"), time.monotonic() - began)

    def must(self, *command: str, within_s: float = 120.0) -> str:
        """What a command says that has to succeed. Raises `AssertionError`."""
        answer = self.run(*command, within_s=within_s)
        if answer.code:
            raise AssertionError(f"`{' '.join(command)}` ended with {answer.code}: {answer.said[-1500:]}")
        return answer.said

    def shows(self, unit: str, *names: str) -> list[str]:
        """Properties of a unit, as systemd has them."""
        said = self.must("systemctl", "show", f"--property={','.join(names)}", unit)
        values = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        return [values.get(name, "") for name in names]

    def journal(self, unit: str) -> str:
        """What a unit said in this boot, oldest first."""
        return self.must("journalctl", "--boot", "--output=cat", f"--unit={unit}")

    def write(self, path: str, content: str, mode: int = 0o644) -> None:
        """A file of the machine, its folders made."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
        place.chmod(mode)

    def _enter(self, user: int) -> list[str]:
        return [
            "nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd",
            f"--setuid={user}", f"--setgid={user}",
        ]  # fmt: skip

    def _leader(self) -> int:
        if self._process is None or self._process.poll() is not None:
            return 0
        number = self._process.pid
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        return next((int(child) for child in children if is_first(int(child))), 0)

    def _await_systemd(self, began: float) -> None:
        def started() -> bool:
            if self._process is None or self._process.poll() is not None:
                raise Unready(f"systemd-nspawn ended: {self.console()[-1500:]}")
            return bool(self._leader()) and self.run("systemctl", "is-system-running").said.strip() in STARTED

        if not wait_for(started, BOOT_S - (time.monotonic() - began)):
            raise Unready(f"systemd did not start within {BOOT_S:.0f} s: {self.console()[-1500:]}")

    def _unmount(self) -> None:
        while self.root.is_dir() and os.path.ismount(self.root):
            subprocess.run(["umount", "--lazy", str(self.root)], check=True)


def is_first(process: int) -> bool:
    """Whether a process is the first of its namespace, and is systemd by now."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{process}/status").read_text()
        numbers = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
        return len(numbers) > 1 and numbers[-1] == "1" and status.startswith("Name:\tsystemd\n")
    return False


def wait_for(condition: Callable[[], bool], within_s: float) -> bool:
    """Whether a condition came true within so many seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOOK_S)
    return True
