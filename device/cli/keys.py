"""`lintel keys`: the device key, which wraps the keys of everything that lies sealed in the store."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.cli.operators import by_two
from device.commandline import FilePath
from device.errors import KeyMissing
from device.settings.loading import state_dir
from device.terminal import say

if TYPE_CHECKING:
    from device.key_keeping import KeyKeeping
    from device.store.vault.device_key import DeviceKey
    from device.store.vault.locks import KeyLock

EPILOG = "Exit codes: 0 done, 8 database or key, 130 declined."
STORES = ("file", "passphrase", "otp", "tpm")
passphrase_option = click.option(
    "--passphrase-file", type=FilePath(), help="Read the passphrase from a file's first line, instead of asking."
)
store_option = click.option(
    "--store",
    "kind",
    type=click.Choice(STORES),
    default="file",
    show_default=True,
    help="Where the key is kept from now on: a file, or one that a passphrase locks, typed after each start of the "
    "machine, or one that the fuses of this Raspberry Pi 4 or 5 lock (otp), or its TPM.",
)
yes_option = click.option("--yes", is_flag=True, help="Burn the fuses without asking, where they are empty.")


@click.group(epilog=EPILOG)
def keys() -> None:
    """Make, move, rotate and restore the key to what lies sealed.

    References and PINs lie sealed in the database. Without the device key no face and no PIN counts; names, badges, the
    audit and the way out need none.
    """


@keys.command(epilog=EPILOG)
@store_option
@passphrase_option
@yes_option
@json_option
@click.pass_context
def init(context: click.Context, kind: str, passphrase_file: Path | None, yes: bool, as_json: bool) -> None:
    """Make the device key, once, before anyone is enrolled.

    Without it the first enrollment makes one of the kind `file`. docs/keys.md says what each kind stops. Fuses are
    burnt once and for good; where they hold a key already, that one is used.
    """
    with open_store(settings_of(context)) as store:
        keeping = _keeping(store.path.parent)
        made = keeping.made(store, _lock(kind, passphrase_file, yes=yes))
    _hand_over(keeping)
    if as_json:
        print_json({"key": made.id, "place": made.place, "store": kind})
        return
    say(f"Made the device key {made.id}: {made.place}")
    say("Print its recovery line now, and keep it elsewhere: `sudo lintel keys recovery`.", err=True)
    say("Without it every reference and PIN is lost with this machine. docs/keys.md says how.", err=True)


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
    is made in the key's own folder and locked as the old one was, so move it again if the old one lay elsewhere.
    """
    settings = settings_of(context)
    with open_store(settings) as store:
        keeping = _keeping(store.path.parent)
        words = _present_words(keeping, passphrase_file)
        with by_two(settings, store, "keys rotate"):
            before, made = keeping.rotated(store, words)
    _hand_over(keeping)
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
    gone. The running service takes it up by itself. Brings back a key that was forgotten because of an open housing.
    """
    folder = _in_memory()
    with open_store(settings_of(context)) as store:
        keeping = _keeping(store.path.parent)
    opened = keeping.opened(folder, _passphrase(passphrase_file, is_new=False))
    if as_json:
        print_json({"key": opened.id, "place": opened.place})
    else:
        say(f"The device key {opened.id} is open until the service is stopped: {opened.place}")


@keys.command("open", epilog=EPILOG)
@click.pass_context
def open_key(context: click.Context) -> None:
    """Open a key in the fuses or the TPM for the service, as its unit does at the start.

    Takes root. The opened key lies in the service's folder in memory until the service has taken it, and the service's
    user alone may read it. For a key of another kind there is nothing to do. Ends a rotation and a move that a power
    cut has interrupted.
    """
    from device.store.vault.key_files import KeyFiles
    from device.store.vault.machine import machine_lock

    settings = settings_of(context)
    state = state_dir(settings)
    lock = machine_lock(KeyFiles(state).lock_kind())
    if lock is not None:
        files = KeyFiles(state, lock)
        if files.is_moving:
            with open_store(settings) as store:
                store.vault.places = files
                store.vault.finish_rotation()
        opened = files.open_into(_in_memory())
        say(f"The device key {opened.id} is open for the service.")


@keys.command(epilog=EPILOG)
@passphrase_option
@click.pass_context
def recovery(context: click.Context, passphrase_file: Path | None) -> None:
    """Print the line that opens the store on any machine, to keep on paper.

    It is the key itself: who has it and a copy of the database opens everything.
    """
    with open_store(settings_of(context)) as store:
        keeping = _keeping(store.path.parent)
        line = keeping.recovery(store, _present_words(keeping, passphrase_file))
    say(line)


@keys.command(
    epilog="""Example, to move the key into the fuses of this Pi:

