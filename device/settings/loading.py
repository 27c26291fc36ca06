"""From a TOML file to settings that fit together, and where the state is that they name."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from device.errors import ConfigError
from device.failures import in_words
from device.files import text_of
from device.settings.contradictions import refuse_contradictions
from device.settings.lock import DEFAULT_FILE
from device.settings.old_layout import GROUPS, Said, in_old_words, is_old, rewritten
from device.settings.tables import Settings
from device.user_folders import own_state, unit_state

_NAME_FOLDER = "Name one, by its absolute path: `lintel --state-dir FOLDER ...`, or `state_dir` under [store]."
_HINT = "`lintel config --defaults` shows the table of settings."


class Loaded(NamedTuple):
    """Settings, what their file says in today's layout, and whether it has the layout before `[[doors]]`."""

    settings: Settings
    said: Said
    was_old: bool


def load_settings(path: Path | None = None, warn: Callable[[str], None] | None = None) -> Settings:
    """The settings in a TOML file; without one, those in /etc/lintel/lintel.toml if that exists, else the defaults.

    `warn` takes a sentence about a file of the layout before `[[doors]]`, which means what it meant.

    Raises `ConfigError` for a file that cannot be read, an unknown setting or a value out of range.
    """
    loaded = load_file(path)
    if loaded.was_old and warn is not None:
        where = "`lintel config --migrate` prints it in the new one"
        warn(old_layout_note(f"The settings file {path or DEFAULT_FILE}", where))
    return loaded.settings


def old_layout_note(what: str, where: str) -> str:
    """What to report about settings in the old layout, and where the new one is found."""
    return f"{what} uses the old layout, from before [[doors]]. It works as before; {where}."


def load_file(path: Path | None = None) -> Loaded:
    """The same with what the file says. Raises `ConfigError`."""
    file = path or DEFAULT_FILE
    try:
        return settings_in(msgspec.toml.decode(text_of(file.read_bytes())))
    except OSError as error:
        if path is None and isinstance(error, FileNotFoundError):
            return Loaded(Settings(), {}, was_old=False)
        raise ConfigError(f"Cannot read the settings file {file}: {in_words(error)}.", hint=_HINT) from None
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise ConfigError(f"The settings file {file} is wrong: {error}.", hint=_HINT) from None


def settings_in(said: Said, *, screen: bool = False) -> Loaded:
    """The settings that a table of TOML says, in either layout; `screen` is as in `refuse_contradictions`.

    Raises `ValueError` with the place in that table.
    """
    try:
        if not is_old(said):
            return Loaded(_checked(said, screen=screen), said, was_old=False)
        new = rewritten(said)
    except msgspec.ValidationError as error:
        raise ValueError(explained(str(error))) from None
    try:
        return Loaded(_checked(new.said, screen=screen), new.said, was_old=True)
    except ValueError as error:
        raise ValueError(in_old_words(explained(str(error)), new.places)) from None


def _checked(said: Said, *, screen: bool) -> Settings:
    settings = msgspec.convert(said, Settings)
    refuse_contradictions(settings, screen=screen)
    return settings


def explained(message: str, root: type[msgspec.Struct] = Settings) -> str:
    """msgspec's sentence, with the place as it stands in the file of that table, and what is accepted there."""
    from device.settings.described import list_groups, setting_choices, setting_refusals

    said, at, place = message.rpartition(" - at `$")
    if not at:
        return message
    place = place.strip("`.")
    whole = re.sub(r"\[\d+\]", "", place)
    group, _, name = whole.rpartition(".")
    group = GROUPS.get(group, group)
    if whole in list_groups(root) and said == "Expected `array`, got `object`":
        said = f"expected `[[{whole}]]`, in two brackets and above the tables that belong to it, received one table"
    if refusal := setting_refusals(root).get((group, name)):
        said = refusal
    elif choices := setting_choices(root).get((group, name)):
        said = f"{said}, expected one of {', '.join(choices)}"
    return f"{said} - at `{place}`" if place else said


def state_dir(settings: Settings) -> Path:
    """The folder of the database: the setting, else systemd's STATE_DIRECTORY, else the user's own state folder.

    Raises `ConfigError` if there is none.
    """
    if settings.store.state_dir:
        return Path(settings.store.state_dir)
    try:
        folder = unit_state() or own_state()
    except ValueError as error:
        raise ConfigError(f"No folder for the database: {error}.", hint=_NAME_FOLDER) from None
    if folder is None:
        raise ConfigError("No folder for the database: this user has no home folder.", hint=_NAME_FOLDER)
    return folder
