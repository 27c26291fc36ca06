"""What `lintel door` reports of a door, and when a door has done what it was told."""

from dataclasses import replace

import pytest

from device.cli.text.door_status import duration, obeys, refusal, status_json, status_lines
from device.records import DoorCommand, DoorState, DoorStatus, Outputs

S = DoorState


def door(state: DoorState, *, released: bool = False) -> DoorStatus:
    return DoorStatus("main", state, 0.0, (), Outputs(released=released))


def states_that_obey(command: DoorCommand, *, released: bool = False) -> set[DoorState]:
    return {state for state in DoorState if obeys(door(state, released=released), command)}


def test_lockdown_is_carried_out_in_lockdown_and_beneath_a_fault() -> None:
    assert states_that_obey(DoorCommand.LOCKDOWN) == {S.LOCKDOWN, S.FAULT}


def test_evacuation_is_carried_out_in_evacuation_alone() -> None:
    assert states_that_obey(DoorCommand.EVACUATE, released=True) == {S.EVACUATION}


def test_door_in_fault_is_not_reported_as_secured() -> None:
    assert states_that_obey(DoorCommand.SECURE) == set(DoorState) - {S.FAULT}


def test_released_door_is_not_reported_as_secured() -> None:
    assert states_that_obey(DoorCommand.SECURE, released=True) == set()


def test_release_is_carried_out_when_the_strike_is_released() -> None:
    assert [obeys(door(S.RELEASED, released=released), DoorCommand.RELEASE) for released in (True, False)] == [
        True,
        False,
    ]


def test_cleared_door_is_locked_released_or_open() -> None:
    assert states_that_obey(DoorCommand.CLEAR) == {S.LOCKED, S.RELEASED, S.OPEN}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_799, "47 h"), (172_800, "2 d")],
)
def test_time_is_in_the_unit_people_use(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("state", "released", "command", "words"),
    [
        (S.EVACUATION, True, DoorCommand.SECURE, "stays released: it is evacuated until `lintel door clear`."),
        (S.LOCKDOWN, False, DoorCommand.RELEASE, "didn't carry out release: it is in lockdown until"),
        (S.FAULT, False, DoorCommand.RELEASE, "didn't carry out release: something it needs doesn't work"),
        (S.FORCED, False, DoorCommand.CLEAR, "didn't carry out clear: it is forced; `lintel door status`"),
    ],
)
def test_refusal_says_why(state: DoorState, released: bool, command: DoorCommand, words: str) -> None:
    assert words in refusal(door(state, released=released), command)


def test_door_that_obeys_has_no_refusal() -> None:
    assert refusal(door(S.LOCKED), DoorCommand.SECURE) == ""


def test_status_says_what_the_rate_of_a_door_is_worth() -> None:
    """A transaction is up to five comparisons, and fifty are what a stolen badge may be tried."""
    strict = replace(door(S.LOCKED), target_fmr=1e-4)
    assert list(status_lines(strict, 0.0))[1] == (
        "  faces: target FMR 1.0e-4; a stranger with a stolen badge gets in with at most 1.2e-4 in a transaction, "
        "0.60% in 50"
    )
    document = status_json(strict, 0.0)
    assert [document[name] for name in ("target_fmr", "transaction_far_at_most", "stolen_badge_within_50_at_most")] == [
        1e-4,
        1.2e-4,
        0.00598,
    ]


def test_status_of_a_door_without_faces_says_nothing_of_them() -> None:
    assert not any("faces" in line for line in status_lines(door(S.LOCKED), 0.0))
    assert status_json(door(S.LOCKED), 0.0)["target_fmr"] is None
