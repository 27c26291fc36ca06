"""What commands share: the settings of this call, JSON for machines, and progress for people."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import click
import msgspec

from device.config import Settings, load_settings
from device.credentials import format_badge
from device.records import Badge, Credential, Reason

JSON_NAMES = {"credential": "badge"}
"""What a field is called in JSON, where that differs: one word for a badge in all output."""

largest_face_option = click.option(
    "--largest-face",
    is_flag=True,
    help="Of several faces take the largest, if it is 1.5 times as high as the next or more.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")


def settings_of(context: click.Context) -> Settings:
    """The settings file and options of this call. Raises `ConfigError`."""
    path, state_dir = context.find_root().obj
    settings = load_settings(path)
    if state_dir is None:
        return settings
    return msgspec.structs.replace(settings, store=msgspec.structs.replace(settings.store, state_dir=state_dir))


def print_json(value: object) -> None:
    """Prints records as JSON: badges in their written form, reasons by their code, times in ISO 8601."""
    click.echo(msgspec.json.format(msgspec.json.encode(plain(value)), indent=2).decode())


def print_json_line(value: object) -> None:
    """The same on a line of its own, for what comes one by one."""
    click.echo(msgspec.json.encode(plain(value)).decode())


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
