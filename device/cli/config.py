"""`lintel config`: the settings in force."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import click

from device.cli.context import json_option, print_json, settings_of


@click.command(epilog="Exit codes: 0 done, 3 the settings are wrong.")
@click.option("--changed", is_flag=True, help="Only what differs from the defaults.")
@click.option("--defaults", is_flag=True, help="The defaults, without a look at any settings file.")
@json_option
@click.pass_context
def config(context: click.Context, changed: bool, defaults: bool, as_json: bool) -> None:
    """Show the settings in force, as TOML with their meaning: a file to start from.

    They come from --config FILE, the variable LINTEL_CONFIG, or /etc/lintel/lintel.toml; what a file leaves out keeps
    its default. Settings without a value are commented out. If the file is wrong, --defaults shows the table of
    settings all the same.
    """
    import msgspec

    from device.config import Settings, changed_settings, state_dir

    settings = Settings() if defaults else settings_of(context)
    groups = changed_settings(settings) if changed else msgspec.to_builtins(settings)
    if as_json:
        print_json(groups)
        return
    notes = {} if changed or defaults else {"state_dir": f"in force: {state_dir(settings)}"}
    click.echo("\n".join(toml_lines(groups, notes)))


def toml_lines(groups: dict[str, Any], notes: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """The settings as TOML, each with its meaning, and a line before those that `notes` has something to say of.

    Of a list there is a table for each; of an empty one, a table that is commented out.
    """
    from device.settings_table import setting_defaults

    defaults = setting_defaults()
    for group, values in groups.items():
        listed = isinstance(values, list | tuple)
        for table in values if listed else (values,):
            yield f"[[{group}]]" if listed else f"[{group}]"
            yield from _table_lines(group, table, notes)
            yield ""
        if listed and not values:
            yield f"# [[{group}]]"
            unset = {name: default for (of, name), default in defaults.items() if of == group}
            yield from (f"# {line.removeprefix('# ')}" for line in _table_lines(group, unset, {}))
            yield ""


def _table_lines(group: str, table: dict[str, Any], notes: Mapping[str, str]) -> Iterator[str]:
    """TOML has no word for what has no value: that is commented out."""
    import msgspec

    from device.settings_table import setting_choices, setting_meanings

    meanings, choices = setting_meanings(), setting_choices()
    for name, value in table.items():
        meaning, names = meanings[group, name], choices[group, name]
        if any(one not in meaning for one in names):
            meaning += f": {', '.join(names)}"
        if name in notes:
            yield f"# {notes[name]}"
        if value is None:
            yield f"# {name} =  # {meaning}"
        elif value is msgspec.NODEFAULT:
            yield f"# {name} =  # {meaning}; has to be set"
        else:
            yield f"{name} = {msgspec.json.encode(value).decode()}  # {meaning}"
