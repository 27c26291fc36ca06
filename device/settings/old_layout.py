"""Settings files of the layout before `[[doors]]`: recognized, and rewritten. Only `old_tables` knows that
layout's names as well, which is apart because what secures a door hurries.

It had `[door]`, `[reader]` and `[camera]` for the first of each, `[[more_doors]]` and `[[more_readers]]` for the
others, `[[inputs]]` and `[[outputs]]` for all doors, and `door = "NAME"` in each table that belongs to one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from device.settings.old_tables import OldInput, OldOutput, OldReader, OldSettings

Said = dict[str, Any]
"""A settings file as TOML has it."""

NEW_NAMES = ("doors", "cameras")
GROUPS = {
    "door": "doors",
    "more_doors": "doors",
    "reader": "doors.readers",
    "more_readers": "doors.readers",
    "camera": "cameras",
    "inputs": "doors.inputs",
    "outputs": "doors.outputs",
}
"""What each table is called in the new layout."""
DEFAULT_NAMES = {"door": "main", "reader": "reader", "camera": "main"}


class Rewritten(msgspec.Struct, frozen=True):
    """A file in the new layout, and by the place of each table in it the place that it had in the old one."""

    said: Said
    places: Mapping[str, str]


class _Part(msgspec.Struct, frozen=True):
    """A table of the old layout that belongs to a door: its place, what it says, and that with the defaults."""

    place: str
    said: Said
    meant: "OldReader | OldInput | OldOutput"


def is_old(said: Said) -> bool:
    """Whether a file has the old layout. Raises `ValueError` if it has tables of both."""
    old = [name for name in GROUPS if name in said]
    new = [name for name in NEW_NAMES if name in said]
    access = said.get("access")
    if isinstance(access, dict) and "max_frame_age_s" in access:
        new.append("access.max_frame_age_s")
    if old and new:
        raise ValueError(
            f"`{old[0]}` belongs to the old layout and `{new[0]}` to the new one, expected one layout per file - "
            f"move what `{old[0]}` says to the new layout, or remove `{new[0]}` and run `lintel config --migrate`"
        )
    return bool(old)


def doors_of(said: Said) -> Any:  # noqa: ANN401 - nothing is checked yet
    """The doors of a file in either layout, whatever else is in it. Raises `ValueError` if it has tables of both."""
    if not is_old(said):
        return said.get("doors", [{}])
    others = said.get("more_doors", [])
    return [said.get("door", {}), *(others if isinstance(others, list) else [others])]


def rewritten(said: Said) -> Rewritten:
    """A file of the old layout in the new one: what it left out is left out. Raises `ValueError` with the old place."""
    from device.settings.old_tables import OldSettings

    meant = msgspec.convert(said, OldSettings)
    doors = _numbered(said, "door", "more_doors")
    names = [door.name for door in (meant.door, *meant.more_doors)]
    places = {f"doors[{number}]": place for number, (place, _) in enumerate(doors)}
    readers = _parts(_numbered(said, "reader", "more_readers"), (meant.reader, *meant.more_readers))
    cameras, camera_names = _cameras(said, meant, readers, places)
    tables = [dict(table) for _, table in doors]
    for kind, parts in (
        ("readers", [_with_camera(part, camera_names) for part in readers]),
        ("inputs", _parts(_listed(said, "inputs"), meant.inputs)),
        ("outputs", _parts(_listed(said, "outputs"), meant.outputs)),
    ):
        _place(kind, parts, names, tables, places)
    for name, table in zip(names, tables, strict=True):
        if "readers" not in table and names.count(name) == 1:  # doors of one name are refused later
            raise ValueError(f"the door {name!r} has no reader - give it one with `door` under [[more_readers]]")
    if tables[0].get("readers") == [{}]:
        del tables[0]["readers"]
    rest = {group: table for group, table in said.items() if group not in GROUPS}
    if "max_age_s" in said.get("camera", {}):
        rest["access"] = {**rest.get("access", {}), "max_frame_age_s": said["camera"]["max_age_s"]}
    return Rewritten({"doors": tables, **({"cameras": cameras} if cameras != [{}] else {}), **rest}, places)


def in_old_words(message: str, places: Mapping[str, str]) -> str:
    """A sentence about the rewritten file with the places that the file had before."""

    def old(found: re.Match[str]) -> str:
        for new in sorted(places, key=len, reverse=True):
            rest = found[1].removeprefix(new)
            if rest != found[1] and rest[:1] in ("", ".", "["):
                return f"`{places[new]}{rest}`"
        return found[0]

    return re.sub(r"`([^`]+)`", old, message)


def _numbered(said: Said, first: str, others: str) -> list[tuple[str, Said]]:
    """The first table, there or not, and the others, each with its place. Where there are others it says its name."""
    alone, more = said.get(first, {}), _listed(said, others)
    return [(first, {"name": DEFAULT_NAMES[first], **alone} if more else alone), *more]


def _listed(said: Said, name: str) -> list[tuple[str, Said]]:
    return [(f"{name}[{number}]", table) for number, table in enumerate(said.get(name, ()))]


def _parts(found: Sequence[tuple[str, Said]], meant: "Sequence[OldReader | OldInput | OldOutput]") -> list[_Part]:
    return [_Part(place, table, one) for (place, table), one in zip(found, meant, strict=True)]


def _place(kind: str, parts: Sequence[_Part], names: list[str], tables: list[Said], places: dict[str, str]) -> None:
    """Puts each part below its door."""
    for part in parts:
        if part.meant.door not in names:
            known = ", ".join(names)
            raise ValueError(f"there is no door {part.meant.door!r}, but {known} - at `{part.place}.door`")
        number = names.index(part.meant.door)
        there = tables[number].setdefault(kind, [])
        places[f"doors[{number}].{kind}[{len(there)}]"] = part.place
        there.append({name: value for name, value in part.said.items() if name != "door"})


def _cameras(
    said: Said, meant: "OldSettings", readers: Sequence[_Part], places: dict[str, str]
) -> tuple[list[Said], dict[str, str]]:
    """A table for each camera, `[camera]` first, and the names of those at readers, by the readers' places."""
    from device.settings.cameras import camera_path

    first = {name: value for name, value in said.get("camera", {}).items() if name != "max_age_s"}
    cameras, names = [first], {camera_path(meant.camera.source): DEFAULT_NAMES["camera"]}
    places["cameras[0]"] = "camera"
    at_readers: dict[str, str] = {}
    for part, source in _sources(readers):
        path = camera_path(source)
        if names.get(path) == DEFAULT_NAMES["camera"] and source != meant.camera.source:
            first["source"] = source  # a link of udev, which stays with the camera when its number changes
            places["cameras[0].source"] = f"{part.place}.camera"
        if path not in names:
            names[path] = f"camera-{len(cameras) + 1}"
            places[f"cameras[{len(cameras)}].source"] = f"{part.place}.camera"
            size = {name: first[name] for name in ("width", "height") if name in first}
            cameras.append({"name": names[path], "source": source, **size})
        at_readers[part.place] = names[path]
    if len(cameras) > 1:
        cameras[0] = {"name": DEFAULT_NAMES["camera"], **first}
    return cameras, at_readers


def _sources(readers: Sequence[_Part]) -> Iterator[tuple[_Part, str]]:
    """The cameras at readers; those at the way out were never looked through."""
    from device.settings.old_tables import OldReader

    for part in readers:
        if isinstance(part.meant, OldReader) and part.meant.camera and part.meant.direction == "entry":
            yield part, part.meant.camera


def _with_camera(part: _Part, names: Mapping[str, str]) -> _Part:
    said = {name: value for name, value in part.said.items() if name != "camera"}
    name = names.get(part.place, DEFAULT_NAMES["camera"])
    return msgspec.structs.replace(part, said=said if name == DEFAULT_NAMES["camera"] else {**said, "camera": name})
