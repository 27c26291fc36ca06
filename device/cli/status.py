"""`lintel status`: the running service on one page."""

from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, print_json
from device.errors import DoorError
from device.terminal import say

if TYPE_CHECKING:
    from device.control.messages import Doors


@click.command(
    epilog="""\b
Examples:
  lintel status
  lintel status --json

\b
Exit codes: 0 it answers, 7 no service answers."""
)
@json_option
def status(as_json: bool) -> None:
    """See how the service is: doors, missing parts, counters, how long people wait, alarms.

    Counters begin with the service. Percentiles are of the newest 1,000 times from a badge to its relay, exact ones.
    Nothing here names a person or a badge, or shows duress. docs/status.md explains each line.
    """
    from device.cli.text.service_status import service_json, service_lines

    answer = _asked()
    if as_json:
        print_json(service_json(answer.service, answer.doors))
    else:
        say("\n".join(service_lines(answer.service, answer.doors)))


def _asked() -> "Doors":
    """Raises `DoorError` if no service answers."""
    from device.control.client import Client, control_socket
    from device.control.messages import Doors, Status

    socket = control_socket()
    answer = Client(socket).ask(Status(), Doors) if socket else None
    if answer is None:
        raise DoorError(
            "No service answers, so the doors are not looked after.",
            hint="Start it: `sudo systemctl start lintel`; `lintel doctor` looks at the machine without it.",
        )
    return answer
