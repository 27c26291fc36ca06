"""What a voltage says of a wire: the table of states, with the resistors that installers really have."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.door.wires.supervision import LIMITS, NOMINAL, Wire, line_of, wire_of
from device.records import Line
from device.virtual import pins

HYSTERESIS = 0.02
PARALLEL_OHM = 1000.0
PULL_UP_OHM = 1500.0
SERIES_OHM = 1000.0

shares = st.floats(0, 1)
tolerance = st.floats(0.95, 1.05)
cable_ohm = st.floats(0, 100)
wires = st.sampled_from(Wire)


def share(ohm: float, pull_up_ohm: float = PULL_UP_OHM) -> float:
    return ohm / (ohm + pull_up_ohm)


@pytest.mark.parametrize("wire", Wire)
def test_nominal_voltage_is_its_state(wire: Wire) -> None:
    assert wire_of(NOMINAL[wire]) is wire


def test_states_are_in_the_order_of_their_voltages() -> None:
    assert [NOMINAL[wire] for wire in Wire] == sorted(NOMINAL.values())


def test_states_are_far_apart() -> None:
    """Three times the hysteresis from a nominal voltage to the next limit, at least."""
    assert min(abs(nominal - limit) for nominal in NOMINAL.values() for limit in LIMITS) > 3 * HYSTERESIS


@given(tolerance, tolerance, tolerance, cable_ohm, wires)
def test_real_resistors_and_cables_do_not_matter(
    series: float, parallel: float, pull_up: float, cable: float, before: Wire
) -> None:
    closed = SERIES_OHM * series + cable
    opened = closed + PARALLEL_OHM * parallel
    found = [wire_of(share(ohm, PULL_UP_OHM * pull_up), before) for ohm in (cable, closed, opened)]
    assert found == [Wire.BRIDGED, Wire.CLOSED, Wire.OPEN]


@given(st.floats(100e3, 10e6), wires)
def test_wet_cut_cable_is_cut(leak_ohm: float, before: Wire) -> None:
    assert wire_of(share(leak_ohm), before) is Wire.BROKEN


@given(shares, shares)
def test_higher_voltage_is_no_earlier_state(one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert list(Wire).index(wire_of(low)) <= list(Wire).index(wire_of(high))


@given(wires, st.lists(st.floats(-HYSTERESIS * 0.9, HYSTERESIS * 0.9)), st.sampled_from(LIMITS))
def test_noise_at_a_limit_changes_nothing(before: Wire, noise: list[float], limit: float) -> None:
    state = wire_of(limit, before)
    for by in noise:
        assert wire_of(limit + by, state) is state


@given(wires, wires)
def test_state_before_does_not_matter_for_a_nominal_voltage(before: Wire, wire: Wire) -> None:
    assert wire_of(NOMINAL[wire], before) is wire


@pytest.mark.parametrize(
    ("wire", "active", "line"),
    [
        (Wire.BRIDGED, "closed", Line.SHORT),
        (Wire.CLOSED, "closed", Line.ACTIVE),
        (Wire.OPEN, "closed", Line.QUIET),
        (Wire.BROKEN, "closed", Line.CUT),
        (Wire.BRIDGED, "open", Line.SHORT),
        (Wire.CLOSED, "open", Line.QUIET),
        (Wire.OPEN, "open", Line.ACTIVE),
        (Wire.BROKEN, "open", Line.CUT),
    ],
)
def test_state_says_a_line(wire: Wire, active: Literal["closed", "open"], line: Line) -> None:
    assert line_of(wire, active) is line


def test_simulated_wires_have_these_resistors() -> None:
    simulated = (pins.PULL_UP_OHM, pins.SERIES_OHM, pins.PARALLEL_OHM)
    assert simulated == (PULL_UP_OHM, SERIES_OHM, PARALLEL_OHM)
