"""`lintel watch`: what happens at the doors, as it happens."""

from contextlib import suppress
from typing import TYPE_CHECKING

import click
import msgspec

from device.cli.completion import complete_door
from device.cli.context import json_option, print_json_line
from device.cli.text.audit_rows import row_line
from device.errors import DoorError
from device.terminal import say

if TYPE_CHECKING:
    from device.control.client import Client, Lost
    from device.control.messages import Row, Update

_START = "`sudo systemctl start lintel`"


@click.command(
    epilog="""\b
Examples:
  lintel watch
  lintel watch --last 20 --door main
  lintel watch --from 1 --json

\b
Exit codes: 0 at Ctrl-C, 2 wrong use, 7 this user may not ask, or with --no-wait: no service answers."""
)
@click.option("--from", "since", type=click.IntRange(0), metavar="ID", help="From this row on, and all after it.")
@click.option("--last", type=click.IntRange(0, 100_000), metavar="N", help="The newest N rows first.")
@click.option("--door", "name", metavar="NAME", shell_complete=complete_door, help="Only what happens at this door.")
@click.option("--no-wait", is_flag=True, help="End when the service is gone, rather than wait until it is back.")
@json_option
def watch(since: int | None, last: int | None, name: str | None, no_wait: bool, as_json: bool) -> None:
    """Watch the doors: each row of the audit as it is written, until Ctrl-C.

    Rows have the words of `lintel audit list`. No row is left out or shown twice when the service is restarted. Badges
    and names are shown to root and the service's user; a member of the service's group sees the rows without them.
    """
    from device.control.client import FILE_NAME, Client, Lost, control_socket
    from device.control.messages import Row, Start
    from device.files import RUNTIME_DIR

    if since is not None and last is not None:
        raise click.UsageError("--from and --last exclude each other.")
    client = Client(control_socket() or RUNTIME_DIR / FILE_NAME)
    with suppress(KeyboardInterrupt):
        for update in client.subscribe(since, last=last or 0):
            if isinstance(update, Row):
                if name in (None, update.door):
                    _show(update, as_json=as_json)
                continue
            if isinstance(update, Lost) and no_wait:
                raise DoorError(f"No service answers: {update.why}.", hint=f"Start it: {_START}.")
            if isinstance(update, Start) and name is not None:
                _refuse_unknown(client, name)
            if words := _words(update):
                say(words, err=True)


def _refuse_unknown(client: "Client", name: str) -> None:
    """Raises `DoorError` with the names there are; not if the service is too busy to say."""
    from device.control.messages import Code, Doors, Status
    from device.control.protocol import ProtocolError

    try:
        client.ask(Status(door=name), Doors)
    except DoorError as error:
        if isinstance(error, ProtocolError) and error.code is Code.REFUSED:
            raise


def _show(row: "Row", *, as_json: bool) -> None:
    if as_json:
        print_json_line(msgspec.structs.asdict(row))
    else:
        say(row_line(row))


def _words(update: "Update | Lost") -> str:
    """What is said on standard error; "" if there is nothing to say."""
    from device.control.client import NOT_RUNNING, Lost
    from device.control.messages import Rewound, Start, Trouble

    match update:
        case Start(after=row):
            return f"Watching from row {row + 1} on; Ctrl-C ends."
        case Lost(why=why):
            start = f" Start it: {_START}." if why == NOT_RUNNING else ""
            return f"No service answers ({why}).{start} Waiting until it is back; Ctrl-C ends."
        case Trouble(what=what):
            return f"The audit can't be read: {what} Waiting until it can." if what else "The audit can be read again."
        case Rewound(after=row):
            return f"The audit ends at row {row} now: an older copy of the database was put in its place."
    return ""
