"""Machines that lock keys: a Pi's fuses behind a `vcmailbox` that behaves as the real one, and a TPM by swtpm."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import until

VCMAILBOX = """#!{python} -IS
import os, sys
from pathlib import Path
pi = Path(os.environ["LINTEL_TEST_PI"])
tag, size, length, first, count, *rows = [int(word, 0) for word in sys.argv[1:]]
burnt = [int(word, 16) for word in (pi / "rows").read_text().split()] if (pi / "rows").exists() else [0] * 8
locked = (pi / "locked").exists()
if (size, length, first, count, len(rows)) != (40, 40, 0, 8, 8) or tag not in (0x30081, 0x38081):
    sys.exit(1)
if tag == 0x38081 and not locked and all(row | old == row for row, old in zip(rows, burnt)):
    burnt = rows
    (pi / "rows").write_text(" ".join(f"{{row:08x}}" for row in burnt))
    (pi / "burns").open("a").write("x")
shown = [0] * 8 if locked else burnt
words = [0x40, 0x80000000, tag, 40, 0x80000028, 0, 8, *shown, 0]
print(" ".join(f"0x{{word:08x}}" for word in words))
"""
CREDS = """#!/bin/sh
verb=$1
shift
tpm="swtpm:host=127.0.0.1,port=$LINTEL_TEST_TPM"
{creds} "$verb" "--tpm2-device=$tpm" "$@"
code=$?
tpm2_flushcontext --tcti "$tpm" --loaded-session >&2  # as the kernel does behind /dev/tpmrm0
exit $code
"""
TPM_PROGRAMS = ("swtpm", "systemd-creds", "tpm2_flushcontext")


class Machines:
    """Programs on the PATH that stand for those of one machine at a time."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._monkeypatch = folder, monkeypatch
        self._bin = folder / "bin"
        self._bin.mkdir()
        monkeypatch.setenv("PATH", f"{self._bin}{os.pathsep}{os.environ['PATH']}")

    def pi(self, name: str) -> Path:
        """From here on this is the Pi of that name; the folder of its fuses."""
        self.program("vcmailbox", VCMAILBOX.format(python=sys.executable))
        pi = self._folder / name
        pi.mkdir(exist_ok=True)
        self._monkeypatch.setenv("LINTEL_TEST_PI", str(pi))
        return pi

    @contextlib.contextmanager
    def tpm(self, name: str) -> Iterator[None]:
        """Within the block this is the machine with the TPM of that name. Skips the test where there is no swtpm."""
        missing = [program for program in TPM_PROGRAMS if shutil.which(program) is None]
        if missing:
            pytest.skip(f"not installed: {', '.join(missing)} (Debian's packages swtpm, tpm2-tools)")
        real = next(path for path in ("/usr/bin/systemd-creds", "/bin/systemd-creds") if Path(path).exists())
        self.program("systemd-creds", CREDS.format(creds=real))
        port, state = two_free_ports(), self._folder / f"tpm-{name}"
        state.mkdir(exist_ok=True)
        ends = (f"type=tcp,port={port}", f"type=tcp,port={port + 1}")
        command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--server", ends[0], "--ctrl", ends[1]]
        flags = ["--flags", "not-need-init,startup-clear"]
        with subprocess.Popen([*command, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                until(lambda: listens(port + 1))
                self._monkeypatch.setenv("LINTEL_TEST_TPM", str(port))
                yield
            finally:
                process.terminate()

    def without(self, name: str) -> None:
        """No program of that name is on the PATH."""
        kept = [folder for folder in os.environ["PATH"].split(os.pathsep) if shutil.which(name, path=folder) is None]
        self._monkeypatch.setenv("PATH", os.pathsep.join(kept))

    def program(self, name: str, content: str) -> None:
        """A program on the PATH."""
        path = self._bin / name
        path.write_text(content)
        path.chmod(0o755)


def two_free_ports() -> int:
    """The first of two that follow each other, as swtpm's clients expect them."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port


def listens(port: int) -> bool:
    """Whether a program listens there."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
