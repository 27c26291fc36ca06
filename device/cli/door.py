"""`lintel door`: the relay by hand."""

import click

from device.cli.context import settings_of


@click.group(epilog="Exit codes: 0 done, 7 the relay cannot be driven.")
def door() -> None:
    """Secure the door by hand."""


@door.command("secure")
@click.pass_context
def secure(context: click.Context) -> None:
    """Drive the relay to locked, and leave it there.

    The service's unit runs this before every start and after every stop, also after a crash: a GPIO pin keeps its level
    when its process dies.
    """
    from device.assembly import open_board_door

    settings = settings_of(context)
    open_board_door(settings).close()
    click.echo(f"The relay on GPIO {settings.door.pin} is secured.")
