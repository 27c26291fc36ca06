"""What no single setting can say: settings that are each right and do not fit together."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import available_timezones

from device.records import DoorInput
from device.settings import places
from device.settings.cameras import refuse_cameras
from device.settings.operators import refuse_operators
from device.settings.pins import refuse_shared_pins
from device.settings.prompts import refuse_pads
from device.settings.tables import ReaderSettings, Settings

LINE_KINDS = frozenset({"lines", "wedge", "socket"})
OF_LINES = ("layout", "form", "prefix", "suffix", "ignore")
"""What only readers of these kinds have."""
KEYPADS = {
    "wiegand": ("4-bit", "8-bit", "26-bit"),
    "osdp": ("keys", "26-bit"),
    "lines": ("keys",),
    "wedge": ("keys",),
    "socket": ("keys",),
}
"""How keys can come from each kind of reader; from the others none do."""


def refuse_contradictions(settings: Settings, *, screen: bool = False) -> None:
    """Raises `ValueError` with the place in the file, as `doors[0].readers[1].pin`. `screen`: as in simulation, each
    door has one.
    """
    vision, state = settings.vision, settings.store.state_dir
    if vision.min_brightness > vision.max_brightness:
        raise ValueError(
            f"no face is bright enough and dark enough, `vision.min_brightness` is {vision.min_brightness}, "
            f"above `vision.max_brightness`, {vision.max_brightness}"
        )
    for place, folder in (("store.state_dir", state), ("pad.models_dir", settings.pad.models_dir)):
        if folder and not Path(folder).is_absolute():
            raise ValueError(
                f"expected an absolute path, received {folder!r} - at `{place}`, "
                "as the service and your terminal stand in different folders"
            )
    _refuse_doors_without_readers(settings)
    _refuse_shared_names(settings)
    _refuse_wires_to_nowhere(settings)
    _refuse_unheard_housings(settings)
    refuse_shared_pins(settings)
    refuse_cameras(settings)
    _refuse_blind_interlock(settings)
    _refuse_what_no_line_has(settings)
    _refuse_unheard_keypads(settings)
    refuse_pads(settings, screen=screen)
    refuse_operators(settings.operators)
    _refuse_unknown_areas(settings)
    _refuse_open_doors(settings)


def _refuse_doors_without_readers(settings: Settings) -> None:
    for place, door in places.doors(settings):
        if not door.readers:
            raise ValueError(f"the door {door.name!r} has no reader, expected one or more at `{place}.readers`")


def _refuse_shared_names(settings: Settings) -> None:
    """Doors, readers, cameras and formats are called by their names. Raises `ValueError` for one that is used twice."""
    _refuse_twice("doors", ((f"{place}.name", door.name) for place, door in places.doors(settings)))
    _refuse_twice("readers", ((f"{place}.name", one.name) for place, _, one in places.readers(settings)))
    _refuse_twice("cameras", ((f"cameras[{number}].name", one.name) for number, one in enumerate(settings.cameras)))
    _refuse_twice("formats", ((f"formats[{number}].name", one.name) for number, one in enumerate(settings.formats)))
    _refuse_twice("areas", ((f"areas[{number}].name", one.name) for number, one in enumerate(settings.areas)))


def _refuse_twice(kind: str, names: Iterable[tuple[str, str]]) -> None:
    named = tuple(names)
    for name, count in Counter(name for _, name in named).items():
        if count > 1:
            where = " and ".join(f"`{place}`" for place, one in named if one == name)
            raise ValueError(f"{count} {kind} are called {name!r}, give each a `name` of its own - at {where}")


def _refuse_wires_to_nowhere(settings: Settings) -> None:
    for place, _, sensed in places.inputs(settings):
        if (sensed.pin is None) == (sensed.channel is None):
            raise ValueError(f"the input {sensed.signal} needs a `pin` or a `channel`, one of them - at `{place}`")


def _refuse_unheard_housings(settings: Settings) -> None:
    for place, door in places.doors(settings):
        if door.tamper == "forget-keys" and all(one.signal is not DoorInput.TAMPER for one in door.inputs):
            raise ValueError(
                f"the door {door.name!r} can't notice that its housing is opened, expected an input with "
                f'`signal = "tamper"` beside it - at `{place}.tamper`'
            )


def _refuse_what_no_line_has(settings: Settings) -> None:
    """Raises `ValueError` for a setting of lines at a reader that sends frames."""
    for place, _, reader in places.readers(settings):
        changed = [name for name in OF_LINES if getattr(reader, name) != getattr(ReaderSettings(), name)]
        if changed and reader.kind not in LINE_KINDS:
            raise ValueError(
                f"the reader {reader.name!r} is a {reader.kind}, which sends no lines, expected no `{changed[0]}` - "
                f"at `{place}.{changed[0]}`"
            )


def _refuse_unheard_keypads(settings: Settings) -> None:
    """Raises `ValueError` for a keypad that its kind of reader can't have."""
    for place, _, reader in places.readers(settings):
        if reader.keypad != "none" and reader.keypad not in KEYPADS.get(reader.kind, ()):
            known = ", ".join(f"`{name}`" for name in ("none", *KEYPADS.get(reader.kind, ())))
            raise ValueError(
                f"the reader {reader.name!r} is a {reader.kind}, whose keypad is one of {known}, received "
                f"{reader.keypad!r} - at `{place}.keypad`"
            )
        if reader.keypad_facility is not None and reader.keypad != "26-bit":
            raise ValueError(
                f'the reader {reader.name!r} has a `keypad_facility`, expected `keypad = "26-bit"` beside it - at '
                f"`{place}.keypad_facility`"
            )


