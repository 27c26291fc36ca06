"""Bursts from edges: every frame at every legal timing, no frame out of a disturbance, nothing that grows."""

import math
from collections.abc import Iterable
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.readers.formats import decode, encode, formats_for
from device.readers.wiegand.frames import Assembler, Burst, Edge, Rest, burst_of, is_key_code, key_of
from device.records import Credential
from tests.there import there

BOUNCE_S = 150e-6
GREATEST_SPACING_S = 20e-3
HELD_LOW_S = 0.1
LEAST_BITS = 4
LEAST_SPACING_S = 200e-6
LONGEST_PULSE_S = 100e-6
MOST_BITS = 128
MOST_EDGES = 512
MOST_LATE_S = 0.1
SHORTEST_PULSE_S = 20e-6
SILENCE_S = 25e-3

H10301 = formats_for(["h10301"])
FRAMES = st.text("01", min_size=LEAST_BITS, max_size=MOST_BITS)
CARDS = st.builds(Credential, st.just("h10301"), st.integers(0, 255), st.integers(0, 65535))
SPACINGS = st.floats(LEAST_SPACING_S, GREATEST_SPACING_S)
WIDTHS = st.floats(SHORTEST_PULSE_S, LONGEST_PULSE_S)
Wire = Literal[0, 1]
LINES: st.SearchStrategy[Wire] = st.sampled_from((0, 1))


def bursts(edges: Iterable[Edge]) -> list[Burst]:
    """All that an assembler gives, up to the silence at the end."""
    assembler = Assembler()
    given = [assembler.take(edge) for edge in edges]
    return [burst for burst in (*given, assembler.end(math.inf)) if burst]


def falls(bits: str, at: float = 0.0, spacing_s: float = 1e-3) -> list[Edge]:
    """The falling edges of a frame."""
    return [Edge(1 if bit == "1" else 0, at + index * spacing_s) for index, bit in enumerate(bits)]


def other(line: Wire) -> Wire:
    return 0 if line else 1


def dip(line: Wire, at: float, width_s: float) -> list[Edge]:
    return [Edge(line, at), Edge(line, at + width_s, falling=False)]


@st.composite
def sent(draw: st.DrawFn) -> tuple[str, list[Edge]]:
    """A frame and its edges, each pulse as wide and as late as it may be; some lines tell falling edges alone."""
    bits, at = draw(FRAMES), draw(st.floats(0, 1e6))
    both = draw(st.booleans())
    edges = []
    for bit in bits:
        edges += dip(1 if bit == "1" else 0, at, draw(WIDTHS))[: 1 + both]
        at += draw(SPACINGS)
    return bits, edges


@given(sent())
def test_every_frame_at_every_legal_timing_is_read(frame: tuple[Any, ...]) -> None:
    bits, edges = frame
    assert [(burst.bits, burst.fault) for burst in bursts(edges)] == [(bits, "")]


@given(st.lists(sent(), max_size=4))
def test_frames_come_apart_at_the_silence_between_them(frames: list[tuple[Any, ...]]) -> None:
    edges, begins = [], 0.0
    for _, frame in frames:
        edges += [Edge(edge.line, begins + edge.at - frame[0].at, edge.falling) for edge in frame]
        begins = edges[-1].at + SILENCE_S + 1e-3
    assert [burst.bits for burst in bursts(edges)] == [bits for bits, _ in frames]


def test_burst_is_stamped_with_its_last_bit() -> None:
    assert bursts(falls("1010", 2.0))[0].at == 2.0 + 3e-3


@given(FRAMES, st.lists(st.tuples(st.integers(0, MOST_BITS - 1), st.floats(1e-6, 0.9 * BOUNCE_S)), max_size=40))
def test_bounces_are_no_bits(bits: str, bounces: list[tuple[int, float]]) -> None:
    edges = falls(bits)
    edges += [Edge(edges[index].line, edges[index].at + after) for index, after in bounces if index < len(bits)]
    assert burst_of(edges) == burst_of(falls(bits))


