"""A Debian arm64 tree in which each command runs under user-mode emulation, on an overlay, without a network."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.system.machine import Machine
from tests.system.trees import Release, Unready, tree

PI_5, PI_4 = "cortex-a76", "cortex-a72"
"""Emulated processors. That of a Pi 5 has products of four bytes in one instruction: a network takes a fifth of the
time that it takes with a Pi 4's (0.26 and 1.35 s for one face), so that it is the one that tests run on.
"""
CPUINFO = """\
processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x4
CPU part\t: 0xd0b
CPU revision\t: 1

Revision\t: c04170
Model\t\t: Raspberry Pi 5 Model B Rev 1.0
"""
"""As a Pi 5 says it. The emulated kernel's is the x86-64 host's, with which XNNPACK ends with SIGSEGV."""
BINFMT = Path("/proc/sys/fs/binfmt_misc")
RULE = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
OWN = "Attempted to remove disk file system under"
"""How a line of systemd 252 begins at the end of each container."""
SEEN = 'mount --bind /srv/cpuinfo /proc/cpuinfo; cd /srv; exec "$@"'


@dataclass(frozen=True, slots=True)
class Said:
    """What a command did: `out` without what the container itself says."""

    code: int
    out: str
    err: str
    took_s: float


class Cell:
    """One release, emulated."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self._machine = Machine(tree(release, "arm64"), f"arm64-{release.name}")

    @property
    def root(self) -> Path:
        """The tree's files."""
        return self._machine.root

    def make(self) -> None:
        """Lays the overlay, empty."""
        self._machine.make()
        (self.root / "srv" / "cpuinfo").write_text(CPUINFO)

    def end(self) -> None:
        """What was written is gone."""
        self._machine.end()

    def run(self, *command: str, within_s: float, **variables: str) -> Said:
        """A command; 124 if it took longer."""
        given = {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "QEMU_CPU": PI_5, **variables}
        container = [
            "timeout", "--kill-after=5", str(within_s), "systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
            "--pipe", "--private-network", f"--directory={self.root}", "--resolv-conf=off", "--timezone=off",
            *(f"--setenv={name}={value}" for name, value in given.items()), "/bin/sh", "-c", SEEN, "sh",
        ]  # fmt: skip
        began = time.monotonic()
        ended = subprocess.run(
            [*container, *command], capture_output=True, text=True, errors="replace", check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Said(ended.returncode, ended.stdout, without_container(ended.stderr), time.monotonic() - began)


def without_container(said: str) -> str:
    """What a command said, without systemd-nspawn's own line."""
    return "".join(line for line in said.splitlines(keepends=True) if not line.startswith(OWN))


def register() -> None:
    """Has the kernel run arm64 programs by the emulator. Raises `Unready`."""
    if (BINFMT / "qemu-aarch64").exists():
        return
    if os.geteuid() != 0 or not RULE.exists() or not (BINFMT / "register").exists():
        raise Unready("arm64 programs can't run here: as root, on Debian: apt install qemu-user-static binfmt-support")
    (BINFMT / "register").write_text(RULE.read_text())
