"""A thread for what has a time of its own: called when due, soon after it is woken, and gone after the end."""

import math
import threading
import time
from collections.abc import Iterator

import pytest

from device.clock import SystemClock
from device.door.wires.timekeeper import Timekeeper
from tests.waiting import PATIENCE_S

LONGEST_WAIT_S = 1.0


class Alarm:
    """`Timed` that goes off once at a time."""

    def __init__(self) -> None:
        self.at: float | None = None
        self.went_off_at = math.nan
        self.gone_off = threading.Event()

    def deadline(self) -> float | None:
        return self.at

    def tick(self) -> None:
        self.at, self.went_off_at = None, time.monotonic()
        self.gone_off.set()


@pytest.fixture
def alarm() -> Alarm:
    return Alarm()


@pytest.fixture
def keeper(alarm: Alarm) -> Iterator[Timekeeper]:
    keeper = Timekeeper(alarm, SystemClock())
    yield keeper
    keeper.close()


def test_it_is_called_when_its_time_has_come(alarm: Alarm, keeper: Timekeeper) -> None:
    due = alarm.at = time.monotonic() + 0.2
    keeper.wake()
    assert alarm.gone_off.wait(PATIENCE_S)
    assert 0.0 <= alarm.went_off_at - due < 1.0


def test_it_is_found_without_being_woken(alarm: Alarm, keeper: Timekeeper) -> None:  # noqa: ARG001 - it runs
    due = alarm.at = time.monotonic()
    assert alarm.gone_off.wait(PATIENCE_S)
    assert alarm.went_off_at - due < LONGEST_WAIT_S + 10.0


def test_what_is_past_is_called_at_once(alarm: Alarm) -> None:
    alarm.at = time.monotonic() - 100.0
    keeper = Timekeeper(alarm, SystemClock())
    assert alarm.gone_off.wait(PATIENCE_S)
    keeper.close()


def test_every_round_is_told(alarm: Alarm) -> None:
    told = threading.Event()
    keeper = Timekeeper(alarm, SystemClock(), each_round=told.set)
    assert told.wait(PATIENCE_S)
    keeper.close()


def test_closing_ends_the_thread_at_once(alarm: Alarm, keeper: Timekeeper) -> None:  # noqa: ARG001 - the fixture closes it again
    began = time.monotonic()
    keeper.close()
    assert (keeper._thread.is_alive(), time.monotonic() - began < LONGEST_WAIT_S) == (False, True)


def test_it_may_be_closed_by_what_it_calls() -> None:
    class Ending(Alarm):
        def tick(self) -> None:
            ended.close()
            super().tick()

    ending = Ending()
    ended = Timekeeper(ending, SystemClock())
    ending.at = time.monotonic()
    ended.wake()
    assert ending.gone_off.wait(PATIENCE_S)
    ended._thread.join(PATIENCE_S)
    assert not ended._thread.is_alive()


def test_what_fails_is_reported_and_called_again(alarm: Alarm, monkeypatch: pytest.MonkeyPatch) -> None:
    reported = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(args.exc_type))
    go_off, failures = alarm.tick, iter([ValueError, KeyError])

    def tick() -> None:
        for failure in failures:
            raise failure
        go_off()

    monkeypatch.setattr(alarm, "tick", tick)
    alarm.at = time.monotonic()
    keeper = Timekeeper(alarm, SystemClock())
    assert alarm.gone_off.wait(PATIENCE_S)
    keeper.close()
    assert reported == [ValueError, KeyError]


def test_closing_does_not_wait_for_a_thread_that_hangs(monkeypatch: pytest.MonkeyPatch, alarm: Alarm) -> None:
    hang = threading.Event()
    monkeypatch.setattr(alarm, "tick", lambda: hang.wait(PATIENCE_S))
    alarm.at = time.monotonic()
    keeper = Timekeeper(alarm, SystemClock())
    began = time.monotonic()
    keeper.close()
    assert time.monotonic() - began < PATIENCE_S / 2
    hang.set()
