"""`lintel restore`: a store out of a backup."""

import sys
from pathlib import Path

import click

from device.cli.context import json_option, print_json, settings_of
from device.cli.secrets import identity_option, passphrase_option, secret_of
from device.commandline import FilePath
from device.terminal import say

_EXIT_CODES = "Exit codes: 0 done, 7 the service is running, 8 database or backup."


@click.command(epilog=_EXIT_CODES)
@click.argument("file", type=FilePath())
@passphrase_option
@identity_option
@click.option(
    "--revocations",
    "line",
    default="",
    help="The line of `lintel backup revocations`, or - to read it from standard input.",
)
@click.option("--without-revocations", is_flag=True, help="Suspend every badge instead of asking for the list.")
@click.option("--replace", is_flag=True, help="Put it in the place of the store that is there, which is deleted.")
@json_option
@click.pass_context
def restore(
    context: click.Context,
    file: Path,
    passphrase_file: Path | None,
    identity_file: Path | None,
    line: str,
    without_revocations: bool,
    replace: bool,
    as_json: bool,
) -> None:
    """Make the store of the backup FILE, whole or not at all. Stop the service first.

    Revocations and erasures win: the list of them is taken from beside the store that is replaced, or as you copied it.
    Without one, every badge is suspended until you confirm it: `lintel badges resume`.
    """
    from datetime import UTC, datetime

    from device.settings.loading import state_dir
    from device.state_folder import usable_by_the_service
    from device.store.backup.restoring import Asked
    from device.store.backup.restoring import restore as restored_from
    from device.store.database import FILE_NAME

    folder, secret = state_dir(settings_of(context)), secret_of(passphrase_file, identity_file)
    _refuse_running()
    if line == "-":
        line = sys.stdin.readline()
    elif not line and not without_revocations and not (folder / f"{FILE_NAME}-withdrawn").exists():
        line = _asked_line()
    with usable_by_the_service(folder, FILE_NAME):
        done = restored_from(file, folder, Asked(secret, line.strip(), replace), datetime.now(UTC))
    if as_json:
        return print_json(done)
    say(f"Restored from the backup of {done.made_at:%Y-%m-%d %H:%M} UTC into {folder}.")
    if done.is_vouched_for:
        say(f"{done.applied} later entries of the list of revocations were applied.")
    else:
        say(f"{done.suspended} badges are suspended, as no list of revocations vouches for them.")
        say("Confirm each with its holder: `lintel badges resume BADGE`. See `lintel badges list`.")
    if done.settings:
        say(f"The settings of the backup are in {done.settings}; they are not in use.", err=True)
    return None


def _asked_line() -> str:
    say("Revocations and erasures since the backup are known only from the list that you copied.", err=True)
    if not sys.stdin.isatty():
        return ""
    return str(click.prompt("The line of `lintel backup revocations`, or nothing", default="", show_default=False))


def _refuse_running() -> None:
    """A service would go on with the store that it has open, and its doors with it. Raises `DoorError`."""
    import socket

    from device.control.client import control_socket
    from device.errors import DoorError

    place = control_socket()
    if place is None:
        return
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(1.0)
        try:
            asking.connect(str(place))
        except PermissionError:  # one that this user may not speak to is one all the same
            pass
        except OSError:
            return
    raise DoorError(
        "The service is running with the store that this would replace.",
        hint="Have root stop it, restore and start it again: `sudo systemctl stop lintel`, `sudo lintel "
        "restore FILE`, `sudo systemctl start lintel`. Meanwhile the doors are locked for badges, and the way out is "
        "free by handle or by what the lock's supply is wired to.",
    )
