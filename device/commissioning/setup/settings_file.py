"""Turns answers into settings, and puts these in place: only what differs from the defaults, whole or not at all."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from device.commissioning.setup.answers import NONE, Answers, CameraAnswers, DoorAnswers, PortAnswers
from device.commissioning.setup.answers_file import entry_reader, exit_reader
from device.door.securing.evacuated import SERVICE_STATE
from device.errors import ConfigError
from device.failures import in_words
from device.files import write_whole
from device.records import DoorInput
from device.settings.cameras import camera_path
from device.settings.loading import settings_in
from device.settings.operators import OperatorSettings
from device.settings.tables import CameraSettings, DoorSettings, InputSettings, ReaderSettings, Settings
from device.settings.writing import changed_settings, toml_lines

KEPT = ".before-setup"
"""Behind the name of the settings file that was there before the last change."""


def applied(answers: Answers, settings: Settings, root: Path = Path("/")) -> Settings:
    """The settings with the answers in the doors of their names; the rest stays, and other doors are new.

    Where no store is named, it is the service's own, so that commands find its people. Raises `ConfigError` for answers
    that don't fit together.
    """
    try:
        refuse_taken_twice(answers)
        said: dict[str, Any] = msgspec.to_builtins(_applied(answers, settings, root))
        return settings_in(said).settings
    except ValueError as error:
        raise ConfigError(
            f"These answers don't fit together: {error}.", hint="Run `lintel setup` again, and change one of them."
        ) from None


def _applied(answers: Answers, settings: Settings, root: Path) -> Settings:
    store = settings.store
    if not store.state_dir:
        store = msgspec.structs.replace(store, state_dir=str(root / SERVICE_STATE.relative_to("/")))
    settings = msgspec.structs.replace(settings, store=store, operators=_operators(answers, settings.operators))
    for number, said in enumerate(answers.doors):
        if number == 0 and settings.doors == Settings().doors:  # no door was set up yet
            settings = msgspec.structs.replace(
                settings, doors=(msgspec.structs.replace(settings.doors[0], name=said.name),)
            )
        settings = _with_door(said, settings)
    return settings


def _with_door(said: DoorAnswers, settings: Settings) -> Settings:
    known = {door.name: door for door in settings.doors}
    before = known.get(said.name) or _new_door(said.name)
    door = _door(said, before)
    doors = tuple(door if one is before else one for one in settings.doors)
    return msgspec.structs.replace(
        settings,
        doors=doors if said.name in known else (*doors, door),
        cameras=_cameras(said.camera, entry_reader(door).camera or door.camera, settings.cameras),
    )


def _new_door(name: str) -> DoorSettings:
    """One that brings its own reader and camera."""
    return DoorSettings(name=name, camera=name, readers=(ReaderSettings(name=_reader_name(name, "in")),))


def _reader_name(door: str, side: str) -> str:
    return f"{door[:28]}-{side}"


def _cameras(said: CameraAnswers, name: str, known: tuple[CameraSettings, ...]) -> tuple[CameraSettings, ...]:
    """Where there is none yet, the door has the number of one that may come."""
    there = next((one for one in known if one.name == name), None)
    if there is not None and said.source in (NONE, there.source):
        return known
    source = said.source
    if source == NONE:
        taken = {camera_path(one.source) for one in known}
        source = next(str(number) for number in range(len(taken) + 1) if camera_path(str(number)) not in taken)
    if there is None:
        return (*known, CameraSettings(name=name, source=source))
    return tuple(msgspec.structs.replace(one, source=source) if one is there else one for one in known)


def _door(said: DoorAnswers, door: DoorSettings) -> DoorSettings:
    relay = said.relay
    inputs = _with_input(door.inputs, DoorInput.REX, relay.exit_button_pin, active="closed")
    inputs = _with_input(inputs, DoorInput.DPS, relay.contact_pin, active="open")
    return msgspec.structs.replace(
        door,
        pin=relay.pin,
        active_high=door.active_high if relay.active_high is None else relay.active_high,
        fail_safe=relay.lock == "magnet",
        readers=tuple(_readers(said, door)),
        inputs=inputs,
    )


def _readers(said: DoorAnswers, door: DoorSettings) -> Iterator[ReaderSettings]:
    enters, leaves = entry_reader(door), exit_reader(door)
    for reader in door.readers:
        if reader is enters:
            yield _reader(said.reader, reader)
        elif reader is not leaves:
            yield reader
        elif said.exit_reader.kind != NONE:
            yield _reader(said.exit_reader, reader)
    if leaves is None and said.exit_reader.kind != NONE:
        yield _reader(said.exit_reader, ReaderSettings(name=_reader_name(door.name, "out"), direction="exit"))


def _reader(said: PortAnswers, reader: ReaderSettings) -> ReaderSettings:
    changed = {"kind": said.kind, "source": said.source or "stdin", "address": said.address}
    if said.kind != reader.kind:  # what was set for another kind means nothing here
        reader = ReaderSettings(name=reader.name, direction=reader.direction, camera=reader.camera)
    is_wiegand = said.kind == "wiegand"
    pins = {"data0_pin": said.data0_pin, "data1_pin": said.data1_pin} if is_wiegand else {}
    return msgspec.structs.replace(reader, **changed, **pins)


def refuse_taken_twice(answers: Answers) -> None:
    """Raises `ValueError` for a camera, a port or an address on a line that two answers name."""
    taken: dict[object, str] = {}
    for door in answers.doors:
        named = f"of door {door.name}"
        _take(taken, _camera_key(door.camera), f"the camera {named}", door.camera.source)
        _take(taken, _port_key(door.reader), f"the reader {named}", door.reader.source)
        _take(taken, _port_key(door.exit_reader), f"the exit reader {named}", door.exit_reader.source)


def sources_of(answers: Answers) -> Iterator[str]:
    """The cameras and ports that are taken. A line of `osdp` readers has room for more."""
    for door in answers.doors:
        yield from (door.camera.source,) if door.camera.source != NONE else ()
        yield from (one.source for one in (door.reader, door.exit_reader) if one.kind not in (NONE, "osdp"))


def _take(taken: dict[object, str], key: object, what: str, source: str) -> None:
    if key is None:
        return
    if key in taken:
        raise ValueError(f"{source} is taken twice, as {taken[key]} and as {what}")
    taken[key] = what


def _camera_key(said: CameraAnswers) -> object:
    return None if said.source == NONE else camera_path(said.source)


def _port_key(said: PortAnswers) -> object:
    """Readers share a line only if each has an address of its own."""
    if said.kind in (NONE, "wiegand") or said.source in ("", "stdin"):
        return None
    return os.path.realpath(said.source), said.address if said.kind == "osdp" else None


def _with_input(
    inputs: tuple[InputSettings, ...], signal: DoorInput, pin: int | None, *, active: str
) -> tuple[InputSettings, ...]:
    """One at a converter's channel stays, as no pin is asked for."""
    there = next((one for one in inputs if one.signal is signal), None)
    if there is not None and (there.channel is not None or there.pin == pin):
        return inputs
    if pin is None:
        return tuple(one for one in inputs if one is not there)
    if there is not None:
        return tuple(msgspec.structs.replace(one, pin=pin) if one is there else one for one in inputs)
    return (*inputs, msgspec.convert({"signal": signal, "pin": pin, "active": active}, InputSettings))


