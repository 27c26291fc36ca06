"""`lintel run`: the service of a real door."""

import os

import click

from device.cli.context import settings_of
from device.errors import ReaderError


@click.command(epilog="Exit codes: 0 stopped on request, 4 model, 6 camera, 7 relay, 8 database, 13 reader.")
@click.pass_context
def run(context: click.Context) -> None:
    """Run the door on this Raspberry Pi: reader, camera, relay.

    The settings say where they are (`lintel config`). A part that is missing is named at the start, with what to do
    about it; nothing is simulated. Stop it with Ctrl-C or SIGTERM: the door is secured on the way out.
    """
    from device.assembly import board
    from device.cli.transcript import transaction_line
    from device.clock import Stop, SystemClock
    from device.service import Notifier, Service, stopped_by_signals

    settings, stop = settings_of(context), Stop()
    if settings.reader.source == "stdin" and "NOTIFY_SOCKET" in os.environ:
        raise ReaderError("A service has no standard input to read badges from.", hint="Set `reader.source`.")
    with stopped_by_signals(stop), board(settings, SystemClock(stop)) as (doorway, reader):
        click.echo("The door is secured and waits for badges.", err=True)
        Service(doorway, settings, Notifier.of_environment()).run(
            reader, stop, lambda transaction: click.echo(transaction_line(transaction))
        )
