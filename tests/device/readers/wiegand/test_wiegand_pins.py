"""The pins of a Wiegand reader: LED, buzzer, what is taken, and a real board's chip."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from device.clock import Stop, SystemClock
from device.door.wires.gpio import board_factory
from device.errors import ConfigError, ReaderError
from device.readers.context import ReaderContext
from device.readers.wiegand.reader import Lamps, WiegandReader, open_reader
from device.records import KeyPress, Signal
from device.settings.tables import TurnPrompt
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from device.virtual.wiegand import (
    WiegandWires,
    frame,
)
from tests.device.lgpio import Lgpio
from tests.device.readers.events import as_badge, as_event
from tests.device.readers.wiegand.world import BUZZER, CARD, EILEEN, LED, SETTINGS, World
from tests.nearly import nearly


@pytest.mark.parametrize("begun", ["", CARD[:5]], ids=["idle", "within a burst"])
def test_read_ends_when_the_process_is_to_stop(begun: str) -> None:
    clock = SystemClock(Stop())
    pins = SimulatedPins(clock)
    reader = open_reader(SETTINGS, ReaderContext(clock, lambda: pins.factory, Path("/nowhere")))
    WiegandWires(pins.factory, 5, 6).play(frame(begun), clock)
    clock.stop.set()
    assert reader.read(60.0) is None
    reader.close()


@pytest.mark.parametrize(
    ("signal", "shown"),
    [
        (Signal.READY, (False, False)),
        (Signal.LOOK, (False, False)),
        (Signal.TURN_LEFT, (False, False)),
        (Signal.TURN_RIGHT, (False, False)),
        (Signal.GRANTED, (True, False)),
        (Signal.DENIED, (False, True)),
        (Signal.ALARM, (False, True)),
    ],
)
def test_signal_is_shown(world: World, signal: Signal, shown: tuple[bool, bool]) -> None:
    world.reader.show(Signal.GRANTED)
    world.reader.show(Signal.DENIED)
    world.reader.show(signal)
    assert world.levels() == shown


def test_led_and_buzzer_are_off_at_first(world: World) -> None:
    assert world.levels() == (False, False)


def test_buzzer_makes_no_sound_when_it_is_taken(world: World) -> None:
    """Its level comes before anything can be heard: the first one it was ever driven to is off."""
    assert [level.high for level in world.pins.history(BUZZER)][:1] == [True]


def test_led_and_buzzer_are_off_at_the_end(world: World) -> None:
    world.reader.show(Signal.ALARM)
    world.reader.close()
    assert world.pins.history(BUZZER)[-1].high is True


def test_reader_without_led_and_buzzer_shows_nothing() -> None:
    world = World(led_pin=None, buzzer_pin=None)
    for signal in Signal:
        world.reader.show(signal)
    world.reader.close()
    assert world.pins.history(BUZZER) == ()


def test_pin_that_does_not_answer_is_a_fault(world: World) -> None:
    world.pins.broken = True
    with pytest.raises(ReaderError, match="cannot set its LED and buzzer"):
        world.reader.show(Signal.GRANTED)
    world.pins.broken = False


def test_pin_that_does_not_answer_keeps_no_other_one(world: World) -> None:
    world.pins.broken = True
    with pytest.raises(ReaderError, match="cannot switch its LED and buzzer off"):
        world.reader.close()
    world.pins.broken = False
    open_reader(SETTINGS, ReaderContext(world.clock, lambda: world.pins.factory, Path("/nowhere"))).close()


def test_reader_that_is_closed_cannot_be_read(world: World) -> None:
    world.reader.close()
    with pytest.raises(ReaderError, match="cannot read its data lines"):
        world.reader.read(1.0)


def test_closing_gives_the_pins_back(world: World) -> None:
    world.reader.close()
    again = open_reader(SETTINGS, ReaderContext(world.clock, lambda: world.pins.factory, Path("/nowhere")))
    world.card()
    assert as_badge(again.read(1.0)).credential == EILEEN
    again.close()


@pytest.mark.parametrize("missing", ["data0_pin", "data1_pin"])
def test_missing_pin_is_named(missing: str) -> None:
    with pytest.raises(ConfigError, match=f"The Wiegand reader 'front' has no `{missing}`"):
        World(**{missing: None})


@pytest.mark.parametrize("setting", ["data0_pin", "data1_pin", "led_pin", "buzzer_pin"])
def test_pin_that_is_taken_is_named(world: World, setting: str) -> None:
    free = {"data0_pin": 20, "data1_pin": 21, "led_pin": 22, "buzzer_pin": 23}
    wanted = msgspec.structs.replace(SETTINGS, **{**free, setting: 5})
    with pytest.raises(ReaderError, match=f"GPIO 5, its `{setting}`: pin GPIO5 is already in use"):
        open_reader(wanted, ReaderContext(world.clock, lambda: world.pins.factory, Path("/nowhere")))


def test_reader_that_cannot_be_opened_keeps_no_pin(world: World) -> None:
    free = {"data0_pin": 20, "data1_pin": 5, "led_pin": 22, "buzzer_pin": 23}
    around = ReaderContext(world.clock, lambda: world.pins.factory, Path("/nowhere"))
    with pytest.raises(ReaderError):
        open_reader(msgspec.structs.replace(SETTINGS, **free), around)
    open_reader(msgspec.structs.replace(SETTINGS, **{**free, "data1_pin": 21}), around).close()


def test_wrong_formats_are_refused() -> None:
    with pytest.raises(ConfigError, match="not a card format"):
        World(formats=("h99999",))


@pytest.fixture
def board(lgpio: Lgpio) -> Iterator[tuple[WiegandReader, Any, SimulatedClock]]:
    """A reader on lgpio's pins, the stand-in for the kernel, and the clock."""
    factory, clock = board_factory(), SimulatedClock()
    for pin in (5, 6):
        lgpio.change(pin, 1)
    reader = open_reader(SETTINGS, ReaderContext(clock, lambda: factory, Path("/nowhere")))
    yield reader, lgpio, clock
    reader.close()


