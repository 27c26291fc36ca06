"""Has the running service carry a command out; without a service it is carried out here, by file permissions alone."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from device.cli.acting import ACTING
from device.control.roles import COMMANDS, Command, Way
from device.errors import ConfigError, DoorError

if TYPE_CHECKING:
    from device.control.client import Client

SILENCE_S = 30.0
"""The service says every two seconds that a command still runs, but may have others before it."""
ASKED_S = 3.0
"""A service that does not say how its doors are within this time hangs; that needs no disk."""
HUNG = "lintel.hung"
HELP = frozenset({"--help", "-h"})


class _Order(NamedTuple):
    """A command for the service: its words, its arguments, and the folder of the store that is meant."""

    words: tuple[str, ...]
    arguments: Sequence[str]
    folder: str


def forwarded(context: click.Context, rest: Sequence[str]) -> int | None:
    """The exit code of a command that the service carried out; None for one that is to be carried out here.

    Raises `LintelError`.
    """
    words = leaf_words(context, rest)
    if ACTING.is_served or not words or HELP & set(rest):
        return None
    row = COMMANDS.get(" ".join(words), Command(Way.SERVICE))
    if row.way is not Way.SERVICE:
        return None
    return _served(context, words, rest[len(words) :], row)


def leaf_words(context: click.Context, rest: Sequence[str]) -> tuple[str, ...]:
    """The words of the command that a command line begins with; none if it names none."""
    command: click.Command | None = context.command
    for count, word in enumerate(rest, 1):
        if not isinstance(command, click.Group):
            return ()
        command = command.get_command(context, word)
        if command is None:
            return ()
        if not isinstance(command, click.Group):
            return tuple(rest[:count])
    return ()


def found_hung(context: click.Context) -> DoorError | None:
    """That the service hangs, if that was found out already."""
    found = context.find_root().meta.get(HUNG)
    return found if isinstance(found, DoorError) else None


def _served(context: click.Context, words: Sequence[str], arguments: Sequence[str], row: Command) -> int | None:
    socket = _socket()
    if socket is None:
        return None
    from device.cli.carried import own_options

    try:
        folder = _folder(context)
    except ConfigError:
        if row.even_hung:
            return None
        raise
    if row.own_with and own_options(words, arguments, row.own_with):
        return None
    if row.is_own and os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return None
    if not os.access(socket, os.R_OK | os.W_OK):
        _refuse_unless_own(folder, socket)
        return None
    return _asked(context, socket, _Order(tuple(words), arguments, folder), row)


def _asked(context: click.Context, socket: Path, order: _Order, row: Command) -> int | None:
    from device.control.client import Client, NoAnswer, NotRunning, ask_doors
    from device.control.messages import Code
    from device.control.protocol import ProtocolError

    try:
        if row.even_hung:
            ask_doors(socket, timeout_s=ASKED_S)
        return _commanded(Client(socket), order)
    except NotRunning:
        return None
    except NoAnswer as hung:
        if row.even_hung and os.access(order.folder, os.R_OK | os.W_OK | os.X_OK):
            context.find_root().meta[HUNG] = hung
            return None
        raise
    except ProtocolError as error:
        if error.code is Code.VERB:  # a service of the time before roles, which no command went through
            return None
        raise


def _socket() -> Path | None:
    """The service's socket, if one lies there; whether anyone listens is found out by asking."""
    from device.files import runtime_dir

    folder = runtime_dir()
    if folder is None:
        return None
    path = folder / "control.sock"
    try:
        return path if path.exists() else None
    except PermissionError:  # its folder is closed to this user
        return path


def _folder(context: click.Context) -> str:
    from device.settings.loading import load_settings, state_dir

    path, named = context.params["config_path"], context.params["state_dir"]
    return str(named or state_dir(load_settings(path)))


def _refuse_unless_own(folder: str, socket: Path) -> None:
    """A store of the user's own is none of the service's business. Raises `DoorError` for the service's."""
    from device.cli.context import SERVICE_STATE
    from device.control.joining import join_hint

    if Path(folder) == SERVICE_STATE and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise DoorError(f"This user may not speak to the service at {socket}.", hint=join_hint())


def _commanded(client: "Client", order: _Order) -> int | None:
    from device.cli.carried import carried
    from device.cli.relay import Relay
    from device.control.channel import pair
    from device.control.command_messages import Administer, Administered, Admitted, Elsewhere, Ended

    here = os.getcwd()  # noqa: PTH109 - text
    near, far = pair()
    relay = Relay(near, carried(order.words, order.arguments, here), here)
    request = Administer(command=" ".join(order.words), folder=order.folder)

    def sends(part: Administered) -> int | None:
        return far.connection.fileno() if isinstance(part, Admitted) else None

    code: int | None = None
    try:
        for part in client.stream(request, Administered, silence_s=SILENCE_S, sends=sends):  # type: ignore[arg-type]
            match part:
                case Admitted():
                    far.close()
                    relay.begin()
                case Elsewhere():
                    near.close()
                    return None
                case Ended():
                    code = part.code
    except BaseException:
        near.close()
        raise
    finally:
        far.close()
    relay.end()
    if code is None:
        raise DoorError("The service hung up before the command had ended.", hint="See `journalctl --unit lintel`.")
    return code
