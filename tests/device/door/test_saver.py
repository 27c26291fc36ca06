"""What a door's saver says is on the disk is on the disk: also after a write that failed halfway, or is under way."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from device.door import saver as module
from device.door.lasting import Lasting, Mode, Order
from device.door.saver import Saver
from device.errors import DoorError
from tests.device.cameras.benches import HandClock
from tests.waiting import PATIENCE_S

LOCKED_DOWN, CLEARED = Lasting(Mode(ordered=Order.LOCKDOWN)), Lasting()


class Disk:
    """A memory whose writes end when they may, and of which each can fail after it has reached the disk."""

    def __init__(self) -> None:
        self.holds: Lasting | None = None
        self.fails = False
        self.may_end = threading.Event()
        self.may_end.set()
        self.has_begun = threading.Semaphore(0)

    def read(self) -> tuple[Lasting, str]:
        return Lasting(), ""

    def write(self, lasting: Lasting) -> None:
        self.holds = lasting
        self.has_begun.release()
        assert self.may_end.wait(PATIENCE_S)
        if self.fails:
            raise DoorError("The second slot cannot be written.", hint="None.")


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def saver(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Saver]:
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    with closing(Saver(disk, HandClock(), lambda _why: None)) as opened:
        opened.want(LOCKED_DOWN)
        assert opened.wait_written(PATIENCE_S)
        assert disk.has_begun.acquire(timeout=PATIENCE_S)
        yield opened


def test_mode_wanted_after_a_half_failed_write_is_written_again(disk: Disk, saver: Saver) -> None:
    disk.fails = True
    saver.want(CLEARED)
    assert disk.has_begun.acquire(timeout=PATIENCE_S)
    saver.want(LOCKED_DOWN)
    assert not saver.is_written
    disk.fails = False
    assert saver.wait_written(PATIENCE_S)
    assert disk.holds == LOCKED_DOWN


def test_mode_wanted_during_another_write_is_not_on_disk_yet(disk: Disk, saver: Saver) -> None:
    disk.may_end.clear()
    saver.want(CLEARED)
    assert disk.has_begun.acquire(timeout=PATIENCE_S)
    saver.want(LOCKED_DOWN)
    assert (disk.holds, saver.is_written) == (CLEARED, False)
    disk.may_end.set()
    assert saver.wait_written(PATIENCE_S)
    assert disk.holds == LOCKED_DOWN


def test_write_that_failed_is_not_tried_again_at_once(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 3600.0)
    reported = threading.Semaphore(0)
    with closing(Saver(disk, HandClock(), lambda _why: reported.release())) as opened:
        disk.fails = True
        opened.want(LOCKED_DOWN)
        assert disk.has_begun.acquire(timeout=PATIENCE_S)
        assert reported.acquire(timeout=PATIENCE_S)
        assert not disk.has_begun.acquire(timeout=0.05)


def test_write_after_one_that_was_good_is_not_waited_for(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 3600.0)
    with closing(Saver(disk, HandClock(), lambda _why: None)) as opened:
        for lasting in (LOCKED_DOWN, CLEARED, LOCKED_DOWN):
            opened.want(lasting)
            assert opened.wait_written(PATIENCE_S)
