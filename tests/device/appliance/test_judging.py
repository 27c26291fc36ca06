"""What `lintel doctor` makes of what it reads: a light, and what to do."""

from datetime import UTC, datetime, timedelta

import pytest

from device.appliance import judging
from device.appliance.page import Light, Line, exit_code, worst
from device.key_keeping import KeyStatus
from device.policy.clock_state import ClockReading, Doubt
from device.policy.rules_check import Finding, Weight
from device.records import Alarm, AlarmKind, DoorState, DoorStatus, Outputs
from device.records.rulings import ClockState
from device.settings.tables import DoorSettings, ReaderSettings
from device.store.vault.stops import STOPS, KeyStore

NOW = datetime(2026, 12, 1, 3, tzinfo=UTC)
GREEN, AMBER, RED = Light.GREEN, Light.AMBER, Light.RED


def key(kind: KeyStore | None, trouble: str = "") -> KeyStatus:
    name = "ab12" if kind else ""
    return KeyStatus(name, "/here", kind or "", STOPS[kind] if kind else None, 1, (), trouble)


@pytest.mark.parametrize(
    ("status", "light"),
    [
        (key(KeyStore.TPM), GREEN),
        (key(KeyStore.OTP), GREEN),
        (key(KeyStore.PASSPHRASE), GREEN),
        (key(KeyStore.FILE), AMBER),
        (key(KeyStore.CREDENTIAL), AMBER),
        (key(None), AMBER),
        (key(None, "The key is gone."), RED),
    ],
)
def test_a_key_that_a_stolen_card_has_is_amber(status: KeyStatus, light: Light) -> None:
    assert judging.key_line(status).light is light


@pytest.mark.parametrize(
    ("state", "light"), [(ClockState.TRUSTED, GREEN), (ClockState.HELD, GREEN), (ClockState.UNTRUSTED, RED)]
)
def test_a_clock_that_is_not_trusted_is_red(state: ClockState, light: Light) -> None:
    assert judging.clock_line(ClockReading(state, NOW, Doubt.NEVER_SET)).light is light


def test_a_broken_chain_is_red() -> None:
    assert [judging.chain_line(3, words).light for words in ("", "row 2 was changed")] == [GREEN, RED]


@pytest.mark.parametrize(
    ("age", "light"),
    [
        (timedelta(hours=26), GREEN),
        (timedelta(hours=49), AMBER),
        (timedelta(days=15), RED),
        (-timedelta(days=1), AMBER),
    ],
)
def test_a_backup_turns_amber_and_then_red(age: timedelta, light: Light) -> None:
    assert judging.backup_line(NOW - age, NOW, "/b").light is light


def test_a_folder_without_a_backup_is_red() -> None:
    assert judging.backup_line(None, NOW, "/b").light is RED


def test_a_controlled_exit_names_its_other_way() -> None:
    doors = (
        DoorSettings(name="a"),
        DoorSettings(name="b", egress="controlled", free_exit="handle"),
        DoorSettings(name="c", egress="controlled"),
    )
    assert [(line.about, line.light) for line in judging.exit_lines(doors)] == [
        ("a", GREEN),
        ("b", AMBER),
        ("c", RED),
    ]


WIEGAND = ReaderSettings(kind="wiegand", data0_pin=5, data1_pin=6, keypad="4-bit")
OSDP = ReaderSettings(kind="osdp", source="/dev/ttyUSB0", keypad="keys")


@pytest.mark.parametrize(
    ("door", "said"),
    [
        (DoorSettings(mode="badge+pin", readers=(WIEGAND,)), 1),
        (DoorSettings(mode="badge+face-or-pin", readers=(WIEGAND,)), 1),
        (DoorSettings(without_face="badge+pin", readers=(WIEGAND,)), 1),
        (DoorSettings(when_missing="badge+pin", readers=(WIEGAND,)), 1),
        (DoorSettings(mode="badge+face+pin", readers=(WIEGAND,)), 0),
        (DoorSettings(mode="badge+pin", readers=(OSDP,)), 0),
    ],
)
def test_a_pin_in_the_clear_is_said_where_it_is_enough(door: DoorSettings, said: int) -> None:
    assert len(list(judging.clear_pin_lines((door,)))) == said


