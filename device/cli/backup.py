"""`lintel backup`: the store in one encrypted file."""

from pathlib import Path

import click

from device.cli.acting import ACTING
from device.cli.context import json_option, open_store, print_json, settings_of
from device.cli.secrets import EXIT_CODES, identity_option, passphrase_of, passphrase_option, secret_of
from device.commandline import FilePath
from device.terminal import put, say


@click.group(epilog=EXIT_CODES)
def backup() -> None:
    """Make backups, look into them, and print the list of revocations.

    A backup is one encrypted file: people, badges, references with their keys, rules, audit and settings.
    """


@backup.command("save", epilog=EXIT_CODES)
@click.argument("target", type=FilePath(writable=True))
@passphrase_option
@click.option(
    "--recipient", default="", help="Encrypt for the holder of this key instead; see `lintel backup identity`."
)
@click.option(
    "--keep",
    "keep_days",
    type=click.IntRange(1, 3650),
    default=30,
    show_default=True,
    help="Days that backups are kept; older ones in the folder TARGET are deleted.",
)
@json_option
@click.pass_context
def save_backup(
    context: click.Context, target: Path, passphrase_file: Path | None, recipient: str, keep_days: int, as_json: bool
) -> None:
    """Write a backup to the file TARGET, or into the folder TARGET under a name of the time.

    The doors stay in operation. Example: `lintel backup save /media/usb --recipient lintel-recipient-...`
    """
    from datetime import UTC, datetime

    from device.cli.version import version_text
    from device.clock import SystemClock
    from device.own_store import clock_watch
    from device.records.rulings import ClockState
    from device.settings.lock import DEFAULT_FILE
    from device.store.backup.saving import Wanted, delete_old, save

    settings, (path, _) = settings_of(context), context.find_root().obj
    passphrase = "" if recipient else passphrase_of(passphrase_file, twice=True)
    wanted = Wanted(version_text(verbose=False).strip(), passphrase, recipient, keep_days, path or DEFAULT_FILE)
    with open_store(settings) as store:
        now = datetime.now(UTC)
        saved = save(store, target, wanted, now)
        is_known = clock_watch(settings, store, SystemClock()).state() is not ClockState.UNTRUSTED
        deleted = delete_old(target, keep_days, now) if target.is_dir() and is_known else ()
    if as_json:
        made = {"path": str(saved.path), "bytes": saved.size, "parts": saved.parts, "kept_until": saved.kept_until}
        return print_json({**made, "deleted": [str(one) for one in deleted]})
    say(f"{saved.path}: {saved.size} bytes; keep it until {saved.kept_until:%Y-%m-%d}, then delete it.")
    for one in deleted:
        say(f"{one}: deleted, older than {keep_days} days.")
    if target.is_dir() and ACTING.is_served:
        say(f"Older backups in {target} stay: root, the service's user and lintel-backup.timer delete them.", err=True)
    elif target.is_dir() and not is_known:
        say("No old backup was deleted: the clock is not trusted, see `lintel clock status`.", err=True)
    return None


@backup.command("show", epilog=EXIT_CODES)
@click.argument("file", type=FilePath())
@passphrase_option
@identity_option
@json_option
def show_backup(file: Path, passphrase_file: Path | None, identity_file: Path | None, as_json: bool) -> None:
    """Check that a backup is whole and can be opened, and list what it holds."""
    from device.store.backup.restoring import manifest_of

    manifest = manifest_of(file, secret_of(passphrase_file, identity_file))
    if as_json:
        parts = [{"name": part.name, "bytes": part.size, "sha256": part.sha256} for part in manifest.parts]
        return print_json({"made_at": manifest.made_at, "version": manifest.version, "parts": parts})
    say(f"Made at {manifest.made_at} by {manifest.version}")
    for part in manifest.parts:
        say(f"{part.size:12}  {part.name}")
    return None


@backup.command("identity", epilog="Exit codes: 0 done.")
def make_identity() -> None:
    """Make a key pair for backups that only its holder can open.

    Run it on another machine than the door's, and keep the identity there: the door needs the recipient alone.
    """
    from device.store.backup.container import new_identity

    identity, recipient = new_identity()
    say(f"Recipient, for `lintel backup save --recipient`: {recipient}", err=True)
    put(identity)


@backup.command("revocations", epilog=EXIT_CODES)
@click.pass_context
def print_revocations(context: click.Context) -> None:
    """Print the list of revocations and erasures in one line, to be kept with the backups.

    `lintel restore` applies it, so that what was revoked or erased after a backup stays so. Copy it after each of them.
    It holds no names and no badge numbers.
    """
    from datetime import UTC, datetime

    from device.store.withdrawn import as_line, key_of

    with open_store(settings_of(context)) as store:
        entries = store.withdrawn()
        with store.session() as session:
            line = as_line(entries, key_of(session), datetime.now(UTC))
    put(line)
