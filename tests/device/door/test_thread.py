"""The thread that keeps a door's time."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from device.clock import SystemClock
from device.door.operation import Door
from device.door.thread import DoorThread
from device.ports import Clock
from device.records import (
    Commanded,
    DoorCommand,
    DoorInput,
    DoorState,
    Event,
    Line,
    Outputs,
    ScheduleChanged,
)
from device.settings.tables import DoorSettings
from tests.device.door.bench import EVENTS, FakeDoorIO
from tests.device.door.operated import StoppedClock, events
from tests.waiting import PATIENCE_S, until

BEAT_S = 0.5


@pytest.fixture
def threaded() -> Iterator[Callable[..., tuple[Door, FakeDoorIO, DoorThread]]]:
    """Makes doors with a thread each, in real time; all are closed at the end."""
    made = []

    def make(
        clock: Clock | None = None, strike_time_s: float = 0.3, lines: dict[DoorInput, Line] | None = None
    ) -> tuple[Door, FakeDoorIO, DoorThread]:
        clock = clock or SystemClock()
        io = FakeDoorIO(clock, lines)
        door = Door(DoorSettings(strike_time_s=strike_time_s), io, clock)
        made.append((door, DoorThread(door, clock)))
        return door, io, made[-1][1]

    yield make
    for door, thread in made:
        thread.close()
        door.close()


class TestThread:
    def test_release_ends_while_nobody_else_does_anything(
        self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        door, io, _ = threaded()
        door.grant()
        until(lambda: not io.driven[-1][1].released)
        (_, _), (began, _), (ended, _) = io.strike()
        assert 0.25 <= ended - began < 0.3 + PATIENCE_S

    def test_release_ends_on_a_clock_that_stands_still(
        self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        door, io, _ = threaded(StoppedClock())
        began = time.monotonic()
        door.grant()
        until(lambda: not io.driven[-1][1].released)
        assert time.monotonic() - began < PATIENCE_S

    def test_release_ends_on_a_clock_that_is_set_back(
        self, monkeypatch: pytest.MonkeyPatch, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        clock = StoppedClock()
        door, io, _ = threaded(clock)
        door.grant()
        monkeypatch.setattr(clock, "monotonic", lambda: -1e6)
        until(lambda: not io.driven[-1][1].released)
        assert door.state is DoorState.LOCKED

    def test_it_beats(self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]) -> None:
        _, _, thread = threaded()
        first = thread.last_beat
        until(lambda: thread.last_beat > first + BEAT_S)
        assert thread.failure is None

    def test_thread_that_fails_secures_and_says_so_and_beats_no_more(
        self, monkeypatch: pytest.MonkeyPatch, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        door, io, thread = threaded(strike_time_s=10.0)
        door.grant()
        monkeypatch.setattr(door, "deadline", None)  # whatever breaks it
        until(lambda: thread.failure is not None)
        assert isinstance(thread.failure, TypeError)
        assert (door.state, io.driven[-1][1], door.grant()) == (DoorState.FAULT, Outputs(), False)
        assert Event.DOOR_FAULT in events(door)
        beat = thread.last_beat
        thread._thread.join(PATIENCE_S)
        assert thread.last_beat == beat

    def test_failure_is_to_be_seen_once_the_door_is_in_fault(
        self, monkeypatch: pytest.MonkeyPatch, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        door, _, thread = threaded()
        fail, seen = door.fail, []

        def failing(why: str) -> None:
            seen.append(thread.failure)
            fail(why)

        monkeypatch.setattr(door, "fail", failing)
        monkeypatch.setattr(door, "deadline", None)
        until(lambda: thread.failure is not None)
        assert (seen, door.state) == ([None], DoorState.FAULT)

    def test_it_beats_twice_a_second_while_nothing_happens(
        self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        _, _, thread = threaded()
        beats = {thread.last_beat}

        def beaten() -> bool:
            beats.add(thread.last_beat)
            return len(beats) > 3

        until(beaten)
        _, *gaps_s = (later - earlier for earlier, later in pairwise(sorted(beats)))
        assert 0.4 < min(gaps_s) < 0.9

    def test_it_hangs_with_the_driver_and_beats_no_more(
        self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        door, io, thread = threaded()
        io.hangs = threading.Event()
        granting = threading.Thread(target=door.grant)
        granting.start()
        until(lambda: time.monotonic() - thread.last_beat > 2 * BEAT_S)
        io.hangs.set()
        granting.join(PATIENCE_S)
        until(lambda: time.monotonic() - thread.last_beat < BEAT_S)

    def test_closing_ends_it(self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]) -> None:
        _, _, thread = threaded()
        thread.close()
        assert not thread._thread.is_alive()

    def test_many_threads_tell_it_things(self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]) -> None:
        door, io, thread = threaded(strike_time_s=0.1)
        told = [event for event in EVENTS if not isinstance(event, ScheduleChanged)]

        def tell() -> None:
            for event in told * 5:
                door.tell(event)
                door.status()
                door.notices()

        tellers = [threading.Thread(target=tell) for _ in range(8)]
        for teller in tellers:
            teller.start()
        for teller in tellers:
            teller.join(60)
        assert [teller.is_alive() for teller in tellers] == [False] * 8
        for wire in DoorInput:
            io.change(wire, Line.QUIET)
        for _ in range(3):
            door.tell(Commanded(DoorCommand.CLEAR))
        until(lambda: door.state is DoorState.LOCKED)
        until(lambda: io.driven[-1][1] == Outputs())
        assert thread.failure is None
