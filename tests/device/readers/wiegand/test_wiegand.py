"""The Wiegand reader on simulated pins: cards, keys and disturbances over virtual wires, and what it shows."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.clock import SystemClock
from device.readers.cards.card_formats import BUILT_IN
from device.readers.context import ReaderContext
from device.readers.formats import encode
from device.readers.wiegand.reader import open_reader
from device.records import BadgeRead, Credential, Notice, Security
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from device.virtual.wiegand import (
    FULL_SPEED,
    Change,
    Timing,
    WiegandWires,
    crosstalk,
    flipped,
    frame,
    noise,
    ringing,
    stuck,
    without,
)
from tests.device.readers.conformance import ReaderConformance, Rig
from tests.device.readers.events import as_badge, as_notice
from tests.device.readers.wiegand.world import CARD, EILEEN, GRACE, OTHER_CARD, SETTINGS, World
from tests.nearly import nearly

GREATEST_SPACING_S = 20e-3
SILENCE_S = 25e-3
MOMENT_S = 2e-3
MOST_WAITING = 4096
HALF_OF_A_KEY_ROW = "1234567890*#"


class TestOnSimulatedPins(ReaderConformance):
    @pytest.fixture
    def rig(self, world: World) -> Rig:
        return Rig(
            world.reader,
            "front",
            world.clock,
            present=lambda credential: world.card(encode(credential)),
            cards=(EILEEN, GRACE),
            garble=lambda: world.card(flipped(CARD, 3)),
            unplug=lambda: world.send(*stuck(0)),
        )


def test_frames_that_another_thread_drives_in_real_time_are_read() -> None:
    """As the kernel does. Only those count that a busy machine did not tear apart on the wire."""
    clock = SystemClock()
    pins = SimulatedPins(clock)
    reader = open_reader(SETTINGS, ReaderContext(clock, lambda: pins.factory, Path("/nowhere")))
    wires, whole, read = WiegandWires(pins.factory, 5, 6), set(), set()

    def drive() -> None:
        for number in range(20):
            began = clock.monotonic()
            wires.play(frame(encode(Credential("h10301", 17, number)), FULL_SPEED), clock)
            if clock.monotonic() - began < GREATEST_SPACING_S:
                whole.add(number)
            clock.sleep(2 * SILENCE_S)

    driver = threading.Thread(target=drive)
    driver.start()
    while driver.is_alive():
        event = reader.read(0.1)
        if isinstance(event, BadgeRead) and event.credential:
            read.add(event.credential.number)
    driver.join()
    reader.close()
    assert whole <= read


def test_card_is_read_with_all_that_is_known_of_it(world: World) -> None:
    end = world.card(after_s=2.0)
    last_bit_at = nearly(end - 50e-6)
    read = BadgeRead(EILEEN, last_bit_at, "front", Security.CLEAR_TEXT, "", CARD)
    assert world.events(3.0) == [read]


def test_card_is_told_when_the_silence_is_over(world: World) -> None:
    end = world.card()
    world.reader.read(5.0)
    assert world.clock.monotonic() == pytest.approx(end - 50e-6 + SILENCE_S, abs=2e-6)


@given(
    st.sampled_from(BUILT_IN).flatmap(
        lambda known: st.tuples(
            st.just(known.name), st.integers(0, 0xFF if known.has_facility else 0), st.integers(1, 0xFFFF)
        )
    ),
    st.floats(200e-6, 20e-3),
    st.floats(20e-6, 100e-6),
)
def test_card_of_every_format_is_read_at_every_speed(
    card: tuple[str, int, int], spacing_s: float, width_s: float
) -> None:
    credential = Credential(*card)
    world = World(formats=(credential.format,))
    world.card(encode(credential), Timing(width_s, spacing_s))
    found = world.credentials(3.0)
    world.reader.close()
    assert found == [credential]


def test_card_of_the_owners_format_is_read(world: World) -> None:
    world.card("000000101010")
    assert world.credentials() == [Credential("own:tiny", 0, 42)]


def test_card_may_come_in_parts_between_two_reads(world: World) -> None:
    world.card(timing=Timing(spacing_s=2e-3))
    parts = [world.reader.read(0.02) for _ in range(10)]
    assert [as_badge(read).credential for read in parts if read] == [EILEEN]


def test_cards_that_came_between_reads_keep_their_own_time(world: World) -> None:
    ends = [world.card(bits, after_s=after) for bits, after in ((CARD, 0.0), (OTHER_CARD, 0.3))]
    world.clock.sleep(5.0)
    assert [round(event.at, 4) for event in world.events()] == [round(end - 50e-6, 4) for end in ends]


def test_frames_ten_times_a_second_are_all_read() -> None:
    """For a minute, at full speed; `benchmarks/wiegand.py` does it in real time, under load."""
    world = World()
    for number in range(600):
        world.card(encode(Credential("h10301", 17, number)), FULL_SPEED, after_s=number * 0.1)
    found = world.credentials(61.0)
    world.reader.close()
    assert found == [Credential("h10301", 17, number) for number in range(600)]


def test_flipped_bit_is_refused_with_the_reason(world: World) -> None:
    world.card(flipped(CARD, 3))
    assert "parity" in as_badge(world.events()[0]).fault


def test_unreadable_badge_shows_its_bits_to_the_installer(world: World) -> None:
    world.card(without(CARD, 3))
    assert as_badge(world.events()[0]).bits == without(CARD, 3)


def test_bits_are_not_printed(world: World) -> None:
    world.card()
    assert CARD not in repr(world.events())


@pytest.mark.parametrize(
    "form", [lambda code: f"{code:04b}", lambda code: f"{15 - code:04b}{code:04b}"], ids=["4", "8"]
)
def test_keys_are_read(world: World, form: Callable[..., Any]) -> None:
    for index, code in enumerate([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 10, 11]):
        world.card(form(code), after_s=index * 0.05)
    assert "".join(world.keys()) == HALF_OF_A_KEY_ROW


def test_key_is_stamped_and_says_its_reader(world: World) -> None:
    end = world.card("0101", after_s=0.5)
    press = world.events()[0]
    assert (press.at, press.reader) == (nearly(end - 50e-6), "front")


def test_key_is_not_printed(world: World) -> None:
    world.card("0101")
    assert "5" not in repr(world.events()[0]).replace(f"{world.clock.monotonic()}", "").split("at=")[0]


@pytest.mark.parametrize("bits", ["1101", "11110001"], ids=["no key", "a key with a flipped bit"])
def test_what_may_have_been_a_key_gives_no_bits_away(world: World, bits: str) -> None:
    world.card(bits)
    read = world.events()[0]
    assert (as_badge(read).credential, as_badge(read).bits) == (None, "")


def test_ringing_wire_is_filtered(world: World) -> None:
    world.send(*frame(CARD), *ringing(CARD))
    assert world.credentials() == [EILEEN]


def test_pulses_that_show_on_the_other_line_are_refused(world: World) -> None:
    """Which line is true cannot be told where only falling edges are."""
    world.send(*frame(CARD), *crosstalk(CARD))
    assert "at once" in as_badge(world.events()[0]).fault


@given(st.integers(0, 2**32), st.integers(1, 3000), st.floats(1e-3, 2.0))
@settings(max_examples=30)
def test_card_after_any_noise_is_read(seed: int, dips: int, lasts_s: float) -> None:
    world = World()
    end = world.send(*noise(seed, dips=dips, lasts_s=lasts_s))
    world.card(after_s=end + SILENCE_S + 1e-3)
    found = world.credentials(end + 1.0)
    world.reader.close()
    assert found[-1:] == [EILEEN]


def test_burst_of_noise_is_one_unreadable_badge(world: World) -> None:
    world.send(*noise(1, dips=2000, lasts_s=1.0))
    assert world.credentials(2.0) == [None]


def test_noise_of_which_edges_are_lost_is_one_unreadable_badge(world: World) -> None:
    world.send(*noise(1, dips=3 * MOST_WAITING, lasts_s=10.0))
    world.clock.sleep(20.0)
    assert world.credentials() == [None]


def test_card_after_lost_edges_is_read(world: World) -> None:
    world.send(*noise(1, dips=3 * MOST_WAITING, lasts_s=10.0))
    world.clock.sleep(20.0)
    world.events()
    world.card()
    assert world.credentials() == [EILEEN]


def test_frame_that_lost_its_beginning_is_no_card(world: World) -> None:
    """34 bits whose last 26 are another card."""
    world.send(*frame("1" * (MOST_WAITING + 8) + CARD, Timing(spacing_s=1e-3)))
    world.clock.sleep((MOST_WAITING + 8 - 0.5) * 1e-3)
    first = world.events()
    assert [as_badge(event).credential for event in first] == [None]


def test_waiting_edges_fill_no_memory(world: World) -> None:
    world.card("1" * (MOST_WAITING + 100))
    world.clock.sleep(10.0)
    assert len(world.reader._lines._edges) == MOST_WAITING


def test_edge_of_another_clock_keeps_nobody_waiting(world: World) -> None:
    """An early kernel stamps edges in seconds since 1970."""
    for _ in range(30):
        world.reader._lines._changed(0, 1.7e9, 0)
    world.events()
    world.card()
    assert world.credentials() == [EILEEN]


def test_line_that_is_held_low_is_told_once(world: World) -> None:
    world.send(*stuck(1))
    notices = world.events(10.0)
    assert [(as_notice(notice).notice, "data 1" in as_notice(notice).detail) for notice in notices] == [
        (Notice.LOST, True)
    ]


def test_line_that_is_let_go_is_found_again(world: World) -> None:
    world.send(*stuck(1))
    world.events()
    world.send(Change(0.0, 1, low=False))
    assert [as_notice(event).notice for event in world.events()] == [Notice.FOUND]


def test_card_is_read_after_a_line_was_held_low(world: World) -> None:
    world.send(*stuck(1))
    world.events()
    world.send(Change(0.0, 1, low=False))
    world.card(after_s=0.1)
    assert world.credentials() == [EILEEN]


def test_line_that_is_held_low_from_the_beginning_is_told() -> None:
    pins = SimulatedPins(clock := SimulatedClock())
    reader = open_reader(SETTINGS, ReaderContext(clock, lambda: pins.factory, Path("/nowhere")))
    pins.factory.pin(5).drive_low()
    event = reader.read(5.0)
    reader.close()
    assert as_notice(event).notice is Notice.LOST


class StallingClock(SimulatedClock):
    """A clock of a machine that stands still once: whoever sleeps wakes late, before anything else has happened."""

    stall_s = 0.0

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._now, self.stall_s = self._now + self.stall_s, 0.0


def test_frame_is_not_cut_by_a_machine_that_stands_still() -> None:
    """The kernel has stamped its edges in time; only who hands them over was late."""
    world = World(clock := StallingClock())
    for index, bit in enumerate(CARD):
        at = index * 2e-3
        deliver = at if index < 13 else 0.060
        world.clock.at(deliver, partial(world.reader._lines._changed, 1 if bit == "1" else 0, at, 0))
    world.clock.sleep(13 * 2e-3)
    clock.stall_s = 0.050
    found = world.credentials()
    world.reader.close()
    assert found == [EILEEN]


def test_who_wakes_late_waits_but_a_moment_longer() -> None:
    world = World(clock := StallingClock())
    end = world.card()
    world.clock.sleep(end)
    clock.stall_s = 0.1
    world.reader.read(1.0)
    world.reader.close()
    assert world.clock.monotonic() == pytest.approx(end - 50e-6 + SILENCE_S + 0.1 + MOMENT_S, abs=2e-6)
