"""Settings in the layout before `[[doors]]`: files of that time, any valid file, and what such a file meant."""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from device.records import DoorInput
from device.settings.cameras import camera_path
from device.settings.contradictions import KEYPADS
from device.settings.lock import lock_of
from device.settings.old_tables import OldSettings
from device.settings.tables import Settings
from tests.device.settings.strategies import setting_strategy

Said = dict[str, Any]


class OldFile(NamedTuple):
    """A file that stood in the documents or the tests, and the same in today's layout."""

    where: str
    old: str
    new: str


def old_files() -> list[OldFile]:
    """Those of 2026-11-30, the last day of that layout."""
    said = tomllib.loads((Path(__file__).parent / "old_files.toml").read_text(encoding="utf-8"))
    return [OldFile(**one) for one in said["file"]]


def meaning_of_old(old: OldSettings) -> Said:
    """What a file of that layout did, in that layout's own terms: who is where, and sees through which device."""
    return {
        "doors": [msgspec.to_builtins(door) for door in (old.door, *old.more_doors)],
        "readers": {
            one.name: {
                **_without(one, "camera"),
                "camera": str(camera_path(one.camera or old.camera.source)) if one.direction == "entry" else None,
            }
            for one in (old.reader, *old.more_readers)
        },
        "inputs": sorted((one.door, str(one.signal), repr(_without(one, "door"))) for one in old.inputs),
        "outputs": sorted((one.door, str(one.signal), repr(_without(one, "door"))) for one in old.outputs),
        "enrolls": (str(camera_path(old.camera.source)), old.camera.width, old.camera.height),
        "max_age_s": old.camera.max_age_s,
        "rest": [old.vision, old.store, old.gpio, old.formats, old.access.interlock, old.access.probes],
    }


def meaning(settings: Settings) -> Said:
    """The same of settings in today's layout."""
    readers = {
        reader.name: {
            **_without(reader, "camera"),
            "door": door.name,
            "camera": str(camera_path(settings.camera_at(door, reader).source))
            if reader.direction == "entry"
            else None,
        }
        for door in settings.doors
        for reader in door.readers
    }
    first = settings.cameras[0]
    return {
        "doors": [msgspec.to_builtins(lock_of(door)) for door in settings.doors],
        "readers": readers,
        "inputs": sorted(
            (door.name, str(one.signal), repr(_without(one))) for door in settings.doors for one in door.inputs
        ),
        "outputs": sorted(
            (door.name, str(one.signal), repr(_without(one))) for door in settings.doors for one in door.outputs
        ),
        "enrolls": (str(camera_path(first.source)), first.width, first.height),
        "max_age_s": settings.access.max_frame_age_s,
        "rest": [
            settings.vision,
            settings.store,
            settings.gpio,
            settings.formats,
            settings.access.interlock,
            settings.access.probes,
        ],
    }


def _without(table: msgspec.Struct, *names: str) -> Said:
    return {name: value for name, value in msgspec.to_builtins(table).items() if name not in names}


SOURCES = ("0", "2", "/dev/video4", "/dev/v4l/by-path/front", "clips/a.mp4", "/dev/video9")
NAMES = ("main", "back", "side")
_PINS_OF_READERS = ("data0_pin", "data1_pin", "led_pin", "buzzer_pin")
OF_FEW = ("layout", "form", "prefix", "suffix", "ignore", "turn_left", "turn_right", "keypad", "keypad_facility")
"""Settings of a later time, which not every kind of reader has."""
SIGNALS = {
    "inputs": [signal.value for signal in DoorInput],
    "outputs": ["shunt", "led", "buzzer", "siren", "lamp"],
}
"""Of outputs those of that time."""


@st.composite
def valid_old_files(draw: st.DrawFn) -> Said:
    """Any file of that layout that was valid: each table says some of its settings, no two wires share a pin."""
    pins = draw(st.permutations([pin for pin in range(28) if not 7 <= pin <= 11]))
    channels = draw(st.permutations(range(8)))
    doors = [{"name": name, **draw(some("door", "name", "pin")), "pin": pins.pop()} for name in draw(door_names)]
    readers = [draw(reader_of(str(door["name"]), number, pins)) for number, door in enumerate(doors)]
    if draw(st.booleans()):
        readers.append({"name": "more", "door": doors[-1]["name"], "direction": "exit", "camera": "/dev/video7"})
    said: Said = {
        "door": doors[0],
        "more_doors": doors[1:],
        "reader": readers[0],
        "more_readers": readers[1:],
        "camera": {**draw(some("camera", "source")), "source": SOURCES[0]},
    }
    for kind in ("inputs", "outputs"):
        said[kind] = [
            {
                **draw(some(kind, "door", "pin", "channel", "signal")),
                "door": draw(st.sampled_from(doors))["name"],
                "pin": pins.pop(),
                "signal": draw(st.sampled_from(SIGNALS[kind])),
            }
            for _ in range(draw(st.integers(0, 3)))
        ]
    if said["inputs"] and draw(st.booleans()):
        del said["inputs"][0]["pin"]
        said["inputs"][0]["channel"] = channels[0]
    said |= {group: draw(some(group, "state_dir", "min_brightness", "max_brightness")) for group in ("vision", "gpio")}
    return {name: table for name, table in said.items() if table or draw(st.booleans())}


door_names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)


@st.composite
def reader_of(draw: st.DrawFn, door: str, number: int, pins: list[int]) -> Said:
    """A reader at the way in of a door, with a camera of its own but at the first door."""
    said = {**draw(some("reader", "name", "door", "camera", "direction", *_PINS_OF_READERS, *OF_FEW))}
    said |= {"name": f"reader-{number}", "door": door}
    if number or draw(st.booleans()):
        said["camera"] = SOURCES[number]
    if draw(st.booleans()):
        said |= {"data0_pin": pins.pop(), "data1_pin": pins.pop()}
    if keypads := KEYPADS.get(said.get("kind", "lines")):
        said["keypad"] = draw(st.sampled_from(("none", *keypads)))
    if said.get("keypad") == "26-bit" and draw(st.booleans()):
        said["keypad_facility"] = draw(st.integers(0, 255))
    return said


def some(group: str, *left_out: str) -> st.SearchStrategy[Said]:
    """Some of the settings of a table of that layout, each within its limits; those that have to be said, always."""
    (field,) = (one for one in _fields(msgspec.inspect.type_info(OldSettings)) if one.name == group)
    kind = field.type.item_type if isinstance(field.type, msgspec.inspect.VarTupleType) else field.type
    settings = [one for one in _fields(kind) if one.name not in left_out]
    required = {one.name: said_values(one.type) for one in settings if one.required}
    optional = {one.name: said_values(one.type) for one in settings if not one.required}
    return st.fixed_dictionaries(required, optional=optional)


def said_values(kind: msgspec.inspect.Type) -> st.SearchStrategy[Any]:
    """What a file can say of a setting: TOML has no word for no value."""
    return setting_strategy(kind).filter(lambda value: value is not None).map(msgspec.to_builtins)


def _fields(kind: msgspec.inspect.Type) -> tuple[msgspec.inspect.Field, ...]:
    assert isinstance(kind, msgspec.inspect.StructType)
    return kind.fields
