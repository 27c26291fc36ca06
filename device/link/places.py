"""Where the link keeps its files."""

import os
from pathlib import Path

from device.errors import ConfigError
from device.link.process import Folders
from device.link.settings.tables import LinkSettings
from device.user_folders import own_state, unit_state

RUNTIME_DIR = Path("/run/lintel-link")
"""`RuntimeDirectory=` of the unit."""


def folders_of(settings: LinkSettings) -> Folders:
    """Those of the settings, else the unit's, else the user's own. Raises `ConfigError` without any."""
    if settings.state_dir:
        return Folders(Path(settings.state_dir), Path(settings.state_dir))
    own = own_state()
    try:
        state = unit_state() or (own / "link" if own else None)
    except ValueError as error:
        raise ConfigError(f"No folder for the cursors: {error}.", hint="Set state_dir under [link].") from None
    if state is None:
        raise ConfigError("No folder for the cursors.", hint="Set state_dir under [link].")
    return Folders(state, _runtime(state))


def _runtime(state: Path) -> Path:
    """The unit's, also for those who ask how the link is."""
    named = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if named.startswith("/"):
        return Path(named)
    return RUNTIME_DIR if RUNTIME_DIR.is_dir() else state
