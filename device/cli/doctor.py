"""`lintel doctor`: one page on the health of this machine."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.errors import ConfigError, DoorError, LintelError
from device.terminal import say

if TYPE_CHECKING:
    from device.appliance.machine import Machine
    from device.appliance.page import Line
    from device.records import DoorStatus
    from device.settings.tables import Settings
    from device.store.store import Store


@click.command(
    epilog="""\b
Examples:
  lintel doctor
  lintel doctor --json

\b
Exit codes: 0 all green or amber, 15 something is red."""
)
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> int:
    """Examine this machine: a line for each thing, green, amber or red, with what to do about it.

    Changes nothing. Asks the running service if there is one, and needs no root then for a member of its group. Codes
    of lines stay as they are, for fleets. docs/doctor.md explains each.
    """
    from device.appliance.checks import examined
    from device.appliance.page import exit_code, worst

    with _machine(context) as machine:
        lines = examined(machine)
    if as_json:
        print_json({"light": worst(lines), "simulated": machine.is_simulated, "lines": lines})
    else:
        for line in lines:
            _show(line)
        say(f"\n{worst(lines)}: {sum(bool(line.hint) for line in lines)} of {len(lines)} lines need a look.")
    return exit_code(lines)


def _show(line: "Line") -> None:
    say(f"{line.light:5}  {line.code}{f' ({line.about})' if line.about else ''}: {line.what}.")
    if line.hint:
        say(f"       What to do: {line.hint}")


@contextmanager
def _machine(context: click.Context) -> "Iterator[Machine]":
    """The store is never made here, and not being allowed to open it is a line of the page; so are wrong settings."""
    from device.appliance.machine import Machine
    from device.clock import SystemClock
    from device.settings.tables import Settings

    with ExitStack() as stack:
        doors, why = _doors(context)
        unasked, hint = (why.message, why.hint) if why else ("", "")
        try:
            settings = settings_of(context)
        except ConfigError as wrong:
            nothing = Machine(Settings(), None, SystemClock(), doors, "", unasked, hint, wrong)
            yield nothing
            return
        store, no_store = _store(stack, settings)
        yield Machine(settings, store, SystemClock(), doors, no_store, unasked, hint)


def _store(stack: ExitStack, settings: "Settings") -> "tuple[Store | None, str]":
    """The store if it is there and may be opened; else why not."""
    from device.probing import store as looked_at
    from device.settings.loading import state_dir
    from device.store.database import FILE_NAME

    try:
        found = looked_at(settings)
        if found.trouble:
            return None, found.trouble
        if not (state_dir(settings) / FILE_NAME).exists():
            return None, ""
        return stack.enter_context(open_store(settings)), ""
    except (LintelError, OSError) as error:
        return None, str(error)


def _doors(context: click.Context) -> "tuple[tuple[DoorStatus, ...] | None, DoorError | None]":
    """What the service says of its doors, None without one; and why one that listens can't be asked."""
    from device.cli.forwarding import ASKED_S, found_hung
    from device.control.client import ask_doors, control_socket

    if hung := found_hung(context):
        return None, hung
    socket = control_socket()
    try:
        return (ask_doors(socket, timeout_s=ASKED_S) if socket else None), None
    except DoorError as error:
        return None, error