\b
  sudo lintel keys recovery | sudo lintel keys restore --store otp --yes

Exit codes: 0 done, 8 database or key, 130 declined."""
)
@store_option
@passphrase_option
@yes_option
@json_option
@click.pass_context
def restore(context: click.Context, kind: str, passphrase_file: Path | None, yes: bool, as_json: bool) -> None:
    """Put the key back from its recovery line, which is read from standard input.

    After an open housing has destroyed it, on a new machine, or to keep it elsewhere from now on. Only the key that
    this store was sealed with is taken. The running service takes it up by itself.
    """
    lock = _lock(kind, passphrase_file, yes=yes, can_ask=sys.stdin.isatty())
    line = _typed_line()
    with open_store(settings_of(context)) as store:
        keeping = _keeping(store.path.parent)
        key = keeping.restored(store, line, lock)
    _hand_over(keeping)
    if as_json:
        print_json({"key": key.id, "place": key.place, "store": kind})
    else:
        say(f"The device key {key.id} is back: {key.place}, {kind}")
    if keeping.is_locked:
        say("Unlock it for the running service: `sudo lintel keys unlock`.", err=True)


@keys.command(
    "exec",
    context_settings={"ignore_unknown_options": True},
    epilog="""Example: sudo lintel keys exec -- lintel enroll 17:1001 ada.jpg --name Ada

Exit codes: those of the command; 8 no key, no systemd, or not root.""",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, required=True)
@passphrase_option
@click.pass_context
def execute(context: click.Context, command: tuple[str, ...], passphrase_file: Path | None) -> int:
    """Run COMMAND with the key while the service is not running.

    As the store's user in a unit of its own (systemd-run), with the key as a credential that ends with it. While the
    service runs, it carries commands out itself, and no key leaves it.
    """
    from device.cli.key_exec import run_with_key

    settings = settings_of(context)
    keeping = _keeping(state_dir(settings))
    words = _passphrase(passphrase_file, is_new=False) if keeping.is_locked else None
    return run_with_key(keeping, state_dir(settings), command, words)


def _keeping(state: Path) -> "KeyKeeping":
    from device.clock import SystemClock
    from device.key_keeping import KeyKeeping

    return KeyKeeping(state, SystemClock())


def _lock(kind: str, passphrase_file: Path | None, *, yes: bool, can_ask: bool = True) -> "KeyLock | None":
    """What locks the key from now on; asks before anything is burnt."""
    from device.key_keeping import new_lock
    from device.store.vault.otp import OtpLock
    from device.store.vault.stops import KeyStore

    words = _passphrase(passphrase_file, is_new=True) if kind == "passphrase" else None
    lock = new_lock(KeyStore(kind), words)
    if isinstance(lock, OtpLock) and lock.is_empty:
        if not yes and not can_ask:  # the answer would be read from the recovery line
            raise KeyMissing(
                "The fuses of this Pi are empty, and the recovery line comes from a pipe, so no one can be asked.",
                hint="Add `--yes`: 32 random bytes are burnt then, for good.",
            )
        if not yes:
            click.confirm("Burn 32 random bytes into this Pi's fuses? This is for good.", abort=True, err=True)
        lock.burn()
    return lock


def _hand_over(keeping: "KeyKeeping") -> "DeviceKey | None":
    """To the running service, if there is one, a key that this machine opens by itself."""
    from device.files import runtime_dir

    folder = runtime_dir()
    return keeping.opened(folder) if folder is not None and keeping.is_of_machine else None


def _in_memory() -> Path:
    from device.files import runtime_dir

    folder = runtime_dir()
    if folder is None:
        raise KeyMissing(
            "There is no folder in memory for the opened key: the service is not running.",
            hint="Start it first: `sudo systemctl start lintel`. Until the key is there faces are denied.",
        )
    return folder


def _typed_line() -> str:
    if sys.stdin.isatty():
        typed: str = click.prompt("Recovery line of the key", hide_input=True, err=True)
        return typed
    return sys.stdin.readline()


def _present_words(keeping: "KeyKeeping", file: Path | None) -> str | None:
    return _passphrase(file, is_new=False) if keeping.is_locked else None


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
