"""From link.toml to the link's settings."""

from pathlib import Path
from typing import Any

import msgspec

from device.errors import ConfigError
from device.failures import in_words
from device.files import text_of
from device.link.settings.tables import LinkFile, LinkSettings
from device.settings.loading import explained
from device.settings.writing import without_passwords

DEFAULT_FILE = Path("/etc/lintel/link.toml")
_HINT = "`lintel link config --defaults` shows the table of settings."


def load_link(path: Path | None = None) -> LinkSettings:
    """The settings in a file; without one, in /etc/lintel/link.toml if that exists, else none.

    Raises `ConfigError` for a file that cannot be read, an unknown setting or a value out of range.
    """
    file = path or DEFAULT_FILE
    try:
        return link_settings_in(text_of(file.read_bytes()))
    except OSError as error:
        if path is None and isinstance(error, FileNotFoundError):
            return LinkSettings()
        raise ConfigError(f"Cannot read the settings file {file}: {in_words(error)}.", hint=_HINT) from None
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise ConfigError(f"The settings file {file} is wrong: {error}.", hint=_HINT) from None


def link_settings_in(text: str) -> LinkSettings:
    """The settings that TOML says. Raises `ValueError` with the place."""
    try:
        return msgspec.convert(msgspec.toml.decode(text), LinkFile).link
    except msgspec.ValidationError as error:
        raise ValueError(explained(str(error), LinkFile)) from None


def shown(settings: LinkSettings) -> dict[str, Any]:
    """The file's tables as they may be shown: what an address holds of secrets is hidden."""
    tables = without_passwords(msgspec.to_builtins(LinkFile(link=settings)))
    assert isinstance(tables, dict)
    return tables
