"""An emulated arm64 machine with systemd: runs commands in it, and reads its GPIO chip's registers from outside."""

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BOOT_S = 400.0
HERE = 4.0
"""Seconds here for an emulated one, at most, on a busy machine."""
LOOK_S = 0.05
QEMU = (
    "qemu-system-aarch64", "-cpu", "cortex-a72", "-smp", "1", "-m", "1536", "-nic", "none", "-display", "none",
)  # fmt: skip
"""One processor: two wait for each other on a busy machine."""
ICOUNT_SHIFT = 1
"""An instruction takes 2 to the power of this, in ns, by the emulated clock, however busy the machine here is."""
PL061 = 0x9030000
"""The GPIO chip of QEMU's `virt`: its levels at +0x3fc, its directions at +0x400."""


class Unready(Exception):
    """What the machine did not do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command in the machine did; seconds by the machine's own CLOCK_MONOTONIC."""

    code: int
    said: str
    took_s: float
    at: float


class Machine:
    """QEMU's `virt` with a Cortex-A72, by TCG, and a disk that keeps what was written over a power cut."""

    def __init__(self, folder: Path) -> None:
        """Has `vmlinuz`, `initramfs`, `pi.dtb` and `disk` in `folder`."""
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._agent: socket.socket | None = None
        self._rest = b""
        self._number = 0

    def start(self) -> float:
        """Switches it on and waits for its agent: seconds. Raises `Unready`."""
        began = time.monotonic()
        for name in ("agent.sock", "monitor.sock"):
            (self._folder / name).unlink(missing_ok=True)
        command = [
            *QEMU, "-M", "virt", "-accel", "tcg,thread=single", "-icount", f"shift={ICOUNT_SHIFT},sleep=on",
            "-no-reboot", "-rtc", "base=utc,clock=vm", "-dtb", "pi.dtb", "-kernel", "vmlinuz", "-initrd", "initramfs",
            "-append",
            "console=ttyAMA0 quiet loglevel=3 panic=1 systemd.show_status=no",
            "-drive", "if=none,id=disk,file=disk,format=raw,cache=writeback", "-device", "virtio-blk-device,drive=disk",
            "-chardev", "socket,id=agent,path=agent.sock,server=on,wait=off",
            "-device", "virtio-serial-device", "-device", "virtserialport,chardev=agent,name=bench",
            "-chardev", "socket,id=monitor,path=monitor.sock,server=on,wait=off",
            "-mon", "chardev=monitor,mode=control",
            "-serial", "file:console",
        ]  # fmt: skip
        self._process = subprocess.Popen(command, cwd=self._folder, stdin=subprocess.DEVNULL)
        self._agent = self._connected("agent.sock")
        self._rest = b""
        self._answered_by(began + BOOT_S, 0)
        return time.monotonic() - began

    def cut(self) -> None:
        """The power is gone."""
        if self._agent is not None:
            self._agent.close()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)
        self._agent = self._process = None

    def reboot(self) -> float:
        """Ends by `systemctl reboot`, as its own systemd does it, and starts it again: seconds. Raises `Unready`."""
        began = time.monotonic()
        assert self._process is not None
        self.run("systemctl", "--no-block", "reboot")
        try:
            self._process.wait(BOOT_S)
        except subprocess.TimeoutExpired:
            raise Unready(f"it did not end within {BOOT_S:.0f} s: {self.console()[-1500:]}") from None
        self.cut()
        self.start()
        return time.monotonic() - began

    def run(self, *words: str, within_s: float = 120.0) -> Answer:
        """A command in the machine, as root. Raises `Unready` if nothing answers."""
        assert self._agent is not None
        self._number += 1
        asked = {"id": self._number, "words": words, "within_s": within_s}
        self._agent.sendall(json.dumps(asked).encode() + b"\n")
        answer = self._answered_by(time.monotonic() + HERE * within_s, self._number)
        return Answer(answer["code"], answer["said"], answer["took_s"], answer["at"])

    def must(self, *words: str, within_s: float = 120.0) -> str:
        """What a command says that has to succeed. Raises `AssertionError`."""
        answer = self.run(*words, within_s=within_s)
        assert answer.code == 0, f"`{' '.join(words)}` ended with {answer.code}: {answer.said[-1500:]}"
        return answer.said

    def shell(self, script: str, within_s: float = 120.0) -> str:
        """What a shell's script says that has to succeed."""
        return self.must("/bin/sh", "-ec", script, within_s=within_s)

    def registers(self) -> tuple[int, int]:
        """Levels and directions (1 is an output) of the GPIO chip's eight lines, from outside the machine."""
        said = [self._monitor(f"xp /1bx {PL061 + offset:#x}") for offset in (0x3FC, 0x400)]
        levels, directions = (int(re.findall(r"0x([0-9a-f]{2})\b", one)[-1], 16) for one in said)
        return levels, directions

    def console(self) -> str:
        """What the machine said on its serial line."""
        return (self._folder / "console").read_text(errors="replace")

    def _monitor(self, command: str) -> str:
        with self._connected("monitor.sock") as monitor, monitor.makefile("rw") as lines:
            asked = {"execute": "human-monitor-command", "arguments": {"command-line": command}}
            for one in ({"execute": "qmp_capabilities"}, asked):
                lines.write(json.dumps(one) + "\n")
            lines.flush()
            answers = [json.loads(line)["return"] for line in _first(lines, 2)]
        return str(answers[1])

    def _connected(self, name: str) -> socket.socket:
        deadline = time.monotonic() + 20
        path = self._folder / name
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path))
                return connection
            except OSError as error:
                connection.close()
                if time.monotonic() > deadline:
                    raise Unready(f"QEMU did not start: {error}") from None
                time.sleep(LOOK_S)

    def _answered_by(self, deadline: float, number: int) -> dict[str, Any]:
        """The agent's answer to a question; to number 0 its first sign of life. Raises `Unready`."""
        assert self._agent is not None
        while time.monotonic() < deadline:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                if number == 0:
                    return {}
                if line and (said := json.loads(line))["id"] == number:
                    return dict(said)
            self._agent.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                piece = self._agent.recv(1 << 16)
            except TimeoutError:
                break
            if not piece:
                raise Unready(f"the machine ended: {self.console()[-1500:]}")
            self._rest += piece
        raise Unready(f"the machine does not answer: {self.console()[-1500:]}")


def _first(lines: Any, count: int) -> list[str]:  # noqa: ANN401 - a text stream
    found: list[str] = []
    for line in lines:
        if '"return"' in line or '"error"' in line:
            found.append(line)
        if len(found) == count:
            break
    return found


def wait_for(condition: Callable[[], bool], within_s: float, *, look_s: float = LOOK_S) -> bool:
    """Whether a condition came true within some seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(look_s)
    return True
