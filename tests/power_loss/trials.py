"""Opens what a power cut or a kill left, with the real store, and says what is wrong with it."""

import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.errors import LintelError
from device.store.store import Store
from tests.power_loss.contents import contents, integrity, listed
from tests.power_loss.images import cut_off, read_in, whole, write_out
from tests.power_loss.life import prepare
from tests.power_loss.operations import ENVIRONMENT, Kind, Operation, recorded

LIFE = Path(__file__).with_name("life.py")
SYNCS = frozenset({Kind.WRITE, Kind.SYNC})


@dataclass(frozen=True, slots=True)
class Recording:
    """A life that was recorded: the files before it, and all that it did."""

    what: str
    base: Path
    before: dict[str, bytes]
    operations: tuple[Operation, ...]

    @property
    def said(self) -> tuple[tuple[str, int], ...]:
        """What the store held, step by step, as it said, and how much the list beside it."""
        words = [one.said.split() for one in self.operations if one.kind is Kind.SAY]
        return tuple((held, int(count)) for _, held, count in words)

    def allowed(self, steps: int) -> tuple[tuple[str, int], ...]:
        """What a store may hold that ended after so many steps: all that was acknowledged, and at most the one that was
        under way.
        """
        return self.said[max(0, steps - 1) : steps + 1]

    def steps(self, until: int) -> int:
        """How many steps were acknowledged after so many operations."""
        return sum(one.kind is Kind.SAY for one in self.operations[:until])


def record(what: str, base: Path) -> Recording:
    """A `day` of a new store, the opening of an old one (`migrate`), or a `restore` in the place of another."""
    prepare(what, base)
    before = read_in(base)
    return Recording(what, base, before, recorded([str(LIFE), what, str(base)], base))


def after_power_cut(recording: Recording, seed: int, folder: Path) -> str:
    """What is wrong with the store after one power cut, "" if nothing is."""
    chance = random.Random(seed)
    until = chance.randrange(1, len(recording.operations) + 1)
    files = cut_off(recording.operations[:until], recording.before, chance)
    return _wrong(recording, until, files, folder)


def kill_points(recording: Recording) -> tuple[int, ...]:
    """Before each write and each sync."""
    return tuple(number for number, one in enumerate(recording.operations) if one.kind in SYNCS)


def after_kill(recording: Recording, until: int, folder: Path) -> str:
    """The same after a kill -9 before an operation: the kernel keeps all that was written."""
    files = whole(recording.operations[:until], recording.before)
    return _wrong(recording, until, files, folder)


def killed_for_real(recording: Recording, call: str, number: int, base: Path) -> str:
    """The same with a process that the kernel kills at its call of that number."""
    prepare(recording.what, base)
    inject = f"inject={call}:signal=KILL:when={number}"
    command = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]
    life = subprocess.run(
        [*command, sys.executable, str(LIFE), recording.what, str(base)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        text=True,
        check=False,
    )
    steps = len(life.stdout.splitlines())
    return _found(recording.allowed(steps), base)


def _wrong(recording: Recording, until: int, files: dict[str, bytes], folder: Path) -> str:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "state").mkdir(parents=True, mode=0o700)
    write_out(files, recording.base, folder)
    wrong = _found(recording.allowed(recording.steps(until)), folder)
    return f"cut after {until} operations: {wrong}" if wrong else ""


def _found(allowed: Sequence[tuple[str, int]], base: Path) -> str:
    try:
        with Store(base / "state") as store:
            held, said, count = contents(store), integrity(store), listed(store)
    except LintelError as error:
        return f"can't be opened: {error.message}"
    if said != "ok":
        return f"corrupt: {said}"
    if count < min(least for _, least in allowed):
        return "the list beside the store has lost an entry that was acknowledged"
    return "" if held in [one for one, _ in allowed] else "an acknowledged row is lost, or half of a step is there"
