"""`lintel config`: the settings in force."""

from collections.abc import Iterator
from typing import Any

import click

from device.cli.context import json_option, print_json, settings_of


@click.command(epilog="Exit codes: 0 done, 3 the settings are wrong.")
@click.option("--changed", is_flag=True, help="Only what differs from the defaults.")
@json_option
@click.pass_context
def config(context: click.Context, changed: bool, as_json: bool) -> None:
    """Show the settings in force, as TOML with their meaning: a file to start from.

    They come from --config FILE, the variable LINTEL_CONFIG, or /etc/lintel/lintel.toml; what a file leaves out keeps
    its
    default.
    """
    import msgspec

    from device.config import changed_settings

    settings = settings_of(context)
    groups = changed_settings(settings) if changed else msgspec.to_builtins(settings)
    if as_json:
        print_json(groups)
    else:
        click.echo("\n".join(toml_lines(groups)))


def toml_lines(groups: dict[str, Any]) -> Iterator[str]:
    """The settings as TOML, each with its meaning; of a list, a table for each."""
    for group, values in groups.items():
        listed = isinstance(values, list | tuple)
        for table in values if listed else (values,):
            yield f"[[{group}]]" if listed else f"[{group}]"
            yield from _table_lines(group, table)
            yield ""


def _table_lines(group: str, table: dict[str, Any]) -> Iterator[str]:
    import msgspec

    from device.config import setting_meanings

    meanings = setting_meanings()
    for name, value in table.items():
        if value is not None:  # TOML has no word for it
            yield f"{name} = {msgspec.json.encode(value).decode()}  # {meanings[group, name]}"
