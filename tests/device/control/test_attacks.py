"""Attackers in processes of their own: commands are answered, nothing is left behind. The rig tries it for longer."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from device.control.client import Client, ask_doors
from device.control.messages import Row
from device.records import DoorCommand
from tests.processes import started
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[3]


class Attacked:
    """A service in a process of its own."""

    def __init__(self, process: int, path: Path) -> None:
        self._process, self.path = process, path

    def kept(self) -> tuple[int, int]:
        """Files and threads that it has."""
        folder = Path(f"/proc/{self._process}")
        return len(list((folder / "fd").iterdir())), len(list((folder / "task").iterdir()))

    def memory_mb(self) -> float:
        fields = dict(
            line.split(":", 1) for line in Path(f"/proc/{self._process}/status").read_text().splitlines() if ":" in line
        )
        return int(fields["VmRSS"].split()[0]) / 1000


@pytest.fixture
def attacked(path: Path) -> Iterator[Attacked]:
    command = [sys.executable, "-m", "tests.device.control.attacked", str(path)]
    with started(command, stdout=subprocess.PIPE, cwd=ROOT) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == "listens\n"
        yield Attacked(service.pid, path)


def waits_s(path: Path, attackers: list[subprocess.Popen[str]]) -> list[float]:
    """How long each lockdown was waited for, while the attackers are there."""
    waits = []
    while any(attacker.poll() is None for attacker in attackers):
        began = time.monotonic()
        assert ask_doors(path, DoorCommand.LOCKDOWN, timeout_s=PATIENCE_S)
        waits.append(time.monotonic() - began)
        time.sleep(0.01)
    return waits


def left_behind(attacked: Attacked, before: tuple[int, int]) -> list[int]:
    """How many more files and threads there are than before, once the last attackers' connections are gone."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        more = [max(0, now - then) for now, then in zip(attacked.kept(), before, strict=True)]
        if more == [0, 0] or time.monotonic() >= deadline:
            return more
        time.sleep(0.05)


@pytest.mark.parametrize(
    "modes",
    [("questions", "garbage"), ("slow", "oversize"), ("releases", "uploads"), ("subscribers", "deaf"), ("holds",)],
    ids="+".join,
)
def test_lockdown_is_answered_and_nothing_is_left_behind(attacked: Attacked, modes: tuple[str, ...]) -> None:
    ask_doors(attacked.path)
    before, memory = attacked.kept(), attacked.memory_mb()
    command = [sys.executable, "-m", "tests.attackers"]
    attackers = [
        subprocess.Popen([*command, mode, str(attacked.path), "1.0"], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for mode in modes
    ]
    waits = waits_s(attacked.path, attackers)
    counts = [int((attacker.communicate()[0].split() or ["0"])[-1]) for attacker in attackers]
    assert min(counts) > 0, "an attacker that did nothing shows nothing"
    assert median(waits) < 1.0, "0.1 s on an idle machine, as the rig promises for each"
    assert left_behind(attacked, before) == [0, 0]
    assert attacked.memory_mb() - memory < 30.0


def test_subscriber_that_is_killed_leaves_nothing_behind(attacked: Attacked) -> None:
    ask_doors(attacked.path)
    before = attacked.kept()
    for _ in range(5):
        child = os.fork()
        if child == 0:
            updates = Client(attacked.path).subscribe(1)
            while not isinstance(next(updates), Row):
                pass
            os.kill(os.getpid(), 9)
        os.waitpid(child, 0)
    assert left_behind(attacked, before) == [0, 0]
