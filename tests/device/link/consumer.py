"""What a consumer that keys by `uid` makes of the file of `child`, and a child to kill."""

import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from tests.device.link.child import EVENTS
from tests.processes import started

ROOT = Path(__file__).parents[3]


def applied(folder: Path) -> list[int]:
    """The numbers of the events that are applied, in their order: each key once, lines that were cut left out."""
    seen: set[str] = set()
    numbers: list[int] = []
    for line in (folder / EVENTS).read_bytes().splitlines() if (folder / EVENTS).exists() else ():
        try:
            number, uid = msgspec.json.decode(line, type=tuple[int, str])
        except msgspec.DecodeError:
            continue
        if uid not in seen:
            seen.add(uid)
            numbers.append(number)
    return numbers


def child(socket: Path, folder: Path) -> AbstractContextManager[subprocess.Popen[str]]:
    """A link that runs until it is killed."""
    command = [sys.executable, "-m", "tests.device.link.child", socket, folder]
    return started(command, cwd=ROOT, stdout=subprocess.DEVNULL)
