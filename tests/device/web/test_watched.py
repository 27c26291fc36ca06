"""What a monitor makes of the service's words."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from device.control.messages import Doors, Row
from device.records import DoorInput, DoorOutput, DoorState, DoorStatus, Line, Outputs
from device.records.alarms import AlarmKind
from device.records.service import OpenAlarm, ServiceStatus
from device.web.messages import Lock
from device.web.watched import door_view, health_of, levels_of, lost_world, public, world_of
from tests.device.web.seen import HEALTH, row

NOW = dt.datetime(2026, 6, 1, 8, tzinfo=dt.UTC)


def status(*lines: tuple[DoorInput, Line], outputs: Outputs = Outputs(), door: str = "main") -> DoorStatus:  # noqa: B008
    return DoorStatus(door, DoorState.LOCKED, 0.0, lines, outputs)


def test_leaf_is_where_its_contact_says() -> None:
    found = [door_view(status((DoorInput.DPS, line)), 0).is_open for line in Line]
    assert found == [False, True, None, None]


def test_door_without_contact_has_no_known_leaf() -> None:
    assert door_view(status(), 0).is_open is None


def test_strike_is_what_drives_it() -> None:
    locks = [door_view(status(outputs=Outputs(released=is_on)), 0).lock for is_on in (False, True)]
    assert locks == [Lock.SECURE, Lock.RELEASED]


def test_output_of_duress_is_never_shown() -> None:
    silent = status(outputs=Outputs(on=frozenset({DoorOutput.DURESS, DoorOutput.LED})))
    loud = status(outputs=Outputs(on=frozenset({DoorOutput.LED})))
    assert door_view(silent, 0) == door_view(loud, 0)


def test_wires_of_two_doors_have_numbers_of_their_own() -> None:
    world = world_of(Doors((status((DoorInput.DPS, Line.QUIET)), status(door="back"))), at_s=1.0, now=NOW)
    pins = [wire.pin for door in world.doors for wire in (*door.inputs, *door.outputs)]
    assert len(set(pins)) == len(pins)


def test_levels_say_what_has_changed_alone() -> None:
    before = world_of(Doors((status((DoorInput.DPS, Line.QUIET)),)), at_s=1.0, now=NOW)
    now = world_of(Doors((status((DoorInput.DPS, Line.ACTIVE)),)), at_s=2.0, now=NOW)
    (level,) = levels_of(before, now)
    assert (level.at_s, level.high) == (2.0, True)


def test_first_levels_are_those_of_all_wires() -> None:
    now = world_of(Doors((status((DoorInput.DPS, Line.QUIET)),)), at_s=2.0, now=NOW)
    assert len(levels_of(None, now)) == 5


def test_lost_world_knows_no_door() -> None:
    world = lost_world("It is gone.", at_s=1.0, now=NOW)
    assert (world.doors, world.lost) == ((), "It is gone.")


def test_health_says_how_long_and_what_was_decided() -> None:
    assert health_of(HEALTH, NOW) == ("Lintel 1.2.3 has run for 2 h: 5 granted, 0 denied.",)


def test_health_names_open_alarms_but_duress() -> None:
    since = NOW - dt.timedelta(minutes=3)
    alarms = tuple(OpenAlarm(kind, 2, since) for kind in (AlarmKind.FORCED, AlarmKind.DURESS))
    first, second = health_of(ServiceStatus(version="1", as_of_s=0.0, is_ready=True, alarms=alarms), NOW)
    assert first == "Open alarms, forced: 2, the oldest for 3 min. `lintel alarms` lists them."
    assert second.startswith("Lintel 1 has run")


def test_duress_looks_like_any_match() -> None:
    forced = row(1, outcome="granted", reason="duress", similarity=0.8, threshold=0.5, person="Ann", badge="17:1")
    plain = row(1, outcome="granted", reason="match", similarity=0.8, threshold=0.5, person="Ann", badge="17:1")
    assert public(forced) == public(plain)


def test_acknowledged_duress_is_not_shown() -> None:
    assert public(row(1, "alarm-acknowledged", reason="duress")) is None


@given(st.text(max_size=20), st.sampled_from(["match", "duress", "pin", "non-match"]))
def test_no_shown_row_says_duress(fault: str, reason: str) -> None:
    seen: Row | None = public(row(1, outcome="granted", reason=reason, fault=fault.replace("duress", "")))
    assert seen is None or "duress" not in str(seen)
