"""The table of settings as text: every setting has a meaning, and what is printed reads back."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given

from device.door.securing.relays import StatedDoor
from device.settings.areas import AreaSettings, CustodySettings
from device.settings.described import setting_choices, setting_meanings
from device.settings.operators import OperatorSettings
from device.settings.tables import (
    CameraSettings,
    DoorSettings,
    FormatSettings,
    InputSettings,
    OutputSettings,
    ReaderSettings,
    Settings,
    StoreSettings,
)
from device.settings.writing import changed_settings, toml_lines
from tests.device.settings.strategies import any_settings

HOUSE = Settings(doors=(DoorSettings(pin=22, active_high=False),), store=StoreSettings(state_dir="/srv/door"))
LISTED = {
    "doors": DoorSettings,
    "doors.custody": CustodySettings,
    "doors.readers": ReaderSettings,
    "doors.inputs": InputSettings,
    "doors.outputs": OutputSettings,
    "cameras": CameraSettings,
    "formats": FormatSettings,
    "operators": OperatorSettings,
    "areas": AreaSettings,
}


def names() -> Iterator[tuple[str, str]]:
    """Every setting, by group and name, out of the tables themselves."""
    single = {field.name: field.type for field in msgspec.structs.fields(Settings) if field.name not in LISTED}
    for group, table in (*LISTED.items(), *single.items()):
        fields = (field.name for field in msgspec.structs.fields(table))
        yield from ((group, name) for name in fields if f"{group}.{name}" not in LISTED)


NAMES = list(names())


@pytest.mark.parametrize("setting", NAMES, ids=".".join)
def test_setting_has_a_meaning(setting: tuple[str, str]) -> None:
    assert len(setting_meanings()[setting]) > 10


def test_nothing_but_settings_has_a_meaning() -> None:
    assert set(setting_meanings()) == set(NAMES)
    assert len(NAMES) > 50


def test_choices_are_those_of_the_table() -> None:
    assert setting_choices()["doors", "rex"] == ("release", "shunt")
    lamps = ("lamp", "turn-left", "turn-right", "duress")
    assert setting_choices()["doors.outputs", "signal"] == ("shunt", "led", "buzzer", "siren", *lamps)
    assert setting_choices()["doors", "pad"] == ("off", "passive", "turn-in-doubt", "turn")


def test_defaults_differ_in_nothing() -> None:
    assert changed_settings(Settings()) == {}


def test_changed_settings_are_what_differs() -> None:
    assert changed_settings(HOUSE) == {
        "doors": [{"pin": 22, "active_high": False}],
        "store": {"state_dir": "/srv/door"},
    }


@given(any_settings)
def test_changed_settings_are_enough_to_come_back(settings: Settings) -> None:
    assert msgspec.convert(changed_settings(settings), Settings) == settings


@given(any_settings)
def test_printed_settings_read_back_the_same(settings: Settings) -> None:
    printed = "\n".join(toml_lines(msgspec.to_builtins(settings)))
    assert msgspec.toml.decode(printed, type=Settings) == settings


@given(any_settings)
def test_printed_changes_read_back_the_same(settings: Settings) -> None:
    printed = "\n".join(toml_lines(changed_settings(settings)))
    assert msgspec.toml.decode(printed, type=Settings) == settings


def test_what_secures_a_door_knows_all_its_settings() -> None:
    """It reads the lock alone, and still refuses a name that no door has."""
    assert StatedDoor.__struct_fields__ == DoorSettings.__struct_fields__
