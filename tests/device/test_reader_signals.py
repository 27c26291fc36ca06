"""What each reader of a door shows: its own person's answer, and the door's state to all others."""

import pytest

from device.errors import ReaderError
from device.reader_signals import ReaderSignals
from device.records import DoorOutput, DoorState, Prompted, ReaderEvent, Signal
from device.virtual.clock import SimulatedClock
from device.virtual.reader import SimulatedReader


class TwoReaders:
    """`SeveralReaders` that remembers what each was told to show."""

    names = ("front", "side")

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.lost = ""

    def read(self, timeout_s: float) -> ReaderEvent | None:  # noqa: ARG002
        raise AssertionError("nobody reads here")

    def show(self, signal: Signal) -> None:  # noqa: ARG002
        raise AssertionError("meant for one of them")

    def show_at(self, name: str, signal: Signal) -> None:
        if name == self.lost:
            raise ReaderError("It is gone.", hint="Connect it.")
        self.shown.append((name, signal.value))

    def wake(self) -> None:
        pass

    def close(self) -> None:
        pass

    def taken(self) -> list[tuple[str, str]]:
        shown, self.shown = self.shown, []
        return shown


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def readers() -> TwoReaders:
    return TwoReaders()


@pytest.fixture
def signals(readers: TwoReaders, clock: SimulatedClock) -> ReaderSignals:
    made = ReaderSignals(readers, clock)
    made.show_state(DoorState.LOCKED, ())
    assert readers.taken() == [("front", "ready"), ("side", "ready")]
    return made


def test_prompt_and_answer_are_shown_where_the_badge_was(signals: ReaderSignals, readers: TwoReaders) -> None:
    signals.prompt("side", Signal.LOOK)
    signals.answer("side", granted=True)
    assert readers.taken() == [("side", "look"), ("side", "granted")]


def test_reader_with_somebody_at_it_keeps_its_prompt(signals: ReaderSignals, readers: TwoReaders) -> None:
    signals.prompt("side", Signal.LOOK)
    signals.show_state(DoorState.FORCED, {"side"})
    assert readers.taken() == [("side", "look"), ("front", "alarm")]


@pytest.mark.parametrize(("after_s", "shown"), [(1.9, []), (2.0, [("side", "ready")])])
def test_denial_stands_for_two_seconds(
    signals: ReaderSignals, readers: TwoReaders, clock: SimulatedClock, after_s: float, shown: list[tuple[str, str]]
) -> None:
    signals.answer("side", granted=False)
    clock.sleep(after_s)
    signals.show_state(DoorState.LOCKED, ())
    assert readers.taken() == [("side", "denied"), *shown]


def test_grant_stands_while_the_door_is_released(
    signals: ReaderSignals, readers: TwoReaders, clock: SimulatedClock
) -> None:
    signals.answer("front", granted=True)
    clock.sleep(3.0)
    signals.show_state(DoorState.RELEASED, ())
    signals.show_state(DoorState.LOCKED, ())
    assert readers.taken() == [("front", "granted"), ("front", "ready")]


def test_alarm_is_shown_over_an_answer(signals: ReaderSignals, readers: TwoReaders) -> None:
    signals.answer("front", granted=False)
    signals.show_state(DoorState.HELD_OPEN, ())
    assert readers.taken() == [("front", "denied"), ("front", "alarm"), ("side", "alarm")]


def test_second_denial_is_shown_again(signals: ReaderSignals, readers: TwoReaders) -> None:
    signals.answer("front", granted=False)
    signals.answer("front", granted=False)
    assert readers.taken() == [("front", "denied"), ("front", "denied")]


def test_lost_reader_keeps_no_other_from_showing(signals: ReaderSignals, readers: TwoReaders) -> None:
    readers.lost = "front"
    signals.show_state(DoorState.FORCED, ())
    assert readers.taken() == [("side", "alarm")]


def test_reader_that_is_not_one_of_several_shows_everything(clock: SimulatedClock) -> None:
    reader = SimulatedReader(clock)
    signals = ReaderSignals(reader, clock)
    signals.prompt("reader", Signal.LOOK)
    signals.answer("main-wiegand", granted=True)
    assert reader.shown == [Signal.LOOK, Signal.GRANTED]


