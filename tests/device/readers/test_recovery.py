"""A reader that goes away and comes back: on a clock that stands still, and really, with its plug pulled."""

import os
import pty
from pathlib import Path
from typing import NoReturn

import pytest

from device.clock import SystemClock
from device.errors import ConfigError, DependencyMissing, DoorError, LintelError, ReaderEnded, ReaderError
from device.readers.context import ReaderContext
from device.readers.recovery import Recovered
from device.readers.typed.lines import open_reader
from device.records import BadgeRead, Credential, Notice, ReaderEvent, ReaderNotice, Signal
from device.settings.tables import ReaderSettings
from device.virtual.clock import SimulatedClock
from tests.device.readers.events import as_badge, as_notice

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 10.0

EILEEN = Credential("h10301", 17, 1001)
GONE = ReaderError("The badge reader is gone: it hung up.", hint="Connect the reader.")


class Reader:
    """Gives what is laid down, raises what is laid down, and remembers."""

    def __init__(self, clock: SimulatedClock, *events: Exception | BadgeRead | None) -> None:
        self.clock, self.events = clock, list(events)
        self.closed = 0
        self.shown: list[Signal] = []
        self.cannot_show: ReaderError | ValueError | None = None

    def read(self, timeout_s: float) -> BadgeRead | None:
        if not self.events:
            self.clock.sleep(timeout_s)
            return None
        event = self.events.pop(0)
        if isinstance(event, Exception):
            raise event
        return event

    def show(self, signal: Signal) -> None:
        if self.cannot_show:
            raise self.cannot_show
        self.shown.append(signal)

    def close(self) -> None:
        self.closed += 1


