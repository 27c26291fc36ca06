"""`lintel watch`: what happens at the doors, as it happens."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from click.core import ParameterSource

from device.cli.completion import complete_door
from device.cli.context import json_option, print_json_line
from device.cli.text.audit_rows import row_line
from device.commandline import FilePath
from device.errors import DependencyMissing, DoorError
from device.packages import install_hint
from device.terminal import put_address, say

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
  lintel watch --web
  lintel watch --web --no-browser --port 8480

\b
Exit codes: 0 at Ctrl-C, 2 wrong use, 3 the page can't be served, 7 this user may not ask, or with --no-wait: no service
answers, 12 the page's packages are missing."""
)
@click.option("--from", "since", type=click.IntRange(0), metavar="ID", help="From this row on, and all after it.")
@click.option("--last", type=click.IntRange(0, 100_000), metavar="N", help="The newest N rows first.")
@click.option("--door", "name", metavar="NAME", shell_complete=complete_door, help="Only what happens at this door.")
@click.option("--no-wait", is_flag=True, help="End when the service is gone, rather than wait until it is back.")
@click.option("--web", is_flag=True, help="Show the doors on a page in the browser instead; it can't command them.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="With --web: on loopback; 0: a free one.")
@click.option("--no-browser", is_flag=True, help="With --web: only print the address.")
@click.option("--token-file", type=FilePath(), metavar="FILE", help="With --web: keep its token there.")
@json_option
@click.pass_context
def watch(
    context: click.Context,
    since: int | None,
    last: int | None,
    name: str | None,
    no_wait: bool,
    web: bool,
    port: int,
    no_browser: bool,
    token_file: Path | None,
    as_json: bool,
) -> None:
    """Watch the doors: each row of the audit as it is written, until Ctrl-C.

    Rows have the words of `lintel audit list`. No row is left out or shown twice when the service is restarted. Badges
    and names are shown to root and the service's user; a member of the service's group sees the rows without them.

    With --web a page on loopback shows state, events and troubles of all doors: docs/watch.md has the rest. It can't
    command a door, for any role, and never shows duress.
    """
    _refuse_mixed(context, web=web)
    if web:
        _serve(port, token_file, opens_browser=not no_browser)
        return
    _follow(since, last, name, no_wait=no_wait, as_json=as_json)


def _serve(port: int, token_file: Path | None, *, opens_browser: bool) -> None:
    """Raises `ConfigError` if the page can't be served, `DependencyMissing`."""
    from device.control.client import FILE_NAME, control_socket
    from device.files import RUNTIME_DIR

    try:
        from device.web.watching import WatchPage, watch_page
    except ImportError:
        raise DependencyMissing("The packages of the page are not installed.", hint=install_hint("sim")) from None
    page = WatchPage(port, opens_browser=opens_browser, token_file=token_file)
    watch_page(control_socket() or RUNTIME_DIR / FILE_NAME, page, put_address)


def _refuse_mixed(context: click.Context, *, web: bool) -> None:
    """Raises `UsageError` for options of the other way to watch."""
    others = ("since", "last", "name", "no_wait", "as_json") if web else ("port", "no_browser", "token_file")
    given = [each for each in others if context.get_parameter_source(each) is ParameterSource.COMMANDLINE]
    if given:
        option = next(param.opts[0] for param in context.command.params if param.name == given[0])
        raise click.UsageError(f"{option} {'does not go' if web else 'only goes'} with --web.")


def _follow(since: int | None, last: int | None, name: str | None, *, no_wait: bool, as_json: bool) -> None:
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
