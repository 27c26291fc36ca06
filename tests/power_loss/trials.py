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
from tests.power_loss.contents import contents, integrity
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
    def said(self) -> tuple[str, ...]:
        """What the store held, step by step, as it said."""
        return tuple(one.said.split()[1] for one in self.operations if one.kind is Kind.SAY)

    def allowed(self, until: int) -> tuple[str, ...]:
        """What a store may hold that ended after so many operations: all that was acknowledged, and at most the step
        that was under way.
        """
        steps = sum(one.kind is Kind.SAY for one in self.operations[:until])
        return self.said[max(0, steps - 1) : steps + 1]


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
    return _found(recording.said[max(0, steps - 1) : steps + 1], base)


def _wrong(recording: Recording, until: int, files: dict[str, bytes], folder: Path) -> str:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "state").mkdir(parents=True, mode=0o700)
    write_out(files, recording.base, folder)
    wrong = _found(recording.allowed(until), folder)
    return f"cut after {until} operations: {wrong}" if wrong else ""


def _found(allowed: Sequence[str], base: Path) -> str:
    try:
        with Store(base / "state") as store:
            held, said = contents(store), integrity(store)
    except LintelError as error:
        return f"can't be opened: {error.message}"
    if said != "ok":
        return f"corrupt: {said}"
    return "" if held in allowed else "an acknowledged row is lost, or half of a step is there"
