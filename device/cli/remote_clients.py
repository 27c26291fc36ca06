"""`lintel link token` and `lintel link code`: who may send commands over the network."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.records.remote import CODED, RemoteCommand, RemoteKind
from device.terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.records.remote import RemoteClient
    from device.remote.office import RemoteOffice, Wanted

_EXIT_CODES = "Exit codes: 0 done, 7 no such client or door, or it can't be let in, 8 database."
_OFF = {
    RemoteKind.KEY: "Note: no signed command counts yet; set `signed = true` under [remote].",
    RemoteKind.CODE: 'Note: no code counts yet; set `home_assistant = "code"` under [remote].',
}


class ClientName(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """What a client is called in the audit: as doors are, in small letters."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, or a mistake on the command line."""
        import re

        if not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", value):
            self.fail(f"expected a small letter, then up to 31 of a-z, 0-9 and -, received {value!r}", param, ctx)
        return value


name_argument = click.argument("name", type=ClientName())
door_option = click.option("--door", "doors", multiple=True, help="A door that it may command; without, all doors.")


@click.group(epilog=_EXIT_CODES)
def token() -> None:
    """Let clients in that sign their commands, list them and revoke them.

    The house keeps public keys alone. docs/remote-commands.md has the format, and what each way in risks.
    """


@token.command(
    "add",
    epilog="""\b
Example:
  lintel link token add gate --key 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo --command release --door main

\b
Exit codes: 0 done, 7 not a key, no such door, or the name or key is taken, 8 database.""",
)
@name_argument
@click.option("--key", required=True, help="Its public key, as `lintel link keygen` prints it where the client is.")
@click.option(
    "--command",
    "commands",
    multiple=True,
    required=True,
    type=click.Choice([one.value for one in RemoteCommand]),
    help="What it may ask for; several times for several.",
)
@door_option
@json_option
@click.pass_context
def add_token(
    context: click.Context, name: str, key: str, commands: tuple[str, ...], doors: tuple[str, ...], as_json: bool
) -> None:
    """Let a client in by its public key. Prints the id that its commands name as `kid`."""
    with _office(context, RemoteKind.KEY) as office:
        client = office.add_key(_wanted(name, commands, doors), key)
    if as_json:
        return print_json(_shown(client))
    say(f"{client.name}: {_rights(client)}. Its id:", err=True)
    return say(client.uid)


@token.command("list", epilog="Exit codes: 0 done, 8 database.")
@json_option
@click.pass_context
def list_tokens(context: click.Context, as_json: bool) -> None:
    """List clients that sign their commands."""
    _list(context, RemoteKind.KEY, as_json=as_json)


@token.command("revoke", epilog="Exit codes: 0 done, 7 no such client, 8 database.")
@name_argument
@click.pass_context
def revoke_token(context: click.Context, name: str) -> None:
    """Refuse a client from its next command on, also in a backup that is restored later."""
    _revoke(context, RemoteKind.KEY, name)


@click.group(epilog=_EXIT_CODES)
def code() -> None:
    """Give users of Home Assistant codes, list, reset and revoke them.

    A code is the same each time, so it is weaker than a signature: see docs/remote-commands.md.
    """


@code.command(
    "add",
    epilog="""\b
Example:
  lintel link code add anna --door main

\b
Exit codes: 0 done, 7 no such door, or the name is taken, 8 database, or no key.""",
)
@name_argument
@door_option
@json_option
@click.pass_context
def add_code(context: click.Context, name: str, doors: tuple[str, ...], as_json: bool) -> None:
    """Draw a code of eight digits for a user, and show it once: it is kept nowhere."""
    with _office(context, RemoteKind.CODE) as office:
        made = office.add_code(_wanted(name, tuple(sorted(CODED)), doors))
    if as_json:
        return print_json({**_shown(made.client), "code": made.code})
    say(f"{made.client.name}: {_rights(made.client)}. The code, which is shown this once:", err=True)
    return say(made.code)


@code.command("list", epilog="Exit codes: 0 done, 8 database.")
@json_option
@click.pass_context
def list_codes(context: click.Context, as_json: bool) -> None:
    """List users with a code, and how many wrong ones came in a row."""
    _list(context, RemoteKind.CODE, as_json=as_json)


@code.command("reset", epilog="Exit codes: 0 done, 7 no such user, 8 database.")
@name_argument
@click.pass_context
def reset_code(context: click.Context, name: str) -> None:
    """Have a code count again after five wrong ones."""
    with _office(context) as office:
        client = office.reset(name)
    say(f"{client.name}: the code counts again; {client.failed} were wrong in a row.", err=True)


@code.command("revoke", epilog="Exit codes: 0 done, 7 no such user, 8 database.")
@name_argument
@click.pass_context
def revoke_code(context: click.Context, name: str) -> None:
    """Refuse a code from now on, also in a backup that is restored later."""
    _revoke(context, RemoteKind.CODE, name)


@contextmanager
def _office(context: click.Context, kind: RemoteKind | None = None) -> "Iterator[RemoteOffice]":
    """With a note where the settings don't allow that kind yet."""
    from device.clock import SystemClock
    from device.remote.office import RemoteOffice

    settings = settings_of(context)
    is_on = {RemoteKind.KEY: settings.remote.signed, RemoteKind.CODE: settings.remote.home_assistant != "off"}
    with open_store(settings) as store:
        yield RemoteOffice(store, SystemClock(), [door.name for door in settings.doors])
    if kind and not is_on[kind]:
        say(_OFF[kind], err=True)


def _wanted(name: str, commands: tuple[str, ...], doors: tuple[str, ...]) -> "Wanted":
    from device.remote.office import Wanted

    return Wanted(name, frozenset(map(RemoteCommand, commands)), doors)


def _list(context: click.Context, kind: RemoteKind, *, as_json: bool) -> None:
    with _office(context) as office:
        found = office.listed(kind)
    if as_json:
        return print_json([_shown(client) for client in found])
    for client in found:
        failed = f"  {client.failed} wrong in a row" if client.failed else ""
        say(f"{client.name}  {client.uid}  {_rights(client)}  since {client.made_at:%Y-%m-%d}{failed}")
    if not found:
        say("None yet.", err=True)
    return None


def _revoke(context: click.Context, kind: RemoteKind, name: str) -> None:
    with _office(context) as office:
        client = office.revoke(kind, name)
    say(f"Revoked: {client.words}.", err=True)


def _rights(client: "RemoteClient") -> str:
    return f"{', '.join(sorted(client.commands))} at {', '.join(client.doors) or 'all doors'}"


def _shown(client: "RemoteClient") -> dict[str, object]:
    """For JSON, without what is secret."""
    return {
        "name": client.name,
        "id": client.uid,
        "kind": client.kind,
        "commands": sorted(client.commands),
        "doors": list(client.doors),
        "since": client.made_at,
        "failed": client.failed,
    }