def test_reader_before_it_in_use_keeps_no_other_from_showing(signals: ReaderSignals, readers: TwoReaders) -> None:
    signals.prompt("front", Signal.LOOK)
    signals.show_state(DoorState.FORCED, {"front"})
    assert readers.taken() == [("front", "look"), ("side", "alarm")]


def test_denial_at_an_open_door_stands_for_two_seconds(
    signals: ReaderSignals, readers: TwoReaders, clock: SimulatedClock
) -> None:
    """Somebody else was let in meanwhile."""
    signals.answer("side", granted=False)
    signals.answer("front", granted=True)
    for after_s in (1.9, 0.1):
        clock.sleep(after_s)
        signals.show_state(DoorState.RELEASED, ())
    assert readers.taken() == [("side", "denied"), ("front", "granted"), ("side", "ready")]


def test_grant_at_a_door_that_is_locked_again_ends(
    signals: ReaderSignals, readers: TwoReaders, clock: SimulatedClock
) -> None:
    signals.answer("front", granted=True)
    for after_s in (1.9, 0.1):
        clock.sleep(after_s)
        signals.show_state(DoorState.LOCKED, ())
    assert readers.taken() == [("front", "granted"), ("front", "ready")]


def test_same_signal_is_shown_once(signals: ReaderSignals, readers: TwoReaders) -> None:
    for _ in range(3):
        signals.prompt("front", Signal.LOOK)
        signals.show_state(DoorState.LOCKED, {"front"})
    assert readers.taken() == [("front", "look")]


class TestLamps:
    @pytest.fixture
    def lit(self) -> list[DoorOutput | None]:
        return []

    @pytest.fixture
    def signals(self, readers: TwoReaders, clock: SimulatedClock, lit: list[DoorOutput | None]) -> ReaderSignals:
        def light(prompted: Prompted) -> None:
            lit.append(prompted.lamp)

        return ReaderSignals(readers, clock, light)

    @pytest.mark.parametrize("signal", [Signal.TURN_LEFT, Signal.TURN_RIGHT])
    @pytest.mark.parametrize("then", [Signal.LOOK, Signal.READY, Signal.GRANTED, Signal.DENIED, Signal.ALARM])
    def test_lamp_is_lit_while_its_direction_is_asked_for(
        self, signals: ReaderSignals, lit: list[DoorOutput | None], signal: Signal, then: Signal
    ) -> None:
        signals.prompt("front", Signal.LOOK)
        signals.prompt("front", signal)
        signals.prompt("front", signal)
        signals.prompt("front", then)
        assert lit == [signal.value, None]

    def test_other_direction_changes_the_lamp(self, signals: ReaderSignals, lit: list[DoorOutput | None]) -> None:
        signals.prompt("front", Signal.TURN_LEFT)
        signals.prompt("front", Signal.TURN_RIGHT)
        assert lit == [DoorOutput.TURN_LEFT, DoorOutput.TURN_RIGHT]

    def test_answer_at_another_reader_leaves_the_lamp_on(
        self, signals: ReaderSignals, lit: list[DoorOutput | None]
    ) -> None:
        signals.prompt("front", Signal.TURN_LEFT)
        signals.answer("side", granted=False)
        assert lit == [DoorOutput.TURN_LEFT]

    def test_of_two_people_the_last_one_asked_is_meant(
        self, signals: ReaderSignals, lit: list[DoorOutput | None]
    ) -> None:
        signals.prompt("front", Signal.TURN_LEFT)
        signals.prompt("side", Signal.TURN_RIGHT)
        signals.answer("side", granted=True)
        assert lit == [DoorOutput.TURN_LEFT, DoorOutput.TURN_RIGHT, DoorOutput.TURN_LEFT]

    def test_lost_reader_keeps_no_lamp_on(
        self, signals: ReaderSignals, readers: TwoReaders, lit: list[DoorOutput | None]
    ) -> None:
        readers.lost = "front"
        signals.prompt("front", Signal.TURN_LEFT)
        signals.answer("front", granted=False)
        assert lit == [DoorOutput.TURN_LEFT, None]