def test_kernel_is_asked_for_falling_edges_alone(board: tuple[WiegandReader, Any, SimulatedClock]) -> None:
    _, lgpio, _ = board
    assert [call[2:] for call in lgpio.asked if call[0] == "alert"] == [
        (5, lgpio.FALLING_EDGE),
        (6, lgpio.FALLING_EDGE),
    ]


def test_data_lines_are_pulled_up(board: tuple[WiegandReader, Any, SimulatedClock]) -> None:
    _, lgpio, _ = board
    assert [lgpio.pull(pin) for pin in (5, 6)] == [lgpio.SET_PULL_UP] * 2


def test_card_is_read_by_the_kernels_time_stamps(board: tuple[WiegandReader, Any, SimulatedClock]) -> None:
    """They are right although all edges are handed over at once, long after."""
    reader, lgpio, clock = board
    clock.sleep(10.0)
    for index, bit in enumerate(CARD):
        lgpio.change(5 + int(bit), 0, 9_000_000_000 + index * 200_000)
        lgpio.change(5 + int(bit), 1, 9_000_000_000 + index * 200_000 + 50_000)
    event = reader.read(0.0)
    assert (as_badge(event).credential, as_event(event).at) == (EILEEN, nearly(9.005))


def test_led_of_a_board_goes_off_in_the_step_that_takes_it(board: tuple[WiegandReader, Any, SimulatedClock]) -> None:
    _, lgpio, _ = board
    assert [call for call in lgpio.asked if call[0] == "output"] == [("output", 7, LED, 1), ("output", 7, BUZZER, 1)]


def test_closed_reader_holds_no_data_line(board: tuple[WiegandReader, Any, SimulatedClock]) -> None:
    reader, lgpio, _ = board
    reader.close()
    assert [lgpio.held(pin) for pin in (5, 6)] == [None, None]


def test_pin_that_the_kernel_refuses_is_named(lgpio: Lgpio) -> None:
    lgpio.refused.add("alert")
    factory = board_factory()
    with pytest.raises(ReaderError, match="cannot listen to its data lines: GPIO busy"):
        open_reader(SETTINGS, ReaderContext(SimulatedClock(), lambda: factory, Path("/nowhere")))


def test_chip_that_is_gone_is_a_fault(board: tuple[WiegandReader, Any, SimulatedClock]) -> None:
    reader, lgpio, _ = board
    lgpio.refused.add("read")
    with pytest.raises(ReaderError, match="cannot read its data lines: GPIO busy"):
        reader.read(1.0)


def test_card_is_read_although_its_rest_is_heard_of_after_the_silence(
    board: tuple[WiegandReader, Any, SimulatedClock],
) -> None:
    """Seen with the kernel's edges on an emulated board that was slow: its first half alone was a key."""
    reader, lgpio, clock = board
    stamps = [(5 + int(bit), (index + 1) * 2_000_000) for index, bit in enumerate(CARD)]
    clock.sleep(0.008)
    for pin, at_ns in stamps[:4]:
        lgpio.change(pin, 0, at_ns)
    early = reader.read(0.1)
    clock.sleep(0.1)
    for pin, at_ns in stamps[4:]:
        lgpio.change(pin, 0, at_ns)
    assert (type(early), as_badge(reader.read(0.2)).credential) == (KeyPress, EILEEN)


class Blinker:
    """A `DigitalOutputDevice` that remembers."""

    def __init__(self) -> None:
        self.done: list[object] = []

    def __setattr__(self, name: str, value: object) -> None:
        if name == "value":
            self.done.append(value)
        else:
            super().__setattr__(name, value)

    def blink(self, on_s: float, off_s: float, times: int) -> None:
        self.done.append((on_s, off_s, times))


@pytest.mark.parametrize(
    ("left", "right", "led", "buzzer"),
    [
        ("beep", "two-beeps", [False, False], [False, (0.2, 0.2, 1), False, (0.2, 0.2, 2)]),
        ("slow-blink", "fast-blink", [False, (0.5, 0.5, 3), False, (0.1, 0.1, 15)], [False, False]),
        (None, None, [False, False], [False, False]),
    ],
)
def test_direction_is_shown_by_the_pattern_of_the_settings(
    left: TurnPrompt | None, right: TurnPrompt | None, led: list[object], buzzer: list[object]
) -> None:
    lit, sounding = Blinker(), Blinker()
    lamps = Lamps(lit, sounding, left, right)
    lamps.show(Signal.TURN_LEFT)
    lamps.show(Signal.TURN_RIGHT)
    assert (lit.done, sounding.done) == (led, buzzer)


def test_other_signal_ends_a_blinking_led() -> None:
    """gpiozero's own thread blinks it."""
    world = World(turn_left="fast-blink", turn_right="slow-blink")
    world.reader.show(Signal.TURN_RIGHT)
    world.reader.show(Signal.READY)
    assert world.levels() == (False, False)
    world.reader.close()
