"""How often a door's own threads come round, and how quickly they end."""

import threading
import time

import pytest

from device.clock import SystemClock
from device.door.mode import ForgetfulMemory
from device.door.operation import Door
from device.door.saver import Saver
from device.door.thread import DoorThread
from device.door.wires.debounce import Settling
from device.door.wires.timekeeper import Timekeeper
from device.records import Line
from device.settings.tables import DoorSettings
from device.virtual.clock import SimulatedClock
from tests.device.door.bench import FakeDoorIO
from tests.waiting import PATIENCE_S


class Hurry(threading.Event):
    """Writes down how long it is waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.waited = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        if not self.waited.is_set():
            self.waits.append(timeout or 0.0)
            self.waited.set()
        time.sleep(0.01)
        return True


@pytest.mark.parametrize(
    ("strike_time_s", "passed_s", "wait_s"), [(0.2, 0.0, 0.2), (3.0, 0.0, 0.5), (0.2, 60.0, 0.001)]
)
def test_door_thread_waits_for_its_deadline_half_a_second_at_most(
    strike_time_s: float, passed_s: float, wait_s: float
) -> None:
    clock = SimulatedClock()
    clock.sleep(100.0)
    door = Door(DoorSettings(strike_time_s=strike_time_s), FakeDoorIO(clock), clock)
    hurry = Hurry()
    door.hurry = hurry
    door.grant()
    clock.sleep(passed_s)
    thread = DoorThread(door, clock)
    came = hurry.waited.wait(PATIENCE_S)
    thread.close()
    door.close()
    assert (came, [round(seconds, 3) for seconds in hurry.waits]) == (True, [wait_s])


def test_release_ends_although_the_door_is_hurried_all_the_time() -> None:
    clock = SimulatedClock()
    io = FakeDoorIO(clock)
    door = Door(DoorSettings(strike_time_s=3.0), io, clock)
    hurry = Hurry()
    door.hurry = hurry
    door.grant()
    before = io.driven[-1][1].released
    clock.sleep(3.1)
    thread = DoorThread(door, clock)
    came = hurry.waited.wait(PATIENCE_S)
    thread.close()
    after = io.driven[-1][1].released
    door.close()
    assert (came, before, after) == (True, True, False)


class Never:
    """`Timed` that has nothing to do; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def deadline(self) -> float | None:
        self.asked += 1
        return None

    def tick(self) -> None:
        raise AssertionError


def test_no_thread_keeps_the_process_from_ending() -> None:
    clock, before = SystemClock(), set(threading.enumerate())
    door = Door(DoorSettings(), FakeDoorIO(clock), clock, ForgetfulMemory())
    thread, keeper = DoorThread(door, clock), Timekeeper(Never(), clock)
    begun = [one for one in threading.enumerate() if one not in before]
    thread.close()
    keeper.close()
    door.close()
    assert [one.daemon for one in begun] == [True, True, True]


def test_thread_that_was_woken_rests_again() -> None:
    never = Never()
    keeper = Timekeeper(never, SystemClock())
    keeper.wake()
    time.sleep(0.3)
    keeper.close()
    assert never.asked <= 4


def test_saver_with_nothing_to_write_ends_at_once() -> None:
    saver = Saver(ForgetfulMemory(), SimulatedClock(), lambda _why: None)
    began = time.monotonic()
    saver.close()
    assert time.monotonic() - began < 1.5


def test_closing_waits_a_second_for_a_thread_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float | None] = []
    clock = SystemClock()
    door = Door(DoorSettings(), FakeDoorIO(clock), clock, ForgetfulMemory())
    thread = DoorThread(door, clock)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "join", lambda _thread, timeout=None: waits.append(timeout))
        thread.close()
    thread.close()
    door.close()
    assert waits == [1.0]


class TestSettling:
    @pytest.mark.parametrize(("debounce_s", "cut_after_s"), [(0.05, 1.0), (0.2, 1.0), (0.5, 2.0)])
    def test_supervised_wire_that_never_rests_is_cut(self, debounce_s: float, cut_after_s: float) -> None:
        """After a second, or four times its settling time."""
        wire = Settling(Line.QUIET, debounce_s, supervised=True)
        now, lines = 100.0, (Line.ACTIVE, Line.QUIET)
        for step in range(1000):
            wire.see(lines[step % 2], now)
            wire.settle(now)
            if wire.line is Line.CUT:
                break
            now += 0.01
        assert (wire.line, round(now - 100.0, 2)) == (Line.CUT, cut_after_s)

    @pytest.mark.parametrize(("after_s", "line"), [(0.04, Line.QUIET), (0.06, Line.ACTIVE)])
    def test_change_counts_once_it_has_lasted(self, after_s: float, line: Line) -> None:
        wire = Settling(Line.QUIET, 0.05)
        wire.see(Line.ACTIVE, 100.0)
        wire.settle(100.0 + after_s)
        assert wire.line is line

    def test_unsupervised_wire_may_bounce_for_ever(self) -> None:
        wire = Settling(Line.QUIET, 0.05)
        for step in range(1000):
            wire.see((Line.ACTIVE, Line.QUIET)[step % 2], 100.0 + step / 100)
            wire.settle(100.0 + step / 100)
        assert wire.line is Line.QUIET
