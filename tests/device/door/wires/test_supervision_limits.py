"""The voltages of a supervised wire, as the wiring guide promises them, in shares of 3.3 V."""

import pytest

from device.door.wires.supervision import LIMITS, NOMINAL, Wire, wire_of

BETWEEN = [(0.2, Wire.BRIDGED, Wire.CLOSED), (0.486, Wire.CLOSED, Wire.OPEN), (0.786, Wire.OPEN, Wire.BROKEN)]


def test_states_have_the_voltages_of_the_wiring_guide() -> None:
    assert [round(NOMINAL[wire], 5) for wire in Wire] == [0.0, 0.4, 0.57143, 1.0]


def test_limits_are_half_way() -> None:
    assert [round(limit, 3) for limit in LIMITS] == [0.2, 0.486, 0.786]


@pytest.mark.parametrize(("limit", "lower", "upper"), BETWEEN)
@pytest.mark.parametrize("noise", [0.005, 0.015])
def test_noise_of_50_millivolts_changes_nothing(limit: float, lower: Wire, upper: Wire, noise: float) -> None:
    assert [wire_of(limit + noise, lower), wire_of(limit - noise, upper)] == [lower, upper]


@pytest.mark.parametrize(("limit", "lower", "upper"), BETWEEN)
def test_change_of_100_millivolts_counts(limit: float, lower: Wire, upper: Wire) -> None:
    assert [wire_of(limit + 0.03, lower), wire_of(limit - 0.03, upper)] == [upper, lower]


def test_wire_with_no_past_is_what_the_voltage_says() -> None:
    shares = [0.0, 0.19, 0.21, 0.4, 0.48, 0.49, 0.57, 0.78, 0.79, 1.0]
    closed, opened = [Wire.CLOSED] * 3, [Wire.OPEN] * 3
    assert [wire_of(share) for share in shares] == [Wire.BRIDGED] * 2 + closed + opened + [Wire.BROKEN] * 2


def test_voltage_at_a_limit_is_the_higher_state() -> None:
    assert [wire_of(limit) for limit in LIMITS] == [Wire.CLOSED, Wire.OPEN, Wire.BROKEN]