@given(FRAMES, st.lists(st.tuples(LINES, st.floats(0, 0.13), st.floats(0, 18e-6)), max_size=40))
def test_dips_that_are_known_to_be_short_are_no_bits(bits: str, glitches: list[tuple[Wire, float, float]]) -> None:
    pulses = [edge for fall in falls(bits) for edge in dip(fall.line, fall.at, 50e-6)]
    low = [(fall.line, fall.at - 20e-6, fall.at + 50e-6) for fall in falls(bits)]
    dips = [edge for line, at, width in glitches if not _overlap(low, line, at) for edge in dip(line, at, width)]
    assert burst_of(pulses + _apart(dips)) == burst_of(pulses)


def _overlap(low: list[tuple[Wire, float, float]], line: Wire, at: float) -> bool:
    """A line that is low already cannot dip."""
    return any(line == lower and begin <= at <= end for lower, begin, end in low)


def _apart(dips: list[Edge]) -> list[Edge]:
    """Without dips that begin while another one of theirs lasts."""
    kept: list[Edge] = []
    for begin, end in sorted(zip(dips[::2], dips[1::2], strict=True), key=lambda both: both[0].at):
        if not any(edge.line == begin.line and begin.at <= edge.at + 20e-6 for edge in kept):
            kept += [begin, end]
    return kept


@given(FRAMES, st.integers(0, MOST_BITS - 1), st.floats(0, 0.9 * BOUNCE_S))
def test_pulses_on_both_lines_at_once_are_no_frame(bits: str, index: int, after: float) -> None:
    edges = falls(bits)
    doubtful = edges[index % len(bits)]
    burst = burst_of([*edges, Edge(other(doubtful.line), doubtful.at + after)])
    assert "at once" in there(burst).fault


@given(st.text("01", max_size=LEAST_BITS - 1))
def test_fewer_bits_than_a_key_has_are_nothing(bits: str) -> None:
    assert bursts(falls(bits)) == []


def test_both_lines_that_fall_once_are_nothing() -> None:
    """As when a reader loses its power."""
    assert bursts([Edge(0, 1.0), Edge(1, 1.0)]) == []


@given(st.integers(MOST_BITS + 1, 3 * MOST_EDGES))
def test_too_many_bits_are_told_once(count: int) -> None:
    assert [burst.bits for burst in bursts(falls("1" * count))] == [""]


def test_too_many_edges_are_told_before_they_end() -> None:
    assembler = Assembler()
    given = [assembler.take(edge) for edge in falls("1" * (MOST_EDGES + 1))]
    assert [burst is None for burst in given] == [True] * MOST_EDGES + [False]


def test_rest_of_what_was_too_long_is_no_frame() -> None:
    noise = falls("1" * (MOST_EDGES + 1))
    assert len(bursts(noise + falls("0110", noise[-1].at + 20e-3))) == 1


def test_frame_after_what_was_too_long_is_read() -> None:
    noise = falls("1" * (MOST_EDGES + 1))
    assert bursts(noise + falls("0110", noise[-1].at + 26e-3))[-1].bits == "0110"


def test_burst_with_a_loss_is_no_frame() -> None:
    assembler = Assembler()
    for edge in falls("1010"):
        assembler.take(edge)
    assert (there(assembler.lose(5e-3)).bits, assembler.end(math.inf)) == ("", None)


def test_loss_is_told_once_until_a_silence() -> None:
    assembler = Assembler()
    told = [assembler.lose(at) for at in (1.0, 1.01)]
    assert [burst is None for burst in told] == [False, True]


def test_frame_without_its_beginning_is_none() -> None:
    assembler = Assembler()
    assembler.lose(1.0)
    given = [assembler.take(edge) for edge in falls("101010", 1.02)]
    assert [*given, assembler.end(math.inf)] == [None] * 7


@given(FRAMES, st.data())
def test_edges_that_change_places_on_their_way_change_nothing(bits: str, data: st.DataObject) -> None:
    edges = falls(bits, spacing_s=0.2e-3)
    late = data.draw(st.sets(st.integers(0, len(bits) - 2)))
    for index in sorted(late):
        edges[index : index + 2] = reversed(edges[index : index + 2])
    assert [burst.bits for burst in bursts(edges)] == [bits]


