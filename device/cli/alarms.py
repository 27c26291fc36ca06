"""`lintel alarms`: what somebody has to have seen."""

from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.commandline import Printable
from device.terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.control.alarm_messages import Acknowledge, ListAlarms
    from device.records import Alarm

_EXIT_CODES = "Exit codes: 0 done, 7 no such alarm, no name, or this user may not ask, 8 database."


@click.group(invoke_without_command=True, epilog=_EXIT_CODES)
@click.pass_context
def alarms(context: click.Context) -> None:
    """List open alarms, and acknowledge them by name.

    A door that is forced or held open, tampering, duress and troubles are alarms: each stays open, also over a restart,
    until a named operator acknowledges it with a word why. That clears no door: see `lintel door clear`. Duress is
    shown to auditors and admins alone.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_alarms)


@alarms.command("list", epilog="Exit codes: 0 done, 7 this user may not ask, 8 database.")
@json_option
@click.pass_context
def list_alarms(context: click.Context, as_json: bool = False) -> None:
    """List open alarms, the oldest first."""
    from device.control.alarm_messages import ListAlarms

    found = _asked(context, ListAlarms())
    if as_json:
        print_json(found)
        return
    for alarm in found:
        say(_line(alarm))
    if not found:
        say("No alarm is open.", err=True)


@alarms.command(
    "acknowledge",
    epilog="""\b
Example:
  lintel alarms acknowledge 4711 --why "delivery, door closed again"

\b
Exit codes: 0 done, 7 no such alarm, no name, or this user may not ask, 8 database.""",
)
@click.argument("number", type=click.IntRange(1), metavar="ID")
@click.option("--why", type=Printable(), required=True, help="Why that is enough; it is in the audit.")
@json_option
@click.pass_context
def acknowledge(context: click.Context, number: int, why: str, as_json: bool) -> None:
    """Acknowledge an open alarm, by your name as the kernel knows it."""
    from device.control.alarm_messages import Acknowledge

    closed = _asked(context, Acknowledge(alarm=number, why=why))
    if as_json:
        print_json(closed)
        return
    for alarm in closed:
        say(f"Acknowledged: {_line(alarm)}")


def _asked(context: click.Context, request: "ListAlarms | Acknowledge") -> "tuple[Alarm, ...]":
    """By the service; without one, of the store that this user can open."""
    from device.control.alarm_messages import OpenAlarms
    from device.control.client import Client, control_socket

    socket = control_socket()
    answer = Client(socket).ask(request, OpenAlarms) if socket else None
    return answer.alarms if answer is not None else tuple(_directly(context, request))


def _directly(context: click.Context, request: "ListAlarms | Acknowledge") -> "Iterator[Alarm]":
    """As an admin, which is whoever can open the store's files."""
    from device.alarms import AlarmDesk
    from device.cli.acting import myself
    from device.clock import SystemClock
    from device.control.alarm_messages import Acknowledge

    with open_store(settings_of(context)) as store:
        desk: AlarmDesk = AlarmDesk(store, SystemClock())
        if isinstance(request, Acknowledge):
            yield desk.acknowledge(myself(), request.alarm, request.why)
        else:
            yield from desk.open_ones(myself())


def _line(alarm: "Alarm") -> str:
    place = " ".join(f"{kind} {name}" for kind, name in (("door", alarm.door), ("reader", alarm.reader)) if name)
    again = f", {alarm.times} times until {alarm.last_at:%Y-%m-%d %H:%M:%S} UTC" if alarm.times > 1 else ""
    return f"{alarm.id:>5}  {alarm.at:%Y-%m-%d %H:%M:%S} UTC  {alarm.kind}  {alarm.event}  {place}{again}".rstrip()