@pytest.mark.parametrize(
    ("door", "said"),
    [
        (DoorSettings(mode="badge", i_accept_badge_only=True, readers=(WIEGAND,)), 1),
        (DoorSettings(when_missing="badge", i_accept_badge_only=True, readers=(WIEGAND,)), 1),
        (DoorSettings(mode="badge", i_accept_badge_only=True, readers=(OSDP,)), 0),
        (DoorSettings(readers=(WIEGAND,)), 0),
    ],
)
def test_wiegand_without_a_second_factor_is_said(door: DoorSettings, said: int) -> None:
    assert len(list(judging.second_factor_lines((door,)))) == said


def test_a_door_that_takes_a_badge_alone_is_said() -> None:
    doors = (DoorSettings(name="a", i_accept_badge_only=True), DoorSettings(name="b"))
    assert [line.about for line in judging.badge_only_lines(doors)] == ["a"]


@pytest.mark.parametrize(
    ("weights", "light"),
    [((), GREEN), ((Weight.NOTE,), GREEN), ((Weight.WARNING, Weight.NOTE), AMBER), ((Weight.ERROR,), RED)],
)
def test_rules_are_as_bad_as_their_worst_finding(weights: tuple[Weight, ...], light: Light) -> None:
    found = [Finding(weight, "main", "no one passes", "add a rule") for weight in weights]
    assert judging.rules_line(found).light is light


def alarm(kind: AlarmKind) -> Alarm:
    return Alarm(7, kind, "alarm-open", NOW, "main", "", 1, NOW)


def test_duress_is_never_counted() -> None:
    assert judging.alarms_line([alarm(AlarmKind.DURESS)]) == judging.alarms_line([])


def test_open_alarms_are_amber() -> None:
    other = next(kind for kind in AlarmKind if kind is not AlarmKind.DURESS)
    assert judging.alarms_line([alarm(other)]).light is AMBER


def door(state: DoorState, *troubles: str) -> DoorStatus:
    return DoorStatus("main", state, 0.0, (), Outputs(), troubles)


def test_each_trouble_of_a_door_is_a_red_line() -> None:
    lines = list(judging.door_lines([door(DoorState.LOCKED, "camera main: it is gone.", "store: full")]))
    assert [(line.light, line.what) for line in lines] == [(RED, "camera main: it is gone"), (RED, "store: full")]


def test_a_door_without_trouble_is_green() -> None:
    assert [line.light for line in judging.door_lines([door(DoorState.LOCKED)])] == [GREEN]


def test_a_door_in_fault_is_red() -> None:
    assert [line.light for line in judging.door_lines([door(DoorState.FAULT)])] == [RED]


@pytest.mark.parametrize(
    ("doors", "unasked", "light"), [(None, "", AMBER), ((), "", GREEN), (None, "It does not answer.", RED)]
)
def test_a_service_that_hangs_is_worse_than_none(
    doors: tuple[DoorStatus, ...] | None, unasked: str, light: Light
) -> None:
    assert [line.light for line in judging.service_lines(doors, unasked)] == [light]


@pytest.mark.parametrize(
    ("lights", "light", "code"),
    [((), GREEN, 0), ((GREEN, AMBER), AMBER, 0), ((AMBER, RED, GREEN), RED, 15)],
)
def test_the_page_is_as_bad_as_its_worst_line(lights: tuple[Light, ...], light: Light, code: int) -> None:
    lines = [Line("clock", one, "so") for one in lights]
    assert (worst(lines), exit_code(lines)) == (light, code)
