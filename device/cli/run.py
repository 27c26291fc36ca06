"""`lintel run`: the service of a real door."""

import os
from functools import partial
from typing import TYPE_CHECKING

import click

from device.cli.context import settings_of
from device.errors import ReaderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.config import ReaderSettings, Settings
    from device.records import Transaction


@click.command(epilog="Exit codes: 0 stopped on request, 4 model, 6 camera, 7 relay, 8 database, 13 reader.")
@click.pass_context
def run(context: click.Context) -> None:
    """Run the door on this Raspberry Pi: reader, camera, relay.

    The settings say where they are (`lintel config`). A part that is missing is named at the start, with what to do
    about it; nothing is simulated. Stop it with Ctrl-C or SIGTERM: the door is secured on the way out.
    """
    from device.assembly import board, operators
    from device.clock import Stop, SystemClock
    from device.service import Notifier, Service, Watchdog, serve, stopped_by_signals

    settings, stop = settings_of(context), Stop()
    if "NOTIFY_SOCKET" in os.environ and any(reader.source == "stdin" for reader in lines_of(settings)):
        raise ReaderError("A service has no standard input to read badges from.", hint="Set `reader.source`.")
    notifier, clock = Notifier.of_environment(), SystemClock(stop)
    with stopped_by_signals(stop), board(settings, clock) as posts, operators(settings, posts, clock):
        click.echo("The door is secured and waits for badges.", err=True)
        watchdog = Watchdog(notifier, clock)
        services = [Service(post, settings, watchdog) for post in posts]
        serve(services, notifier, stop, journal(settings))


def journal(settings: "Settings") -> "Callable[[Transaction], None]":
    """Prints transactions for the journal, with a tag in place of the badge's number.

    The journal wears the same disk as the audit: there is no line for what is only counted there.
    """
    from device.badge_tags import journal_key, tag_of
    from device.cli.transcript import transaction_line
    from device.config import state_dir

    key = journal_key(state_dir(settings))

    def tell(transaction: "Transaction") -> None:
        if not transaction.counted:
            click.echo(transaction_line(transaction, partial(tag_of, key=key)))

    return tell


def lines_of(settings: "Settings") -> "tuple[ReaderSettings, ...]":
    """The readers that read lines."""
    return tuple(reader for reader in settings.readers if reader.kind == "lines")
