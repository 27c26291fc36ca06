"""What a user does who may not speak to the service: which group, by which command, and when that counts."""

import grp
import os
import pwd
from contextlib import suppress

from device.files import SERVICE_USER


def join_hint() -> str:
    """For the user of this process, by what the system's own tables say of them."""
    name = _name()
    if name in _members():
        return f"You are in the group {SERVICE_USER}, but not since this login began: log out and in again."
    return (
        f"Join the service's group: `sudo usermod -aG {SERVICE_USER} {name}`, then log out and in again. What you may "
        "do there is your role, `[[operators]]` in the settings (docs/operators.md)."
    )


def _name() -> str:
    with suppress(KeyError, OSError):
        return pwd.getpwuid(os.getuid()).pw_name
    return str(os.getuid())


def _members() -> tuple[str, ...]:
    with suppress(KeyError, OSError):
        return tuple(grp.getgrnam(SERVICE_USER).gr_mem)
    return ()
