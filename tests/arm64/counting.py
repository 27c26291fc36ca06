"""Counts the instructions of each stage, on arm64 and on x86-64, by a plugin of qemu's user-mode emulator."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.arm64.cell import CPUINFO, Cell
from tests.arm64.installing import packages_of
from tests.system.trees import ROOT, run

ROUNDS, TIMED_ROUNDS = 3, 20
LIMIT_S = 900
PAGE = 4096
STAGES = ROOT / "tests" / "arm64" / "stages.py"
Counts = dict[str, float]


def plugin(folder: Path) -> Path:
    """The plugin, compiled. Raises `Unready`."""
    made = folder / "counting.so"
    source = ROOT / "tests" / "arm64" / "counting.c"
    run("gcc", "-shared", "-fPIC", "-O2", "-o", str(made), str(source))
    return made


def counted_there(cell: Cell, processor: str) -> Counts:
    """Instructions of the package's own environment on an arm64 processor, {} if none. Raises `Unready`."""
    program = cell.root / "usr" / "bin" / f"python{cell.release.python}"
    with tempfile.TemporaryDirectory() as folder:
        cpuinfo = Path(folder) / "cpuinfo"
        cpuinfo.write_text(CPUINFO)
        emulator = ["qemu-aarch64", "-cpu", processor, "-L", str(cell.root), "-E", f"PYTHONPATH=/{packages_of(cell)}"]
        counted = _counted(Path(folder), emulator, program)
        seen = ("unshare", "--mount", "/bin/sh", "-c", 'mount --bind "$0" /proc/cpuinfo; exec "$@"', str(cpuinfo))
        return _answer(*seen, *counted)


def counted_here() -> Counts:
    """Instructions of this checkout's environment on x86-64, emulated with AVX2, as qemu 7.2 does. Raises `Unready`."""
    program = Path(sys.executable).resolve()
    path = ":".join(place for place in sys.path if place)
    with tempfile.TemporaryDirectory() as folder:
        emulator = ["qemu-x86_64", "-cpu", "max", "-E", f"PYTHONPATH={path}"]
        return _answer(*_counted(Path(folder), emulator, program))


def timed_here() -> Counts:
    """Milliseconds of each stage on this machine, not emulated."""
    return _answer(sys.executable, str(STAGES), str(TIMED_ROUNDS))


def _counted(folder: Path, emulator: list[str], program: Path) -> list[str]:
    into = folder / "count"
    into.write_bytes(bytes(PAGE))
    plugged = [*emulator, "-plugin", f"{plugin(folder)},into={into}", str(program)]
    return ["timeout", "--kill-after=5", str(LIMIT_S), *plugged, str(STAGES), str(ROUNDS), str(into)]


def _answer(*command: str) -> Counts:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd=ROOT)
    if ended.returncode:
        return {}
    return {str(name): float(value) for name, value in json.loads(ended.stdout).items()}
