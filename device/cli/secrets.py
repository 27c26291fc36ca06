"""Options that say what opens a backup, and how its secret is read: never as an argument, which others can see."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.commandline import FilePath

if TYPE_CHECKING:
    from device.store.backup.container import Secret

EXIT_CODES = "Exit codes: 0 done, 8 database or backup."
passphrase_option = click.option(
    "--passphrase-file",
    type=FilePath(),
    help="File with the passphrase in its first line; without it, it is asked for, or read from standard input.",
)
identity_option = click.option(
    "--identity", "identity_file", type=FilePath(), help="File with the identity, of a backup made for a recipient."
)


def secret_of(passphrase_file: Path | None, identity_file: Path | None) -> "Secret":
    """What opens a backup. Raises `BackupError` for a file that can't be read."""
    from device.store.backup.container import Secret

    if identity_file is not None:
        return Secret(identity=_first_line(identity_file))
    return Secret(passphrase=passphrase_of(passphrase_file))


def passphrase_of(file: Path | None, *, twice: bool = False) -> str:
    """The passphrase, typed `twice` where it is a new one. Raises `BackupError`."""
    if file is not None:
        return _first_line(file)
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=twice, err=True))


def _first_line(file: Path) -> str:
    from device.errors import BackupError
    from device.failures import in_words

    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise BackupError(f"Cannot read {file}: {in_words(error)}.", hint="Name a file with one line.") from None
    return lines[0] if lines else ""