def _operators(answers: Answers, known: tuple[OperatorSettings, ...]) -> tuple[OperatorSettings, ...]:
    login, role = answers.operator.login, answers.operator.role
    if not login or any((one.login, one.role) == (login, role) for one in known):
        return known
    return (*known, OperatorSettings(login=login, role=role))


def text_of_settings(settings: Settings) -> str:
    """Only what differs from the defaults, with the meaning of each."""
    head = "# Written by `lintel setup`. `lintel config --defaults` shows every setting there is."
    return "\n".join((head, "", *toml_lines(_by_group(changed_settings(settings)))))


def _by_group(changed: dict[str, Any]) -> dict[str, Any]:
    return {name: table for name, table in changed.items() if table not in ({}, [])}


def put_in_place(path: Path, settings: Settings) -> bool:
    """Writes the settings file, keeps the one before beside it, and says whether anything changed.

    What is written is read again by the settings' own loader before it counts. Raises `ConfigError`.
    """
    text = text_of_settings(settings)
    if settings_in(msgspec.toml.decode(text)).settings != settings:
        raise ConfigError("The settings read back differ from those that were meant.", hint="Report this.")
    try:
        before = path.read_bytes() if path.exists() else None
        if before is not None and settings_in(msgspec.toml.decode(before)).settings == settings:
            return False
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if before is not None:
            write_whole(path.with_name(path.name + KEPT), before, durable=True, mode=0o644)
        write_whole(path, text.encode(), durable=True, mode=0o644)
    except OSError as error:
        raise ConfigError(
            f"Cannot write the settings file {path}: {in_words(error)}.", hint="Run it with sudo: `sudo lintel setup`."
        ) from None
    return True