ANY_EDGE = st.builds(
    Edge, LINES, st.one_of(st.floats(), st.floats(0, 1), st.integers(0, 2000).map(lambda n: n * 1e-4)), st.booleans()
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(["take", "take", "take", "lose", "end"]), ANY_EDGE), max_size=200))
def test_no_edges_whatever_raise_or_grow(actions: list[tuple[Any, ...]]) -> None:
    assembler = Assembler()
    for action, edge in actions:
        if action == "take":
            assembler.take(edge)
        elif action == "lose" and math.isfinite(edge.at):
            assembler.lose(edge.at)
        else:
            assembler.end(math.inf)
    assert len(assembler._edges) <= len(actions)


def test_endless_edges_fill_no_memory() -> None:
    assembler = Assembler()
    for number in range(20_000):
        assembler.take(Edge(1 if number % 2 else 0, number * 1e-5, falling=number % 3 > 0))
    assert len(assembler._edges) <= MOST_EDGES


@given(st.lists(st.tuples(LINES, st.floats(-1.0, 1.0)), max_size=25), CARDS, SPACINGS)
def test_noise_before_and_after_a_frame_makes_no_other_card_of_it(
    noise: list[tuple[Wire, float]], card: Credential, spacing_s: float
) -> None:
    """Fewer dips than a card has: a whole forged card is a card."""
    bits = encode(card)
    frame = falls(bits, 1.0, spacing_s)
    around = [Edge(line, (1.0 if at < 0 else frame[-1].at + SHORTEST_PULSE_S) + at) for line, at in noise]
    read = [decode(burst.bits, H10301) for burst in bursts(_in_time([*frame, *around])) if not burst.fault]
    assert {found for found in read if isinstance(found, Credential)} <= {card}


def _in_time(edges: list[Edge]) -> list[Edge]:
    return sorted(edges, key=lambda edge: edge.at)


@given(CARDS, st.integers(0, 25), SPACINGS)
def test_flipped_bit_makes_no_card(card: Credential, position: int, spacing_s: float) -> None:
    bits = encode(card)
    edges = falls(bits, 1.0, spacing_s)
    edges[position] = Edge(other(edges[position].line), edges[position].at)
    assert not isinstance(decode(bursts(edges)[0].bits, H10301), Credential)


@given(CARDS, st.integers(0, 25), SPACINGS)
def test_missing_bit_makes_no_card(card: Credential, position: int, spacing_s: float) -> None:
    edges = falls(encode(card), 1.0, spacing_s)
    del edges[position]
    read = [decode(burst.bits, H10301) for burst in bursts(edges)]
    assert not any(isinstance(found, Credential) for found in read)


@pytest.mark.parametrize(("code", "key"), [*enumerate("0123456789"), (10, "*"), (11, "#")])
def test_key_of_four_bits(code: int, key: str) -> None:
    assert key_of(f"{code:04b}") == key


@pytest.mark.parametrize(("code", "key"), [*enumerate("0123456789"), (10, "*"), (11, "#")])
def test_key_of_eight_bits_has_its_complement_first(code: int, key: str) -> None:
    assert key_of(f"{15 - code:04b}{code:04b}") == key


@pytest.mark.parametrize("code", [12, 13, 14, 15])
def test_other_codes_are_no_key(code: int) -> None:
    assert key_of(f"{code:04b}") is None


@given(st.text("01", min_size=1, max_size=MOST_BITS))
def test_only_four_bits_or_a_byte_of_halves_that_differ_is_a_key(bits: str) -> None:
    complement = len(bits) == 8 and all(high != low for high, low in zip(bits[:4], bits[4:], strict=True))
    assert is_key_code(bits) == (len(bits) == 4 or complement)


def test_line_that_is_low_at_a_look_is_not_yet_held() -> None:
    rest = Rest()
    rest.look(frozenset({1}), 5.0)
    assert (rest.held, rest.looks_at) == (frozenset(), 5.0 + HELD_LOW_S)


