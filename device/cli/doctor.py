"""`lintel doctor`: one page on the health of this machine."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.errors import DoorError, LintelError
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
Exit codes: 0 all green or amber, 3 settings, 15 something is red."""
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

    with _machine(settings_of(context)) as machine:
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
def _machine(settings: "Settings") -> "Iterator[Machine]":
    """The store is never made here, and not being allowed to open it is a line of the page."""
    from device.appliance.machine import Machine
    from device.clock import SystemClock

    with ExitStack() as stack:
        store, why = _store(stack, settings)
        doors, unasked = _doors()
        yield Machine(settings, store, SystemClock(), doors, why, unasked)


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


def _doors() -> "tuple[tuple[DoorStatus, ...] | None, str]":
    """What the service says of its doors, None without one; and why one that listens can't be asked."""
    from device.control.client import ask_doors, control_socket

    socket = control_socket()
    try:
        return (ask_doors(socket) if socket else None), ""
    except DoorError as error:
        return None, error.message
