"""The figures of Wiegand's wires: how few and how many pulses are a frame, and how far apart, as numbers."""

import pytest

from device.readers.wiegand.frames import Assembler, Burst, DataLine, Edge, Rest, burst_of, is_key_code, key_of

TOO_MANY = "More edges at once than a frame of 128 bits has: noise on the wires."


def pulses(*times: float) -> list[Edge]:
    """Falling edges on both lines in turn."""
    return [Edge(1 if index % 2 else 0, at) for index, at in enumerate(times)]


def on_data_0(*times: float) -> list[Edge]:
    return [Edge(0, at) for at in times]


def evenly(count: int) -> list[Edge]:
    return pulses(*[0.001 * index for index in range(count)])


def read(edges: list[Edge]) -> list[Burst]:
    assembler = Assembler()
    taken = [assembler.take(edge) for edge in edges]
    return [burst for burst in (*taken, assembler.end(1000.0)) if burst]


def bits_of(edges: list[Edge]) -> str | None:
    burst = burst_of(edges)
    return burst.bits if burst else None


def test_three_pulses_say_nothing() -> None:
    assert burst_of(evenly(3)) is None


def test_four_pulses_are_a_frame() -> None:
    assert bits_of(evenly(4)) == "0101"


def test_128_bits_are_a_frame() -> None:
    assert [(len(burst.bits), burst.fault) for burst in read(evenly(128))] == [(128, "")]


def test_129_bits_are_noise() -> None:
    assert [(burst.bits, burst.fault) for burst in read(evenly(129))] == [("", TOO_MANY)]


def test_frame_of_128_bits_may_bounce_at_each() -> None:
    edges: list[Edge] = []
    for fall in evenly(128):
        ends = [(0.00005, False), (0.00008, True), (0.00009, False)]
        edges += [fall, *(Edge(fall.line, fall.at + after, falling) for after, falling in ends)]
    assert [(len(burst.bits), burst.fault) for burst in read(edges)] == [(128, "")]


def test_513_edges_are_noise() -> None:
    edges = [Edge(0, 0.0001 * index, falling=index % 2 == 0) for index in range(513)]
    assert [burst.fault for burst in read(edges)] == [TOO_MANY]


@pytest.mark.parametrize(("pause_s", "frames"), [(0.020, 1), (0.025, 1), (0.026, 2), (0.1, 2)])
def test_frame_is_over_after_25_ms(pause_s: float, frames: int) -> None:
    edges = pulses(-0.003, -0.002, -0.001, 0.0, pause_s, pause_s + 0.001, pause_s + 0.002, pause_s + 0.003)
    assert [burst.fault for burst in read(edges)] == [""] * frames


def test_parts_of_one_burst_more_than_25_ms_apart_were_seen_too_late() -> None:
    faults = [burst.fault for gap in (0.025, 0.026) if (burst := burst_of(pulses(-0.002, -0.001, 0.0, gap)))]
    assert faults == ["", "Parts of a frame were seen too late: this machine was too busy."]


@pytest.mark.parametrize(("apart_s", "bits"), [(0.0002, "0000"), (0.00015, "0000"), (0.00014, None)])
def test_what_begins_within_150_us_is_a_bounce(apart_s: float, bits: str | None) -> None:
    assert bits_of(on_data_0(0.0, apart_s, 1.0, 2.0)) == bits


@pytest.mark.parametrize(("width_s", "bits"), [(0.00002, "0000"), (0.000018, None)])
def test_dip_of_less_than_20_us_is_no_pulse(width_s: float, bits: str | None) -> None:
    short = [Edge(0, 0.0), Edge(0, width_s, falling=False)]
    assert bits_of([*short, *on_data_0(0.001, 0.002, 0.003)]) == bits


def test_pulses_on_both_lines_within_150_us_are_noise() -> None:
    faults = [burst.fault for gap in (0.00015, 0.00014) if (burst := burst_of(pulses(0.0, gap, 0.001, 0.002)))]
    assert faults == ["", "Both data lines went low at once: noise on the wires, or two readers on them."]


@pytest.mark.parametrize(("late_s", "silence_s"), [(0.0, 0.025), (0.005, 0.025), (0.05, 0.07), (0.5, 0.12)])
def test_edges_heard_of_late_are_waited_for_up_to_100_ms(late_s: float, silence_s: float) -> None:
    assembler = Assembler()
    assembler.take(Edge(0, 10.0, late_s=late_s))
    assert assembler.ends_at == pytest.approx(10.0 + silence_s)


def test_sixteen_frames_of_8_bits_are_keys() -> None:
    keys = {bits for number in range(256) if is_key_code(bits := f"{number:08b}")}
    assert keys == {f"{15 - key:04b}{key:04b}" for key in range(16)}


def test_keys_are_digits_star_and_hash() -> None:
    assert [key_of(f"{code:04b}") for code in range(16)] == [*"0123456789*#", None, None, None, None]


@pytest.mark.parametrize(("after_s", "is_news"), [(0.09, False), (0.1, True), (0.2, True)])
def test_line_that_is_low_for_100_ms_is_held(after_s: float, is_news: bool) -> None:
    low: frozenset[DataLine] = frozenset({0})
    rest = Rest()
    first = rest.look(low, 0.0)
    assert (first, rest.looks_at, rest.look(low, after_s)) == (False, 0.1, is_news)
