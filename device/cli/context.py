"""What commands share: the settings of this call, JSON for machines, and progress for people."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from device.cli.acting import ACTING
from device.credentials import format_badge
from device.records import Badge, Credential, Reason
from device.settings.loading import load_settings, state_dir
from device.settings.tables import Settings
from device.terminal import put_json, say
from device.user_folders import ignored_variables

if TYPE_CHECKING:
    from device.store.store import Store

SERVICE_STATE = Path("/var/lib/lintel")
"""`StateDirectory=` of the unit."""
JSON_NAMES = {"credential": "badge"}
"""What a field is called in JSON, where that differs: one word for a badge in all output."""

largest_face_option = click.option(
    "--largest-face",
    is_flag=True,
    help="If there are several faces, take the largest, provided it is at least 1.5 times as high as the next.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")


def settings_of(context: click.Context) -> Settings:
    """The settings file and options of this call. Raises `ConfigError`."""
    path, state_dir = context.find_root().obj
    settings = load_settings(path, note_once(context))
    if state_dir is None:
        return settings
    return msgspec.structs.replace(settings, store=msgspec.structs.replace(settings.store, state_dir=state_dir))


def note_once(context: click.Context) -> Callable[[str], None]:
    """Prints a note on standard error, each once in a call."""
    noted: set[str] = context.find_root().meta.setdefault("lintel.noted", set())

    def note(sentence: str) -> None:
        if sentence not in noted:
            noted.add(sentence)
            say(f"Note: {sentence}", err=True)

    return note


@contextmanager
def open_store(settings: Settings) -> Iterator["Store"]:
    """The store that this call works on, named on standard error if it isn't the service's. Raises `StoreError`."""
    from device.own_store import open_store as opened

    note_store(settings)
    with opened(settings) as store, store.acting(ACTING.by):
        yield store


def note_store(settings: Settings) -> None:
    """Names the store that a call uses by default, if the service's is here and is another one."""
    folder = state_dir(settings)
    is_named = settings.store.state_dir or os.environ.get("STATE_DIRECTORY")
    for name in () if is_named else ignored_variables():
        say(f"Note: {name} is ignored, as {os.environ[name]!r} is not an absolute path.", err=True)
    if not is_named and folder != SERVICE_STATE and SERVICE_STATE.is_dir():
        say(
            f"Note: using the store in {folder}, not the service's. For that one: --state-dir {SERVICE_STATE}", err=True
        )


def print_json(value: object) -> None:
    """Prints records as JSON: badges in their written form, reasons by their code, times in ISO 8601."""
    put_json(msgspec.json.format(msgspec.json.encode(plain(value)), indent=2).decode())


def print_json_line(value: object) -> None:
    """The same on a line of its own, for what comes one by one."""
    put_json(msgspec.json.encode(plain(value)).decode())


def plain(value: object) -> Any:  # noqa: ANN401 - JSON is of any type
    """Records as dicts, lists and plain values."""
    match value:
        case Credential():
            return format_badge(value)
        case Reason():
            return value.code
        case Badge():
            return {**_fields(value), "state": value.state}
        case datetime():
            return value.isoformat()
        case Enum():
            return value.value
        case tuple() | list():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
    return _fields(value) if is_dataclass(value) and not isinstance(value, type) else value


def _fields(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    return {
        JSON_NAMES.get(field.name, field.name): plain(getattr(record, field.name))
        for field in fields(record)
        if field.repr
    }
