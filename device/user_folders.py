"""Folders of a user or a unit: where state is kept if no setting says so. Loaded also by what secures a door.

The XDG Base Directory Specification has relative values ignored. `~` is for shells to replace: in a variable it is a
relative path like any other.
"""

import os
import pwd
from pathlib import Path

FOLDER = "lintel"


def unit_state() -> Path | None:
    """The state folder that systemd gives the unit, the first if there are several; None outside a unit.

    Raises `ValueError` if the variable isn't what systemd sets: taken as it stands, it would be another folder for
    each working directory.
    """
    named = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if not named:
        return None
    if not Path(named).is_absolute():
        raise ValueError(f"the variable STATE_DIRECTORY is {named!r}, expected an absolute path")
    return Path(named)


def own_state() -> Path | None:
    """The user's own state folder of Lintel; None if the user has no home."""
    return _below("XDG_STATE_HOME", ".local/state")


def own_cache() -> Path | None:
    """The user's own cache folder of Lintel; None if the user has no home."""
    return _below("XDG_CACHE_HOME", ".cache")


def home() -> Path | None:
    """The user's home: HOME, or where it is unset or relative, what the system's list of users says; or None."""
    said = os.environ.get("HOME", "")
    if not Path(said).is_absolute():
        try:
            said = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return None
    return Path(said) if Path(said).is_absolute() else None


def expanded(path: str) -> Path:
    """The absolute path that a user means who types `path`: `~` and `~name` are homes. Raises `ValueError`."""
    if not path.startswith("~"):
        return Path(path).absolute()
    user, _, below = path[1:].partition("/")
    try:
        own = Path(pwd.getpwnam(user).pw_dir) if user else home()
    except KeyError:
        own = None
    if own is None:
        raise ValueError(f"there is no home folder {path.partition('/')[0]!r}, received {path!r}")
    return own / below


def ignored_variables() -> tuple[str, ...]:
    """The variables among those above whose value isn't an absolute path, so that it is ignored."""
    names = ("XDG_STATE_HOME", "HOME")
    return tuple(name for name in names if (said := os.environ.get(name)) and not Path(said).is_absolute())


def _below(variable: str, place: str) -> Path | None:
    named = os.environ.get(variable, "")
    if Path(named).is_absolute():
        return Path(named) / FOLDER
    return None if (own := home()) is None else own / place / FOLDER
