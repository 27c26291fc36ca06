"""Faults and slowness at the system calls of a child, by strace's injection; without it, checks are skipped."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

SYNCS = "fsync,fdatasync"


@cache
def missing() -> str:
    """Why strace cannot be used here; empty if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    command = ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", f"inject={SYNCS}:delay_enter=1", "true"]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"strace cannot trace here: {tried.stderr.strip().splitlines()[-1:]}"


class Skipped(Exception):
    """A check that cannot be tried on this machine."""


def slow_syncs(seconds: float) -> tuple[str, ...]:
    """A command before another one, with which each sync of a file takes so much longer. Raises `Skipped`."""
    return _injected(f"inject={SYNCS}:delay_enter={int(seconds * 1e6)}", SYNCS)


def failing_calls(calls: str, error: str, when: str = "1+") -> tuple[str, ...]:
    """A command before another one, with which these system calls fail with an error. Raises `Skipped`."""
    return _injected(f"inject={calls}:error={error}:when={when}", calls)


def kill_at_rename_in(folder: Path) -> tuple[str, ...]:
    """A command before another one, which is killed when it puts its first file in its place in a folder. Raises
    `Skipped`.
    """
    calls = "rename,renameat,renameat2"
    return (*_injected(f"inject={calls}:error=EIO:signal=KILL:when=1", calls), "-P", str(folder))


def _injected(inject: str, calls: str) -> tuple[str, ...]:
    if why := missing():
        raise Skipped(why)
    return ("strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject)