def test_line_that_stays_low_is_held() -> None:
    rest = Rest()
    news = [rest.look(frozenset({1}), at) for at in (5.0, 5.0 + HELD_LOW_S, 6.0)]
    assert (news, rest.held) == ([False, True, False], frozenset({1}))


def test_line_that_is_high_again_is_not_held() -> None:
    rest = Rest()
    for at in (5.0, 6.0):
        rest.look(frozenset({1}), at)
    assert (rest.look(frozenset(), 7.0), rest.held) == (True, frozenset())


def test_line_that_pulses_is_not_held() -> None:
    rest = Rest()
    rest.look(frozenset({1}), 5.0)
    rest.pulsed(1)
    assert rest.look(frozenset({1}), 6.0) is False


@given(st.lists(st.tuples(st.frozensets(LINES), st.floats(0, 10)), max_size=50))
def test_line_is_not_looked_at_forever_before_it_is_held(looks: list[tuple[frozenset[Wire], float]]) -> None:
    """Whoever waits until `looks_at` and looks has news: nobody looks in a circle."""
    rest, now = Rest(), 0.0
    for low, later in looks:
        now += later
        rest.look(low, now)
        if math.isfinite(rest.looks_at):
            assert rest.look(low, rest.looks_at) is True
            now = max(now, rest.looks_at)


def test_rest_of_a_burst_that_was_taken_for_over_is_no_key() -> None:
    """It was heard of late, and goes on with what it belongs to."""
    assembler = Assembler()
    edges = falls("10100101", spacing_s=10e-3)
    for edge in edges[:4]:
        assembler.take(edge)
    first = assembler.end(60e-3)
    late = [assembler.take(edge) for edge in edges[4:]]
    assert (there(first).bits, late, there(assembler.end(math.inf)).bits) == ("1010", [None] * 4, "10100101")


def test_burst_is_not_given_again_for_a_bounce_that_is_heard_of_late() -> None:
    assembler = Assembler()
    for edge in falls("1010"):
        assembler.take(edge)
    assembler.end(3e-3 + SILENCE_S)
    assembler.take(Edge(0, 3e-3 + 50e-6))
    assert assembler.end(math.inf) is None


def test_burst_after_one_that_was_taken_for_over_is_its_own() -> None:
    assembler = Assembler()
    for edge in falls("1010"):
        assembler.take(edge)
    assembler.end(3e-3 + SILENCE_S)
    assert bursts_of_more(assembler, falls("0101", 3e-3 + SILENCE_S)) == ["0101"]


def bursts_of_more(assembler: Assembler, edges: Iterable[Edge]) -> list[str]:
    """The bits of what more edges make of a burst."""
    return [burst.bits for burst in (*map(assembler.take, edges), assembler.end(math.inf)) if burst]


def test_burst_whose_edges_are_heard_of_late_is_over_later() -> None:
    assembler = Assembler()
    assembler.take(Edge(0, 1.0, late_s=0.03))
    assembler.take(Edge(0, 1.01, late_s=0.02))
    assert assembler.ends_at == pytest.approx(1.01 + GREATEST_SPACING_S + 0.03)


def test_silence_has_room_for_edges_that_are_a_little_late() -> None:
    assembler = Assembler()
    assembler.take(Edge(0, 1.0, late_s=SILENCE_S - GREATEST_SPACING_S))
    assert assembler.ends_at == pytest.approx(1.0 + SILENCE_S)


def test_nobody_waits_for_edges_that_are_ever_so_late() -> None:
    assembler = Assembler()
    assembler.take(Edge(0, 1.0, late_s=1e9))
    assert assembler.ends_at == pytest.approx(1.0 + GREATEST_SPACING_S + MOST_LATE_S)


def test_edge_of_long_before_makes_no_frame_of_a_burst() -> None:
    burst = burst_of([*falls("1010", 1.0), Edge(1, 0.9)])
    assert "too late" in there(burst).fault
