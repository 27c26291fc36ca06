"""The way out is never less free than the way in: an enrolled badge releases within 1 s, whatever is wrong."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as changed

from device.clock import Stop
from device.door_log import DoorLog
from device.door_loop import DoorLoop
from device.errors import CameraError, ModelError
from device.files import keys_folder
from device.records import (
    BadgeRead,
    DoorCommand,
    DoorState,
    Factor,
    Notice,
    ReaderNotice,
    Reason,
    Ruling,
    Transaction,
)
from device.settings.tables import ReaderSettings
from device.vision.late import LateAnalyzer
from tests.device.access.world import BADGE, World, probe, put_into, world_in

Fault = Callable[[World], Any]


class Loop:
    """A door with a reader on either side."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.world = world_in(folder, probe(1.0))
        (door,) = self.world.settings.doors
        readers = (ReaderSettings(name="outside"), ReaderSettings(name="inside", direction="exit"))
        self.settings = changed(self.world.settings, doors=(changed(door, readers=readers, **settings),))
        self.doorway = self.world.doorway
        self.stop = Stop()

    def opened(self) -> DoorLoop:
        log = DoorLog(self.world.door, self.world.store, self.world.clock)
        return DoorLoop(self.doorway, self.settings, _NoReader(), log=log)

    def leaves(self, loop: DoorLoop) -> Transaction:
        read = BadgeRead(BADGE, self.world.clock.monotonic(), "inside")
        over = loop.attend(read, self.stop)
        while over is None:
            over = next(iter(loop.advance(self.stop, within_s=0.1)), None)
        return over


class _NoReader:
    def read(self, timeout_s: float) -> None:
        pass

    def show(self, signal: object) -> None:
        pass

    def close(self) -> None:
        pass


@contextmanager
def locked(world: World) -> Iterator[None]:
    with closing(sqlite3.connect(world.store.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def without_camera(loop: Loop) -> None:
    loop.world.camera.fault = CameraError("It is gone.", hint="Bring it.")


def without_models(loop: Loop) -> None:
    def load() -> Any:
        raise ModelError("The models are missing.", hint="Bring them.")

    loop.doorway = replace(loop.doorway, analyzer=LateAnalyzer(load))


def with_another_key(loop: Loop) -> None:
    for file in keys_folder(loop.world.store.path.parent).iterdir():
        file.write_bytes(bytes(len(file.read_bytes())))


def outside_every_schedule(loop: Loop) -> None:
    loop.doorway = replace(loop.doorway, rules=lambda *_: Ruling(reason=Reason.OUTSIDE_SCHEDULE))


def with_a_clock_in_doubt(loop: Loop) -> None:
    loop.doorway = replace(loop.doorway, rules=lambda *_: Ruling(reason=Reason.CLOCK_UNTRUSTED))


def locked_out(loop: Loop) -> None:
    for _ in range(60):
        with loop.world.store.counters() as counters:
            counters.decided(BADGE, failed=frozenset({Factor.FACE, Factor.PIN}))


def in_lockdown(loop: Loop) -> None:
    put_into(loop.world, DoorState.LOCKDOWN)


def secured(loop: Loop) -> None:
    loop.world.door.command(DoorCommand.SECURE)


WRONG: dict[str, Callable[[Loop], None]] = {
    "nothing": lambda _loop: None,
    "camera": without_camera,
    "models": without_models,
    "key": with_another_key,
    "schedule": outside_every_schedule,
    "clock": with_a_clock_in_doubt,
    "lock-out": locked_out,
    "lockdown": in_lockdown,
    "secured": secured,
}


@pytest.mark.parametrize("what", WRONG)
def test_badge_at_the_exit_reader_releases_whatever_is_wrong(tmp_path: Path, what: str) -> None:
    loop = Loop(tmp_path / "state")
    WRONG[what](loop)
    began = loop.world.clock.monotonic()
    over = loop.leaves(loop.opened())
    assert (over.decision.reason, loop.world.releases) == (Reason.EXIT, 1)
    assert loop.world.clock.monotonic() - began < 1.0
    loop.world.store.close()


def test_locked_store_keeps_no_one_in(tmp_path: Path) -> None:
    loop = Loop(tmp_path / "state")
    opened = loop.opened()
    with locked(loop.world):
        assert (loop.leaves(opened).decision.reason, loop.world.releases) == (Reason.EXIT, 1)
    loop.world.store.close()


def test_opened_reader_inside_keeps_no_one_in(tmp_path: Path) -> None:
    loop = Loop(tmp_path / "state")
    opened = loop.opened()
    opened.attend(ReaderNotice(Notice.TAMPERED, 0.0, "inside"), loop.stop)
    assert loop.leaves(opened).decision.reason is Reason.EXIT
    loop.world.store.close()


CONTROLLED: dict[str, Reason] = {
    "nothing": Reason.BADGE,
    "camera": Reason.BADGE,
    "models": Reason.BADGE,
    "schedule": Reason.OUTSIDE_SCHEDULE,
    "lock-out": Reason.BADGE,
    "lockdown": Reason.DOOR_LOCKDOWN,
}


@pytest.mark.parametrize(("what", "reason"), CONTROLLED.items())
def test_way_out_that_is_controlled_obeys_rules_and_lockdown(tmp_path: Path, what: str, reason: Reason) -> None:
    loop = Loop(tmp_path / "state", egress="controlled", free_exit="handle")
    WRONG[what](loop)
    over = loop.leaves(loop.opened())
    assert (over.decision.reason, loop.world.releases) == (reason, int(reason is Reason.BADGE))
    loop.world.store.close()