class World:
    """A clock, the readers that opening gives one after another, and when it was tried."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.later: list[Reader | Exception] = []
        self.tried_at: list[float] = []

    def reopen(self) -> Reader:
        self.tried_at.append(self.clock.monotonic())
        made = self.later.pop(0) if self.later else GONE
        if isinstance(made, Exception):
            raise made
        return made

    def recovered(self, first: Reader) -> Recovered:
        return Recovered(self.reopen, first, name="front", clock=self.clock)


@pytest.fixture
def world() -> World:
    return World()


def events_within(reader: Recovered, clock: SimulatedClock, seconds: float) -> list[ReaderEvent]:
    """All that comes in a time."""
    found, end = [], clock.monotonic() + seconds
    while clock.monotonic() < end:
        if event := reader.read(min(1.0, end - clock.monotonic())):
            found.append(event)
    return found


def test_badge_is_passed_on(world: World) -> None:
    read = BadgeRead(EILEEN, 0.0)
    assert world.recovered(Reader(world.clock, read)).read(1.0) is read


def test_loss_is_told_with_its_reason_and_time(world: World) -> None:
    reader = world.recovered(Reader(world.clock, GONE))
    world.clock.sleep(3.0)
    assert reader.read(1.0) == ReaderNotice(Notice.LOST, 3.0, "front", "The badge reader is gone: it hung up.")


def test_lost_reader_is_closed(world: World) -> None:
    first = Reader(world.clock, GONE)
    world.recovered(first).read(1.0)
    assert first.closed == 1


def test_loss_is_told_once(world: World) -> None:
    reader = world.recovered(Reader(world.clock, GONE))
    assert [as_notice(event).notice for event in events_within(reader, world.clock, 60.0)] == [Notice.LOST]


def test_reader_is_looked_for_ever_more_seldom(world: World) -> None:
    events_within(world.recovered(Reader(world.clock, GONE)), world.clock, 50.0)
    assert world.tried_at == [0.5, 1.5, 3.5, 7.5, 15.5, 25.5, 35.5, 45.5]


def test_finding_it_is_told(world: World) -> None:
    world.later = [GONE, Reader(world.clock)]
    reader = world.recovered(Reader(world.clock, GONE))
    assert events_within(reader, world.clock, 5.0)[1:] == [ReaderNotice(Notice.FOUND, 1.5, "front")]


def test_reader_that_was_found_gives_badges(world: World) -> None:
    read = BadgeRead(EILEEN, 0.0)
    world.later = [Reader(world.clock, None, read)]
    reader = world.recovered(Reader(world.clock, GONE))
    assert events_within(reader, world.clock, 5.0)[2:] == [read]


def test_badge_that_is_there_at_once_comes_after_the_finding(world: World) -> None:
    read = BadgeRead(EILEEN, 0.0)
    world.later = [Reader(world.clock, read)]
    reader = world.recovered(Reader(world.clock, GONE))
    kinds = [type(event) for event in events_within(reader, world.clock, 5.0)]
    assert kinds == [ReaderNotice, ReaderNotice, BadgeRead]


def test_reader_that_opens_but_cannot_be_read_is_not_found_and_closed(world: World) -> None:
    bad = Reader(world.clock, GONE)
    world.later = [bad]
    reader = world.recovered(Reader(world.clock, GONE))
    notices = [as_notice(event).notice for event in events_within(reader, world.clock, 5.0)]
    assert (notices, bad.closed) == ([Notice.LOST], 1)


def test_pins_that_are_missing_are_waited_for_too(world: World) -> None:
    world.later = [DoorError("There is no GPIO chip.", hint="Enable it."), Reader(world.clock)]
    reader = world.recovered(Reader(world.clock, GONE))
    assert [as_notice(event).notice for event in events_within(reader, world.clock, 5.0)] == [Notice.LOST, Notice.FOUND]


def test_reader_that_comes_and_goes_is_looked_for_ever_more_seldom(world: World) -> None:
    """Or each coming and going would be two audit rows, twice a second."""
    world.later = [Reader(world.clock, None, GONE) for _ in range(100)]
    events_within(world.recovered(Reader(world.clock, GONE)), world.clock, 60.0)
    assert len(world.tried_at) < 12


def test_reader_that_stayed_is_looked_for_soon_again(world: World) -> None:
    world.later = [Reader(world.clock, *[None] * 3, GONE)]
    reader = world.recovered(Reader(world.clock, GONE))
    reader.read(1.0)
    reader.read(1.0)
    reader.read(0.0)
    world.clock.sleep(LONGEST_WAIT_S + 1.0)
    while reader.read(1.0) is None:
        pass
    lost_at = world.clock.monotonic()
    events_within(reader, world.clock, 1.0)
    assert world.tried_at[1] == lost_at + FIRST_WAIT_S


@pytest.mark.parametrize("timeout_s", [0.0, 0.1, 0.7, 3.0])
def test_reading_a_lost_reader_waits_no_longer_than_asked(world: World, timeout_s: float) -> None:
    reader = world.recovered(Reader(world.clock, GONE))
    reader.read(1.0)
    began = world.clock.monotonic()
    assert reader.read(timeout_s) is None
    assert world.clock.monotonic() - began == pytest.approx(timeout_s)


def test_end_of_the_input_is_no_loss(world: World) -> None:
    reader = world.recovered(Reader(world.clock, ReaderEnded("It has ended.", hint="Start anew.")))
    with pytest.raises(ReaderEnded):
        reader.read(1.0)


def test_program_error_is_a_loss_that_names_its_place_alone(world: World) -> None:
    """Its words may be anything, a badge included."""
    lost = world.recovered(Reader(world.clock, ZeroDivisionError("17:1001"))).read(1.0)
    assert (as_notice(lost).notice, "17:1001" in as_notice(lost).detail) == (Notice.LOST, False)
    assert as_notice(lost).detail.startswith("the program failed with ZeroDivisionError at test_recovery.py:")


def in_background(world: World) -> Recovered:
    """A reader that nothing has opened yet."""
    return Recovered(world.reopen, None, name="front", clock=world.clock)


def test_reader_there_at_start_is_no_news(world: World) -> None:
    read = BadgeRead(EILEEN, 0.0)
    world.later = [Reader(world.clock, None, read)]
    assert events_within(in_background(world), world.clock, 5.0) == [read]


def test_badge_at_once_after_start_comes_first(world: World) -> None:
    read = BadgeRead(EILEEN, 0.0)
    world.later = [Reader(world.clock, read)]
    assert in_background(world).read(0.0) == read


def test_reader_missing_at_start_is_lost_then_found(world: World) -> None:
    world.later = [GONE, GONE, Reader(world.clock)]
    said = events_within(in_background(world), world.clock, 20.0)
    assert [(as_notice(event).notice, event.at) for event in said] == [(Notice.LOST, 0.0), (Notice.FOUND, 3.0)]


def test_reader_missing_at_start_is_looked_for_with_back_off(world: World) -> None:
    events_within(in_background(world), world.clock, 40.0)
    assert world.tried_at == [0.0, 1.0, 3.0, 7.0, 15.0, 25.0, 35.0]


@pytest.mark.parametrize("error", [ConfigError, DependencyMissing])
def test_wrong_settings_and_packages_are_tried_once(world: World, error: type[LintelError]) -> None:
    world.later = [error("It lacks libosdp.", hint="Install it.")]
    said = events_within(in_background(world), world.clock, 1000.0)
    assert [as_notice(event).detail for event in said] == ["It lacks libosdp. Install it."]
    assert world.tried_at == [0.0]


def test_program_error_while_opening_is_tried_again(world: World) -> None:
    world.later = [ImportError("gpiozero"), Reader(world.clock)]
    said = events_within(in_background(world), world.clock, 5.0)
    assert [as_notice(event).notice for event in said] == [Notice.LOST, Notice.FOUND]


def test_program_error_while_showing_is_a_loss(world: World) -> None:
    first = Reader(world.clock)
    first.cannot_show = ValueError("closed file")
    reader = world.recovered(first)
    reader.show(Signal.GRANTED)
    assert as_notice(reader.read(1.0)).notice is Notice.LOST


def test_signal_is_shown(world: World) -> None:
    first = Reader(world.clock)
    world.recovered(first).show(Signal.GRANTED)
    assert first.shown == [Signal.GRANTED]


def test_signal_on_a_lost_reader_does_nothing(world: World) -> None:
    first = Reader(world.clock, GONE)
    reader = world.recovered(first)
    reader.read(1.0)
    reader.show(Signal.GRANTED)
    assert first.shown == []


def test_reader_that_cannot_show_is_lost(world: World) -> None:
    first = Reader(world.clock)
    first.cannot_show = ReaderError("The LED does not answer.", hint="Look at its wire.")
    reader = world.recovered(first)
    reader.show(Signal.GRANTED)
    assert reader.read(1.0) == ReaderNotice(Notice.LOST, 0.0, "front", "The LED does not answer.")


def test_lost_reader_closes_twice(world: World) -> None:
    first = Reader(world.clock)
    reader = world.recovered(first)
    reader.close()
    reader.close()
    assert first.closed == 1


def test_serial_reader_whose_plug_is_pulled_is_found_again(tmp_path: Path) -> None:
    """Really: the far end of a pseudo-terminal is closed, and another one comes in its place."""
    clock, plug, soon_s = SystemClock(), tmp_path / "reader", 5.0
    settings, around = ReaderSettings(name="front", source=str(plug)), ReaderContext(clock, lambda: None, Path())

    def plugged_in() -> tuple[int, int]:
        far, near = pty.openpty()
        plug.unlink(missing_ok=True)
        plug.symlink_to(os.ttyname(near))
        return far, near

    far, near = plugged_in()
    reader = Recovered(lambda: open_reader(settings, around), open_reader(settings, around), name="front", clock=clock)
    os.close(near)
    os.close(far)
    lost = reader.read(soon_s)
    far, near = plugged_in()
    found = reader.read(soon_s)
    os.write(far, b"17:1001\n")
    read = reader.read(soon_s)
    reader.close()
    os.close(near)
    os.close(far)
    assert (as_notice(lost).notice, as_notice(found).notice, as_badge(read).credential) == (
        Notice.LOST,
        Notice.FOUND,
        EILEEN,
    )


def test_reader_that_cannot_even_be_closed_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.later = [Reader(SimulatedClock(), BadgeRead(EILEEN, 0.0))]
    first = Reader(world.clock, GONE)

    def close() -> NoReturn:
        raise ReaderError("It cannot be closed.", hint="None.")

    monkeypatch.setattr(first, "close", close)
    reader = Recovered(world.reopen, first, name="front", clock=world.clock)
    assert as_notice(reader.read(0.0)).notice is Notice.LOST
