"""The relay's own watchdog: a strike that nobody attends to is secured, and if no thread runs, the process is ended."""

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.clock import SystemClock
from device.door.operation import Door
from device.door.thread import DoorThread
from device.door.wires.gpio import BoardIO
from device.door.wires.relay_guard import RelayGuard
from device.errors import DoorError
from device.records import DoorCommand, DoorNotice, Event, Outputs
from device.settings.tables import DoorSettings
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from tests.waiting import PATIENCE_S, until

PET_S = 2.0

PIN = 17
RELEASED = Outputs(released=True)
HANGING = Path(__file__).parent / "hanging.py"


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def pins(clock: SimulatedClock) -> SimulatedPins:
    return SimulatedPins(clock)


@pytest.fixture
def io(pins: SimulatedPins, clock: SimulatedClock) -> BoardIO:
    io = BoardIO(DoorSettings(pin=PIN), pins.factory, clock)
    clock.attend(io.guard)
    return io


def changes(pins: SimulatedPins) -> list[tuple[float, bool]]:
    """The strike's changes as (seconds, released)."""
    return [(level.at, level.high) for level in pins.history(PIN)]


def test_strike_that_nobody_attends_to_is_secured(pins: SimulatedPins, io: BoardIO, clock: SimulatedClock) -> None:
    io.drive(RELEASED)
    clock.sleep(60.0)
    assert changes(pins) == [(0.0, False), (0.0, True), (PET_S, False)]


def test_strike_that_is_attended_to_stays_released(pins: SimulatedPins, io: BoardIO, clock: SimulatedClock) -> None:
    for _ in range(600):
        io.drive(RELEASED)
        clock.sleep(PET_S * 0.9)
    assert changes(pins) == [(0.0, False), (0.0, True)]


def test_secured_strike_needs_nobody(pins: SimulatedPins, io: BoardIO, clock: SimulatedClock) -> None:
    io.drive(RELEASED)
    io.drive(Outputs())
    clock.sleep(60.0)
    assert changes(pins) == [(0.0, False), (0.0, True), (0.0, False)]


def test_what_the_guard_did_is_told_to_whoever_wakes_up(io: BoardIO, clock: SimulatedClock) -> None:
    io.drive(RELEASED)
    clock.sleep(60.0)
    with pytest.raises(DoorError, match="not attended to for 2 s"):
        io.drive(Outputs())


def test_it_is_told_once(io: BoardIO, clock: SimulatedClock) -> None:
    io.drive(RELEASED)
    clock.sleep(60.0)
    with pytest.raises(DoorError):
        io.drive(Outputs())
    io.drive(Outputs())


def test_thread_that_wakes_up_does_not_go_on_as_before(pins: SimulatedPins, io: BoardIO, clock: SimulatedClock) -> None:
    io.drive(RELEASED)
    clock.sleep(10.0)
    with pytest.raises(DoorError):
        io.drive(RELEASED)
    assert changes(pins)[-1] == (PET_S, False)


def test_thread_that_has_thought_again_is_watched_again(
    pins: SimulatedPins, io: BoardIO, clock: SimulatedClock
) -> None:
    io.drive(RELEASED)
    clock.sleep(10.0)
    with pytest.raises(DoorError):
        io.drive(RELEASED)
    io.drive(RELEASED)
    clock.sleep(10.0)
    assert changes(pins)[-2:] == [(10.0, True), (10.0 + PET_S, False)]


def test_strike_that_cannot_be_secured_is_tried_again(pins: SimulatedPins, io: BoardIO, clock: SimulatedClock) -> None:
    io.drive(RELEASED)
    pins.broken = True
    clock.sleep(PET_S * 3.5)
    pins.broken = False
    clock.sleep(PET_S)
    assert changes(pins)[-1] == (PET_S * 4, False)


def test_release_after_the_guard_s_look_is_secured_by_its_next(clock: SimulatedClock) -> None:
    """A thread that is stopped between telling the guard and driving the pin."""
    secured = []
    guard = RelayGuard(lambda: secured.append(clock.monotonic()), clock)
    clock.attend(guard)
    guard.pet()
    clock.sleep(PET_S * 1.5)
    clock.sleep(PET_S)
    assert secured == [PET_S, PET_S * 2]


