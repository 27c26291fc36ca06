"""`lintel keys`: the device key, which wraps the keys of everything that lies sealed in the store."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.commandline import FilePath
from device.errors import ConfigError, KeyMissing
from device.terminal import say

if TYPE_CHECKING:
    from device.key_keeping import KeyKeeping

EPILOG = "Exit codes: 0 done, 3 a store of the key that is not available, 8 database or key."
passphrase_option = click.option(
    "--passphrase-file", type=FilePath(), help="Read the passphrase from a file's first line, instead of asking."
)


@click.group(epilog=EPILOG)
def keys() -> None:
    """Make, see, rotate and unlock the key to what lies sealed.

    References and PINs lie sealed in the database. Without the device key no face and no PIN counts; names, badges, the
    audit and the way out need none.
    """


@keys.command(epilog=EPILOG)
@click.option(
    "--store",
    "kind",
    type=click.Choice(["file", "passphrase", "otp", "tpm"]),
    default="file",
    show_default=True,
    help="Where the key is kept: a file, or one that a passphrase locks, typed after each start of the machine.",
)
@passphrase_option
@json_option
@click.pass_context
def init(context: click.Context, kind: str, passphrase_file: Path | None, as_json: bool) -> None:
    """Make the device key, once, before anyone is enrolled.

    Without it the first enrollment makes one of the kind `file`.
    """
    if kind in ("otp", "tpm"):
        raise ConfigError(
            f"Keys in {kind.upper()} are not available yet.",
            hint="Take `file` and move it into a credential that systemd-creds binds to a TPM (docs/keys.md), or take "
            "`passphrase`.",
        )
    words = _passphrase(passphrase_file, is_new=True) if kind == "passphrase" else None
    with open_store(settings_of(context)) as store:
        made = _keeping(store.path.parent).made(store, words)
    if as_json:
        print_json({"key": made.id, "place": made.place, "store": kind})
        return
    say(f"Made the device key {made.id}: {made.place}")
    say("Keep a copy elsewhere: without it every reference and PIN is lost. docs/keys.md says how.", err=True)


@keys.command("status", epilog="Exit codes: 0 the key is there or none was made, 1 it is missing, 8 database.")
@json_option
@click.pass_context
def show_status(context: click.Context, as_json: bool) -> int:
    """Say where the device key is, what that stops, and what is wrong with it."""
    with open_store(settings_of(context)) as store:
        status = _keeping(store.path.parent).status(store)
    if as_json:
        print_json(status)
    else:
        for line in status.lines():
            say(line)
    return int(bool(status.trouble))


@keys.command(epilog=EPILOG)
@passphrase_option
@json_option
@click.pass_context
def rotate(context: click.Context, passphrase_file: Path | None, as_json: bool) -> None:
    """Put a new device key in the place of the present one; what lies sealed stays as it is.

    For a key that may have been copied. A crash leaves one of the two in force; repeat the command then. The new key
    is made in the key's own folder, so move it again if the old one lay elsewhere.
    """
    settings = settings_of(context)
    with open_store(settings) as store:
        keeping = _keeping(store.path.parent)
        words = _passphrase(passphrase_file, is_new=False) if keeping.is_locked else None
        before, made = keeping.rotated(store, words)
    if as_json:
        print_json({"before": before.id, "key": made.id, "place": made.place})
        return
    say(f"The device key is now {made.id}: {made.place} (before: {before.id} at {before.place})")
    for line in keeping.after_rotation(before):
        say(line, err=True)


@keys.command(epilog=EPILOG)
@passphrase_option
@json_option
@click.pass_context
def unlock(context: click.Context, passphrase_file: Path | None, as_json: bool) -> None:
    """Type the passphrase of the key, after a start of the machine.

    The opened key lies in the service's folder in memory (/run/lintel) until the service is stopped or the power is
    gone. The running service takes it up by itself.
    """
    from device.files import runtime_dir

    folder = runtime_dir()
    if folder is None:
        raise KeyMissing(
            "There is no folder in memory for the opened key: the service is not running.",
            hint="Start it first: `sudo systemctl start lintel`. Until the key is there faces are denied.",
        )
    with open_store(settings_of(context)) as store:
        keeping = _keeping(store.path.parent)
    opened = keeping.unlocked(_passphrase(passphrase_file, is_new=False), folder)
    if as_json:
        print_json({"key": opened.id, "place": opened.place})
    else:
        say(f"The device key {opened.id} is open until the service is stopped: {opened.place}")


def _keeping(state: Path) -> "KeyKeeping":
    from device.clock import SystemClock
    from device.key_keeping import KeyKeeping

    return KeyKeeping(state, SystemClock())


def _passphrase(file: Path | None, *, is_new: bool) -> str:
    """The first line of a file, or typed, a new one twice."""
    if file is None:
        typed: str = click.prompt("Passphrase of the key", hide_input=True, confirmation_prompt=is_new, err=True)
        return typed
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].removesuffix("\r")
    except (OSError, ValueError):
        raise KeyMissing(
            f"Cannot read the passphrase from {file}.", hint="Write it into the file's first line, as UTF-8."
        ) from None
