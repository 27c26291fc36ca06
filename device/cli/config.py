"""`lintel config`: the settings in force."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from device.cli.context import json_option, print_json, settings_of
from device.errors import ConfigError
from device.files import text_of
from device.terminal import put_toml

if TYPE_CHECKING:
    from device.settings.tables import Settings


@click.command(
    epilog="""\b
To replace a file in the old layout:
  lintel config --migrate > new.toml &&
  sudo install -m 644 new.toml /etc/lintel/lintel.toml

\b
Exit codes: 0 done, 3 the settings are wrong."""
)
@click.option("--changed", is_flag=True, help="Only what differs from the defaults.")
@click.option("--defaults", is_flag=True, help="The defaults, without a look at any settings file.")
@click.option("--migrate", is_flag=True, help="The settings file in the new layout, without its comments.")
@json_option
@click.pass_context
def config(context: click.Context, changed: bool, defaults: bool, migrate: bool, as_json: bool) -> None:
    """Show the settings in force, as TOML with their meaning: a file to start from.

    They come from --config FILE, the variable LINTEL_CONFIG, or /etc/lintel/lintel.toml; what a file leaves out keeps
    its default. Settings without a value are commented out. If the file is wrong, --defaults shows the table of
    settings all the same.

    A file in the old layout, from before [[doors]], works as before; --migrate prints it in the new one.

    The password or token in a camera's address is shown as ***, except by --migrate, which prints a file to install.
    """
    if sum((changed, defaults, migrate)) > 1:
        raise click.UsageError("Choose one of --changed, --defaults and --migrate.")
    if migrate:
        _migrate(context.find_root().obj[0], as_json=as_json)
        return
    import msgspec

    from device.settings.tables import Settings
    from device.settings.writing import changed_settings, without_passwords

    settings = Settings() if defaults else settings_of(context)
    notes = {} if changed or defaults else _notes(settings)
    shown = changed_settings(settings) if changed else msgspec.to_builtins(settings)
    _print(without_passwords(shown), notes, as_json=as_json)


def _notes(settings: "Settings") -> dict[str, str]:
    """What is in force where a setting is left out, and what is not stopped, by setting or by setting of a door."""
    from device.settings.prompts import pad_words

    pads = {
        f"doors.{door.name}.pad": words for door in settings.doors if (words := pad_words(door, settings.pad.network))
    }
    notes = {"state_dir": _in_force(settings), **pads}
    return {name: f"in force: {note}" for name, note in notes.items()}


def _in_force(settings: "Settings") -> str:
    """The state folder. Without a home there may be none, which is no reason not to show the settings."""
    from device.settings.loading import state_dir

    try:
        return str(state_dir(settings))
    except ConfigError as error:
        return f"none; {error.message}"


def _migrate(path: Path | None, *, as_json: bool) -> None:
    """A file of today's layout is printed as it stands. It is meant to be installed, so passwords stay in it."""
    from device.settings.loading import load_file
    from device.settings.lock import DEFAULT_FILE

    loaded, file = load_file(path), path or DEFAULT_FILE
    if not file.exists():
        raise ConfigError(f"There is no settings file {file}.", hint="Name one: lintel --config FILE config --migrate")
    if loaded.was_old or as_json:
        _print(loaded.said, {}, as_json=as_json)
    else:
        put_toml(text_of(file.read_bytes()))


def _print(groups: dict[str, Any], notes: dict[str, str], *, as_json: bool) -> None:
    from device.settings.writing import toml_lines

    if as_json:
        print_json(groups)
    else:
        put_toml("".join(f"{line}\n" for line in toml_lines(groups, notes)))
