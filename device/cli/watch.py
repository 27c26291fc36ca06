"""`lintel watch`: what happens at the doors, as it happens."""

from contextlib import suppress
from typing import TYPE_CHECKING

import click
import msgspec

from device.cli.context import json_option, print_json_line
from device.cli.text.audit_rows import row_line
from device.errors import DoorError
from device.terminal import say

if TYPE_CHECKING:
    from device.control.client import Lost
    from device.control.messages import Row, Update


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
@click.option("--door", "name", metavar="NAME", help="Only what happens at this door.")
@click.option("--no-wait", is_flag=True, help="End when the service is gone, rather than wait until it is back.")
@json_option
def watch(since: int | None, last: int | None, name: str | None, no_wait: bool, as_json: bool) -> None:
    """Watch the doors: each row of the audit as it is written, until Ctrl-C.

    Rows have the words of `lintel audit list`. No row is left out or shown twice when the service is restarted. Badges
    and names are shown to root and the service's user; a member of the service's group sees the rows without them.
    """
    from device.control.client import FILE_NAME, Client, Lost, control_socket
    from device.control.messages import Row
    from device.files import RUNTIME_DIR

    if since is not None and last is not None:
        raise click.UsageError("--from and --last exclude each other.")
    client = Client(control_socket() or RUNTIME_DIR / FILE_NAME)
    with suppress(KeyboardInterrupt):
        for update in client.subscribe(since, last=last or 0):
            if isinstance(update, Row) and name in (None, update.door):
                _show(update, as_json=as_json)
            elif isinstance(update, Lost) and no_wait:
                raise DoorError(f"No service answers: {update.why}.", hint="Start it: `sudo systemctl start lintel`.")
            elif words := _words(update):
                say(words, err=True)


def _show(row: "Row", *, as_json: bool) -> None:
    if as_json:
        print_json_line(msgspec.structs.asdict(row))
    else:
        say(row_line(row))


def _words(update: "Update | Lost") -> str:
    """What is said on standard error; "" if there is nothing to say."""
    from device.control.client import Lost
    from device.control.messages import Rewound, Start, Trouble

    match update:
        case Start(after=row):
            return f"Watching from row {row + 1} on; Ctrl-C ends."
        case Lost(why=why):
            return f"No service answers ({why}). Waiting until it is back; Ctrl-C ends."
        case Trouble(what=what):
            return f"The audit can't be read: {what} Waiting until it can." if what else "The audit can be read again."
        case Rewound(after=row):
            return f"The audit ends at row {row} now: an older copy of the database was put in its place."
    return ""