def _refuse_blind_interlock(settings: Settings) -> None:
    """A mantrap's doors must know whether they are closed. Raises `ValueError`."""
    if not settings.access.interlock:
        return
    blind = [door.name for door in settings.doors if not any(wire.signal is DoorInput.DPS for wire in door.inputs)]
    if len(settings.doors) < 2 or blind:
        raise ValueError(
            "`access.interlock` needs two doors or more, each with an input `dps`, "
            + (f"and there is none at {', '.join(blind)}" if blind else "and there is one door")
        )


def _refuse_unknown_areas(settings: Settings) -> None:
    """Raises `ValueError` for a door to an area that has no table, one that leads nowhere, and an unknown zone."""
    known = {area.name for area in settings.areas}
    for place, door in places.doors(settings):
        for name in ("leads_from", "leads_to"):
            area = getattr(door, name)
            if area and area not in known:
                raise ValueError(f"there is no area {area!r}, expected one of [[areas]] - at `{place}.{name}`")
        if door.antipassback != "off" and door.leads_from == door.leads_to:
            raise ValueError(
                f"the door {door.name!r} has anti-passback and leads from one area to the same, "
                f"expected another one - at `{place}.leads_to`"
            )
    for number, one in enumerate(settings.areas):
        if one.zone and one.zone not in available_timezones():
            raise ValueError(
                f"there is no time zone {one.zone!r}, expected one as `Europe/Berlin` - at `areas[{number}].zone`"
            )


def _refuse_open_doors(settings: Settings) -> None:
    """Raises `ValueError` for a badge alone that was not accepted, and for a way out that is shut without another."""
    for place, door in places.doors(settings):
        for name in ("mode", "when_missing"):
            if getattr(door, name) == "badge" and not door.i_accept_badge_only:
                raise ValueError(
                    f"a found or copied badge would open the door {door.name!r} by itself, expected "
                    f"`i_accept_badge_only = true` if that is meant - at `{place}.{name}`"
                )
        if door.egress == "controlled" and door.free_exit is None:
            raise ValueError(
                f"the way out of the door {door.name!r} is controlled, expected `free_exit` to name the other one, "
                f'free at all times: "handle" or "button in the lock\'s supply" - at `{place}.free_exit`'
            )
        if door.egress == "free" and door.free_exit is not None:
            raise ValueError(
                f"the way out of the door {door.name!r} is free already, expected `free_exit` only with "
                f'`egress = "controlled"` - at `{place}.free_exit`'
            )
