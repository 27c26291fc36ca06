"""`lintel link`: the process that carries events out of the house, and what there is to know of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, print_json
from device.commandline import FilePath, LazyGroup
from device.terminal import put, put_toml, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from device.link.checking import Checkup
    from device.link.health import Condition, Report

COMMANDS = {
    "run": ("device.cli.link:run", "Carry events to each integration, until it is stopped."),
    "status": ("device.cli.link:status", "Say how each integration is."),
    "check": ("device.cli.link:check", "Prove each integration, and say what to do."),
    "config": ("device.cli.link:show_config", "Show the link's settings."),
    "token": ("device.cli.remote_clients:token", "Let clients in that sign their commands."),
    "code": ("device.cli.remote_clients:code", "Give users of Home Assistant codes."),
    "keygen": ("device.cli.remote_sign:keygen", "Make a key for a client that signs commands."),
    "webhook-secret": ("device.cli.webhook_secret:webhook_secret", "Make the signing secret of a webhook."),
    "sign": ("device.cli.remote_sign:sign", "Sign a command, and print the token."),
}
config_option = click.option(
    "--config",
    "path",
    type=FilePath(),
    envvar="LINTEL_LINK_CONFIG",
    help="Settings file of the link (TOML), instead of /etc/lintel/link.toml.",
)


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    epilog="""\b
Examples:
  lintel link config --defaults > link.toml
  lintel link check
  lintel link status --json

\b
Exit codes: 0 done, 1 something isn't well, 3 settings, 14 the link isn't running, or an integration.""",
)
def link() -> None:
    """Carry events out of the house: to MQTT, webhooks, metrics and logs.

    A process of its own with a network of its own, as the doors have none. docs/link.md says what leaves the house.
    """


@click.command(
    epilog="Exit codes: 0 stopped on request, 3 settings, or no integration in them, 14 no folder for its files, "
    "or another link that uses it."
)
@config_option
def run(path: Path | None) -> None:
    """Carry events to each integration that the settings name, until Ctrl-C or SIGTERM.

    Each row of the audit goes out in its order and at least once, also over restarts of the link, the doors' service
    and the far side. An integration begins with what happens after its first start. Nothing here can delay a door.
    """
    from device.clock import Stop
    from device.link.integrations import integrations_of
    from device.link.places import folders_of
    from device.link.process import Link
    from device.link.settings.loading import load_link
    from device.signals import stopped_by_signals

    settings, stop = load_link(path), Stop()
    link = Link(
        integrations_of(settings), Path(settings.socket), folders_of(settings), lambda line: say(line, err=True)
    )
    with stopped_by_signals(stop):
        link.run(stop)


@click.command(epilog="Exit codes: 0 all is well, 1 something isn't, 3 settings, 14 the link isn't running.")
@config_option
@json_option
@click.pass_context
def status(context: click.Context, path: Path | None, as_json: bool) -> None:
    """Say of each integration whether it is connected, how far it has come, and what to do if it fails."""
    from device.link.health import read_report
    from device.link.places import folders_of
    from device.link.settings.loading import load_link

    report = read_report(folders_of(load_link(path)).runtime)
    if as_json:
        print_json(report)
    else:
        for line in _status_lines(report):
            put(line)
    context.exit(int(bool(report.service) or any(one.error or not one.connected for one in report.integrations)))


@click.command(epilog="Exit codes: 0 all is proved, 1 something isn't, 3 settings, or no integration in them.")
@config_option
@json_option
@click.pass_context
def check(context: click.Context, path: Path | None, as_json: bool) -> None:
    """Prove the doors' service and each integration from this machine: connect, send, read back where that is possible.

    Run it as the link's user with the unit's secrets, as docs/link.md says, or as root. No door's event is sent.
    """
    from device.link.checking import checked
    from device.link.integrations import integrations_of
    from device.link.settings.loading import load_link

    settings = load_link(path)
    found = checked(integrations_of(settings), Path(settings.socket))
    if as_json:
        print_json(found)
    else:
        _show_checkups(found)
    context.exit(int(not all(one.is_proved for one in found)))


@click.command("config", epilog="Exit codes: 0 done, 3 the settings are wrong.")
@config_option
@click.option("--defaults", is_flag=True, help="The defaults, without a look at any settings file.")
@json_option
def show_config(path: Path | None, defaults: bool, as_json: bool) -> None:
    """Show the link's settings in force, as TOML with their meaning: a file to start from.

    Secrets aren't in it: settings name credentials or files. What an address holds of them is shown as ***.
    """
    from device.link.settings.loading import load_link, shown
    from device.link.settings.tables import LinkFile, LinkSettings
    from device.settings.writing import toml_lines

    settings = shown(LinkSettings() if defaults else load_link(path))
    if as_json:
        print_json(settings)
    else:
        put_toml("".join(f"{line}\n" for line in toml_lines(settings, root=LinkFile)))


def _status_lines(report: "Report") -> "Iterator[str]":
    if report.service:
        yield report.service
    for one in report.integrations:
        yield f"{one.name}: {_condition(one)}"
        if one.error:
            yield f"  {one.error}"
            yield f"  What to do: {one.hint}"


def _condition(one: "Condition") -> str:
    how = "connected" if one.connected else "not connected"
    row = "not begun" if one.row is None else f"at row {one.row}"
    behind = "" if not one.behind else f", {one.behind} behind"
    return f"{how}, {row}{behind}, {one.delivered} sent since the start"


def _show_checkups(found: "Sequence[Checkup]") -> None:
    for one in found:
        put(f"{one.name}: {'proved' if one.is_proved else 'failed'}. {one.words}")
        if one.hint:
            put(f"  What to do: {one.hint}")
