"""Turns answers into settings, and puts these in place: only what differs from the defaults, whole or not at all."""

from pathlib import Path
from typing import Any

import msgspec

from device.commissioning.setup.answers import NONE, Answers
from device.door.securing.evacuated import SERVICE_STATE
from device.errors import ConfigError
from device.failures import in_words
from device.files import write_whole
from device.records import DoorInput
from device.settings.loading import settings_in
from device.settings.operators import OperatorSettings
from device.settings.tables import DoorSettings, InputSettings, ReaderSettings, Settings
from device.settings.writing import changed_settings, toml_lines

KEPT = ".before-setup"
"""Behind the name of the settings file that was there before the last change."""


def applied(answers: Answers, settings: Settings, root: Path = Path("/")) -> Settings:
    """The settings with the answers in the first door, its first reader and the first camera; the rest stays.

    Where no store is named, it is the service's own, so that commands find its people. Raises `ConfigError` for answers
    that don't fit together.
    """
    said: dict[str, Any] = msgspec.to_builtins(_applied(answers, settings, root))
    try:
        return settings_in(said).settings
    except ValueError as error:
        raise ConfigError(
            f"These answers don't fit together: {error}.", hint="Run `lintel setup` again, and change one of them."
        ) from None


def _applied(answers: Answers, settings: Settings, root: Path) -> Settings:
    first, *others = settings.doors
    camera, *cameras = settings.cameras
    if answers.camera.source != NONE:
        camera = msgspec.structs.replace(camera, source=answers.camera.source)
    store = settings.store
    if not store.state_dir:
        store = msgspec.structs.replace(store, state_dir=str(root / SERVICE_STATE.relative_to("/")))
    return msgspec.structs.replace(
        settings,
        doors=(_door(answers, first), *others),
        cameras=(camera, *cameras),
        store=store,
        operators=_operators(answers, settings.operators),
    )


def _door(answers: Answers, door: DoorSettings) -> DoorSettings:
    relay, (reader, *others) = answers.relay, door.readers
    inputs = _with_input(door.inputs, DoorInput.REX, relay.exit_button_pin, active="closed")
    inputs = _with_input(inputs, DoorInput.DPS, relay.contact_pin, active="open")
    return msgspec.structs.replace(
        door,
        pin=relay.pin,
        active_high=door.active_high if relay.active_high is None else relay.active_high,
        fail_safe=relay.lock == "magnet",
        readers=(_reader(answers, reader), *others),
        inputs=inputs,
    )


def _reader(answers: Answers, reader: ReaderSettings) -> ReaderSettings:
    said = answers.reader
    changed = {"kind": said.kind, "source": said.source or "stdin"}
    if said.kind != reader.kind:  # what was set for another kind means nothing here
        reader = ReaderSettings(name=reader.name, direction=reader.direction, camera=reader.camera)
    is_wiegand = said.kind == "wiegand"
    pins = {"data0_pin": said.data0_pin, "data1_pin": said.data1_pin} if is_wiegand else {}
    return msgspec.structs.replace(reader, **changed, **pins)


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