def test_closed_door_is_left_alone(pins: SimulatedPins, io: BoardIO, clock: SimulatedClock) -> None:
    io.drive(RELEASED)
    io.close()
    clock.sleep(60.0)
    assert changes(pins) == [(0.0, False), (0.0, True), (0.0, False)]


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=30))
def test_strike_is_never_released_for_long_without_being_driven(driven: list[tuple[float, bool]]) -> None:
    clock = SimulatedClock()
    pins = SimulatedPins(clock)
    io = BoardIO(DoorSettings(pin=PIN), pins.factory, clock)
    clock.attend(io.guard)
    last_driven = []
    for pause, released in driven:
        last_driven.append(clock.monotonic())
        with contextlib.suppress(DoorError):
            io.drive(Outputs(released=released))
        clock.sleep(pause)
    clock.sleep(PET_S)
    for (at, high), (ends, _) in zip(changes(pins), changes(pins)[1:], strict=False):
        attended = [when for when in last_driven if at <= when <= ends]
        assert not high or ends - attended[-1] <= PET_S + 1e-9
    assert not changes(pins)[-1][1]


@pytest.fixture
def real() -> Iterator[tuple[BoardIO, SimulatedPins]]:
    """Real threads on simulated pins."""
    clock = SystemClock()
    pins = SimulatedPins(clock)
    io = BoardIO(DoorSettings(pin=PIN), pins.factory, clock)
    io.run()
    yield io, pins
    io.close()


def test_release_ends_while_its_thread_hangs(real: tuple[BoardIO, SimulatedPins]) -> None:
    io, pins = real
    hang = threading.Event()

    def release_and_hang() -> None:
        io.drive(RELEASED)
        hang.wait(PATIENCE_S)

    hanging = threading.Thread(target=release_and_hang, daemon=True)
    hanging.start()
    until(lambda: len(changes(pins)) == 3)
    released, secured = changes(pins)[1:]
    assert (hanging.is_alive(), secured[1]) == (True, False)
    assert PET_S - 0.01 <= secured[0] - released[0] < PET_S + 1.0
    hang.set()
    hanging.join()
    with pytest.raises(DoorError, match="guard"):
        io.drive(Outputs())


def test_release_ends_while_its_thread_hangs_with_the_relays_lock(real: tuple[BoardIO, SimulatedPins]) -> None:
    io, pins = real
    io.drive(RELEASED)
    with io._relay._lock:
        until(lambda: not changes(pins)[-1][1])
    with pytest.raises(DoorError, match="guard"):
        io.drive(Outputs())


@pytest.fixture
def whole(real: tuple[BoardIO, SimulatedPins]) -> Iterator[tuple[Door, SimulatedPins]]:
    """A whole door with a thread for its time."""
    io, pins = real
    door = Door(DoorSettings(pin=PIN, strike_time_s=10.0), io, SystemClock())
    thread = DoorThread(door, SystemClock())
    yield door, pins
    door.close()
    thread.close()


def test_release_ends_while_the_whole_door_hangs(whole: tuple[Door, SimulatedPins]) -> None:
    """Long before its strike time is over."""
    door, pins = whole
    assert door.grant()
    with door._lock:
        until(lambda: not changes(pins)[-1][1])
    (released_at, _), (secured_at, _) = changes(pins)[-2:]
    assert PET_S / 2 < secured_at - released_at < PET_S + 2.0


def test_door_that_woke_up_is_in_fault_and_says_why(whole: tuple[Door, SimulatedPins]) -> None:
    door, pins = whole
    door.grant()
    with door._lock:
        until(lambda: not changes(pins)[-1][1])
    said: list[DoorNotice] = []

    def is_told() -> bool:
        said.extend(door.notices())
        return Event.DOOR_FAULT in [notice.event for notice in said]

    until(is_told)
    assert "released and not attended to" in said[-1].detail
    assert not changes(pins)[-1][1]


def test_evacuation_goes_on_when_the_door_wakes_up(whole: tuple[Door, SimulatedPins]) -> None:
    door, pins = whole
    door.command(DoorCommand.EVACUATE)
    with door._lock:
        until(lambda: not changes(pins)[-1][1])
    until(lambda: changes(pins)[-1][1])


def hang(how: str) -> tuple[int, str, str]:
    """A process that releases the strike and hangs; its exit code and what it said."""
    child = subprocess.Popen([sys.executable, HANGING, how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = child.communicate(timeout=PATIENCE_S)
    finally:
        child.kill()
    return child.returncode, out, err


def test_release_ends_while_the_main_thread_hangs_in_c() -> None:
    assert hang("sleep") == (-signal.SIGKILL, "released\nsecured\n", "")


def test_process_in_which_no_python_runs_is_ended() -> None:
    """It cannot secure the strike itself any more; the unit does that after every end."""
    code, out, err = hang("hold the interpreter")
    assert (code, out, "Timeout" in err) == (1, "released\n", True)
