"""The wires that say something: what cannot be taken is named, what is lost is found, what cannot be read is cut."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gpiozero import SPISoftwareFallback

from device.clock import SystemClock
from device.door.wires.gpio import BoardIO, board_factory, open_board_io
from device.door.wires.inputs import Inputs
from device.errors import DoorError
from device.records import DoorEvent, DoorInput, DoorOutput, InputChanged, Line, Outputs
from device.settings.tables import DoorSettings, InputSettings, OutputSettings
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from tests.device.lgpio import Lgpio
from tests.waiting import PATIENCE_S

LOOK_S = 1.0

REX = InputSettings(signal=DoorInput.REX, pin=5)
DPS = InputSettings(signal=DoorInput.DPS, pin=6)
SIREN = OutputSettings(signal=DoorOutput.SIREN, pin=20)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def pins(clock: SimulatedClock) -> SimulatedPins:
    return SimulatedPins(clock)


@pytest.fixture
def opened(pins: SimulatedPins, clock: SimulatedClock) -> Callable[..., tuple[BoardIO, list[Any]]]:
    """Opens a door with these wires; (its wires, the changes that are told)."""

    def open_with(
        *inputs: InputSettings, outputs: tuple[OutputSettings, ...] = (), pin: int = 17
    ) -> tuple[BoardIO, list[Any]]:
        told: list[DoorEvent] = []
        io = BoardIO(DoorSettings(pin=pin, inputs=inputs, outputs=outputs), pins.factory, clock)
        io.watch(told.append)
        clock.attend(io)
        return io, told

    return open_with


def test_what_a_wire_says_at_the_start_counts_at_once(
    pins: SimulatedPins, opened: Callable[..., tuple[BoardIO, list[Any]]]
) -> None:
    pins.set_line(REX, Line.ACTIVE)
    io, _ = opened(REX)
    assert io.lines() == {DoorInput.REX: Line.ACTIVE}


def test_door_without_wires_is_never_due(opened: Callable[..., tuple[BoardIO, list[Any]]]) -> None:
    io, _ = opened()
    assert (io.lines(), io.deadline()) == ({}, None)


def test_each_pin_that_is_taken_is_named_with_its_use(opened: Callable[..., tuple[BoardIO, list[Any]]]) -> None:
    opened(REX, DPS, outputs=(SIREN,), pin=17)
    with pytest.raises(DoorError) as conflict:
        opened(REX, DPS, pin=18)
    assert "Cannot take GPIO 5 for input rex of door main: pin GPIO5 is already in use" in conflict.value.message
    assert "Cannot take GPIO 6 for input dps of door main" in conflict.value.message


def test_taken_pin_leaves_the_strike_secure_and_others_free(
    pins: SimulatedPins, opened: Callable[..., tuple[BoardIO, list[Any]]]
) -> None:
    opened(REX, pin=17)
    with pytest.raises(DoorError, match="GPIO 5"):
        opened(DPS, REX, outputs=(SIREN,), pin=18)
    io, _ = opened(DPS, outputs=(SIREN,), pin=18)
    io.drive(Outputs())
    assert [level.high for level in pins.history(18)] == [False]


def test_output_that_another_program_holds_is_named(lgpio: Lgpio, clock: SimulatedClock) -> None:
    lgpio.refused = {("output", 20)}
    with pytest.raises(DoorError, match="GPIO 20, output siren of door main: GPIO busy"):
        BoardIO(DoorSettings(outputs=(SIREN,)), board_factory(), clock)


def test_input_that_another_program_holds_is_named(lgpio: Lgpio, clock: SimulatedClock) -> None:
    lgpio.refused = {("input", 5)}
    with pytest.raises(DoorError, match="GPIO 5 for input rex of door main: GPIO busy") as busy:
        BoardIO(DoorSettings(inputs=(REX,)), board_factory(), clock)
    assert "systemctl stop lintel" in busy.value.hint


def test_board_without_spi_is_an_error_without_a_substitute(lgpio: Lgpio, clock: SimulatedClock) -> None:
    lgpio.refused = {"spi"}
    with pytest.raises(DoorError, match="channel 3 of the MCP3008 for input rex of door main") as missing:
        BoardIO(DoorSettings(inputs=(InputSettings(signal=DoorInput.REX, channel=3),)), board_factory(), clock)
    assert "dtparam=spi=on" in missing.value.hint
    assert isinstance(missing.value.__cause__, SPISoftwareFallback)


def test_two_doors_share_a_converter(lgpio: Lgpio, clock: SimulatedClock) -> None:
    lgpio.readings = [409, 585, *[1023] * 6]
    factory = board_factory()
    wires = [InputSettings(signal=DoorInput.REX, channel=channel) for channel in (0, 1)]
    doors = [
        BoardIO(DoorSettings(name=f"door{number}", pin=17 + number, inputs=(wires[number],)), factory, clock)
        for number in (0, 1)
    ]
    assert [io.lines()[DoorInput.REX] for io in doors] == [Line.ACTIVE, Line.QUIET]
    doors[0].close()
    lgpio.readings[1] = 409
    clock.attend(doors[1])
    clock.sleep(1.0)
    assert doors[1].lines()[DoorInput.REX] is Line.ACTIVE
    doors[1].close()


def test_two_wires_for_one_thing_are_one(
    pins: SimulatedPins, opened: Callable[..., tuple[BoardIO, list[Any]]], clock: SimulatedClock
) -> None:
    other = InputSettings(signal=DoorInput.REX, pin=7)
    io, told = opened(REX, other)
    for wire, line in [(REX, Line.ACTIVE), (other, Line.ACTIVE), (REX, Line.QUIET), (other, Line.QUIET)]:
        pins.set_line(wire, line)
        clock.sleep(1.0)
    assert told == [InputChanged(DoorInput.REX, Line.ACTIVE), InputChanged(DoorInput.REX, Line.QUIET)]
    assert io.lines() == {DoorInput.REX: Line.QUIET}


def test_damage_to_one_of_two_wires_counts(
    pins: SimulatedPins, opened: Callable[..., tuple[BoardIO, list[Any]]], clock: SimulatedClock
) -> None:
    supervised = InputSettings(signal=DoorInput.REX, channel=0)
    pins.set_line(supervised, Line.QUIET)
    _, told = opened(REX, supervised)
    pins.set_line(REX, Line.ACTIVE)
    pins.set_line(supervised, Line.CUT)
    clock.sleep(1.0)
    assert told[-1] == InputChanged(DoorInput.REX, Line.CUT)


def test_lost_edge_is_found(lgpio: Lgpio, clock: SimulatedClock) -> None:
    """The kernel keeps 16 edges of a pin; under more, the last ones are lost."""
    lgpio._levels[5] = 1
    io = BoardIO(DoorSettings(inputs=(REX,)), board_factory(), clock)
    clock.attend(io)
    lgpio._levels[5] = 0
    clock.sleep(LOOK_S + 2 * REX.debounce_s)
    assert io.lines() == {DoorInput.REX: Line.ACTIVE}


def test_stuck_pin_says_nothing(
    pins: SimulatedPins, opened: Callable[..., tuple[BoardIO, list[Any]]], clock: SimulatedClock
) -> None:
    pins.stuck_pins.add(5)
    _, told = opened(REX)
    pins.set_line(REX, Line.ACTIVE)
    clock.sleep(5.0)
    assert told == []


def test_pin_that_cannot_be_read_is_cut(
    pins: SimulatedPins, opened: Callable[..., tuple[BoardIO, list[Any]]], clock: SimulatedClock
) -> None:
    _, told = opened(REX)
    pins.broken_pins.add(5)
    clock.sleep(LOOK_S + 2 * REX.debounce_s)
    assert told == [InputChanged(DoorInput.REX, Line.CUT)]


def test_pin_that_can_be_read_again_is_whole(
    pins: SimulatedPins, opened: Callable[..., tuple[BoardIO, list[Any]]], clock: SimulatedClock
) -> None:
    io, _ = opened(REX)
    pins.broken_pins.add(5)
    clock.sleep(2.0)
    pins.broken_pins.clear()
    clock.sleep(2.0)
    assert io.lines() == {DoorInput.REX: Line.QUIET}


def test_converter_that_does_not_answer_is_a_cut_wire(
    pins: SimulatedPins, opened: Callable[..., tuple[BoardIO, list[Any]]], clock: SimulatedClock
) -> None:
    supervised = InputSettings(signal=DoorInput.DPS, channel=0)
    pins.set_line(supervised, Line.QUIET)
    _, told = opened(supervised)
    pins.converter_broken = True
    clock.sleep(1.0)
    assert told == [InputChanged(DoorInput.DPS, Line.CUT)]


@pytest.mark.parametrize(("reading", "line"), [(0, Line.SHORT), (1023, Line.CUT)])
def test_converter_that_is_missing_is_damage(lgpio: Lgpio, clock: SimulatedClock, reading: int, line: Line) -> None:
    """Without it the line it would answer on is low, or high if it is pulled up."""
    lgpio.readings = [reading] * 8
    io = BoardIO(DoorSettings(inputs=(InputSettings(signal=DoorInput.DPS, channel=0),)), board_factory(), clock)
    assert io.lines() == {DoorInput.DPS: line}
    io.close()


def test_loose_contact_on_a_supervised_wire_is_damage(
    pins: SimulatedPins, opened: Callable[..., tuple[BoardIO, list[Any]]], clock: SimulatedClock
) -> None:
    supervised = InputSettings(signal=DoorInput.DPS, channel=0)
    pins.set_line(supervised, Line.QUIET)
    _, told = opened(supervised)
    for number in range(100):
        pins.set_line(supervised, (Line.ACTIVE, Line.QUIET)[number % 2])
        clock.sleep(0.03)
    assert told == [InputChanged(DoorInput.DPS, Line.CUT)]


def test_watcher_may_ask_what_the_wires_say(
    pins: SimulatedPins, opened: Callable[..., tuple[BoardIO, list[Any]]], clock: SimulatedClock
) -> None:
    io, _ = opened(REX)
    seen = []
    io.watch(lambda _changed: seen.append(dict(io.lines())))
    pins.set_line(REX, Line.ACTIVE)
    clock.sleep(1.0)
    assert seen == [{DoorInput.REX: Line.ACTIVE}]


@pytest.fixture
def in_operation() -> Iterator[tuple[BoardIO, SimulatedPins, InputSettings]]:
    """A door with real threads on simulated pins: (its wires, the pins)."""
    clock = SystemClock()
    pins = SimulatedPins(clock)
    supervised = InputSettings(signal=DoorInput.TAMPER, channel=0)
    pins.set_line(supervised, Line.QUIET)
    io = BoardIO(DoorSettings(inputs=(REX, supervised)), pins.factory, clock)
    io.run()
    yield io, pins, supervised
    io.close()


@pytest.mark.parametrize(("wire", "line"), [(0, Line.ACTIVE), (1, Line.ACTIVE), (1, Line.CUT)])
def test_change_is_told_in_real_time(
    in_operation: tuple[BoardIO, SimulatedPins, InputSettings], wire: int, line: Line
) -> None:
    io, pins, supervised = in_operation
    changed, told = threading.Event(), []

    def tell(change: InputChanged) -> None:
        told.append((change, time.monotonic()))
        changed.set()

    io.watch(tell)
    began = time.monotonic()
    pins.set_line((REX, supervised)[wire], line)
    assert changed.wait(PATIENCE_S)
    ((change, at),) = told
    assert change == InputChanged((REX, supervised)[wire].signal, line)
    assert REX.debounce_s <= at - began < REX.debounce_s + 0.5


def test_threads_end_with_the_door(in_operation: tuple[BoardIO, SimulatedPins, InputSettings]) -> None:
    io, _, _ = in_operation
    mine = [thread for thread in threading.enumerate() if thread.name in ("RelayGuard", "Inputs")]
    io.close()
    assert (len(mine), [thread for thread in mine if thread.is_alive()]) == (2, [])


def test_door_on_a_board_is_in_operation(lgpio: Lgpio) -> None:

    lgpio._levels[5] = 1
    told = threading.Event()
    io = open_board_io(DoorSettings(inputs=(REX,)), board_factory(), SystemClock())
    io.watch(lambda _changed: told.set())
    lgpio.change(5, 0)
    assert told.wait(PATIENCE_S)
    io.close()


def test_change_has_the_deadline_looked_at_again(pins: SimulatedPins, clock: SimulatedClock) -> None:
    inputs = Inputs(DoorSettings(inputs=(REX,)), pins.factory, clock)
    woken: list[float] = []
    inputs.wake = lambda: woken.append(clock.monotonic())
    clock.sleep(0.5)
    pins.set_line(REX, Line.ACTIVE)
    inputs.close()
    assert woken == [0.5]
