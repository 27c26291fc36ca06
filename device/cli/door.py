"""`lintel door`: the doors by hand. Securing imports no more than it needs, so that nothing else can prevent it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.cli.completion import complete_door
from device.errors import DoorError
from device.terminal import say

if TYPE_CHECKING:
    from device.records import DoorCommand, DoorStatus

_EVACUATED = "stays released: the door is evacuated until `lintel door clear`."
_UNITS_S = {"s": 1, "m": 60, "h": 3600}
MOST_S = 24 * 3600
"""The longest release that can be commanded, seconds."""
SECURE_S = 1.0
"""After this time without an answer, a service that has the pins hangs, seconds."""


class Seconds(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """A time as people write it: `90s`, `30m`, `2h`."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """In seconds, more than 0 and up to a day; or a mistake on the command line."""
        if isinstance(value, float):
            return value
        number, unit = str(value)[:-1], str(value)[-1:]
        seconds = int(number) * _UNITS_S[unit] if number.isascii() and number.isdigit() and unit in _UNITS_S else 0
        if not 0 < seconds <= MOST_S:
            self.fail(f"{value!r} is not a time, expected as 90s, 30m or 2h, up to 24h", param, ctx)
        return float(seconds)


door_option = click.option(
    "--door", "name", metavar="NAME", shell_complete=complete_door, help="The door; without it, all doors."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")


@click.group(
    epilog="Exit codes: 0 done, 1 a door did not carry it out, 7 no service answers or a relay cannot be driven."
)
def door() -> None:
    """See the doors and command them by hand.

    All but `secure` ask the running service, which members of the group `lintel` may (docs/operators.md).
    """


@door.command("status")
@door_option
@json_option
def status(name: str | None, as_json: bool) -> None:
    """Show where the doors are: state, wires, outputs, troubles."""
    _print(_asked(None, name), as_json=as_json)


@door.command("release")
@click.option(
    "--door", "name", metavar="NAME", shell_complete=complete_door, help="The door; needed if there are several."
)
@click.option(
    "--for",
    "for_s",
    type=Seconds(),
    metavar="TIME",
    default=0.0,
    help="Hold it released for a time, as 90s, 30m or 2h, up to 24 hours.",
)
@json_option
def release(name: str | None, for_s: float, as_json: bool) -> int:
    """Release a door once, as a grant does, or for a time; it is in the audit.

    What ends it before its time: `secure`, a lockdown, an evacuation, a fault, the beginning of a scheduled lock, and
    the end of the service, as no one counts the time then.
    """
    return _commanded("release", name, as_json=as_json, for_s=for_s)


@door.command("lockdown")
@door_option
@json_option
def lockdown(name: str | None, as_json: bool) -> int:
    """Keep the doors locked for everyone until `clear`."""
    return _commanded("lockdown", name, as_json=as_json)


@door.command("evacuate")
@door_option
@json_option
def evacuate(name: str | None, as_json: bool) -> int:
    """Release the doors for everybody, until `clear`."""
    return _commanded("evacuate", name, as_json=as_json)


@door.command("clear")
@door_option
@json_option
def clear(name: str | None, as_json: bool) -> int:
    """End a lockdown, an evacuation, or an alarm whose cause is gone."""
    return _commanded("clear", name, as_json=as_json)


@door.command("secure")
@door_option
@click.option("--even-evacuated", is_flag=True, help="Lock evacuated doors too, until the service starts again.")
@json_option
@click.pass_context
def secure(context: click.Context, name: str | None, even_evacuated: bool, as_json: bool) -> int:
    """Drive the relays to locked and all other outputs to off, and leave them there.

    If the service runs and has the pins, it ends its releases. Otherwise they are driven from here: the service's unit
    runs this before every start and after every stop, also after a crash, as a GPIO pin keeps its level when its
    process dies. It locks the relays of the settings and those that `lintel run` drove last, if they are others; if
    the settings are wrong, the latter alone. Outputs are those driven last: an alarm shunt does not stay on. A door
    that is evacuated stays released: `clear` ends that, or where no service runs, --even-evacuated.
    """
    path, _ = context.find_root().obj
    try:
        return _pins_secured(path, name, even_evacuated=even_evacuated, as_json=as_json)
    except Exception as error:  # whatever it is, a service that runs may still be able to
        doors = _service_secured(name)
        if doors is None:
            raise error from None
    return _told("secure", doors, as_json=as_json)


def _service_secured(name: str | None) -> "tuple[DoorStatus, ...] | None":
    """What the service says; None if none runs, or if it says nothing, and then why."""
    try:
        return _asked_to_secure(name)
    except DoorError as error:
        say(f"Warning: {error.message}", err=True)
    return None


def _asked_to_secure(name: str | None) -> "tuple[DoorStatus, ...] | None":
    """What the service says; None if none runs. Raises `DoorError`."""
    from device.control.client import ask_doors, control_socket
    from device.records import DoorCommand

    socket = control_socket()
    return ask_doors(socket, DoorCommand.SECURE, name, timeout_s=SECURE_S) if socket else None


def _pins_secured(path: Path | None, name: str | None, *, even_evacuated: bool, as_json: bool) -> int:
    """What this takes to load is what a door stays released for after its process was killed. Raises `DoorError`."""
    from device.door.securing.evacuated import evacuated_doors
    from device.door.securing.relays import known_wires
    from device.door.securing.secure import secure_all

    known = known_wires(path, lambda warning: say(f"Warning: {warning}", err=True))
    here = known.at(name)
    if not here.relays:
        names = ", ".join(sorted({relay.name for relay in known.relays}))
        raise DoorError(f"There is no door {name!r}.", hint=f"Name one with --door: {names}.")
    evacuated = evacuated_doors(path, () if even_evacuated else {relay.name for relay in here.relays})
    left = secure_all(here.relays, here.outputs, chip=known.chip, evacuated=evacuated, given_up=known.given_up)
    if left and (doors := _asked_about(left, name)) is not None:
        return _told("secure", doors, as_json=as_json)
    for pin in sorted(left):
        say(f"Warning: GPIO {pin}, no relay of the settings: another program has it. It is left alone.", err=True)
    driven = here.without(left)
    if as_json:
        from device.cli.context import print_json

        print_json([{"door": one.name, "pin": one.pin, "released": one.name in evacuated} for one in driven.relays])
        return 0
    for relay in driven.relays:
        say(f"The relay on GPIO {relay.pin} {_EVACUATED if relay.name in evacuated else 'is secured.'}")
    for output in driven.outputs:
        say(f"The {output.signal} on GPIO {output.pin} is off.")
    return 0


def _asked_about(pins: frozenset[int], name: str | None) -> "tuple[DoorStatus, ...] | None":
    """What the service says, which may have these pins by settings that were changed since it began; None if none runs.

    Raises `DoorError`.
    """
    try:
        return _asked_to_secure(name)
    except DoorError as error:
        held = ", ".join(f"GPIO {pin}" for pin in sorted(pins))
        raise DoorError(
            f"{held}, no relay of the settings, may be the service's, and that can't end its release: {error.message}",
            hint=error.hint,
        ) from None


def _asked(command: "DoorCommand | None", name: str | None, for_s: float = 0.0) -> "tuple[DoorStatus, ...]":
    from device.control.client import ask_doors, control_socket

    socket = control_socket()
    doors = ask_doors(socket, command, name, for_s=for_s) if socket else None
    if doors is None:
        raise DoorError(
            "No service answers, so the doors are not looked after.",
            hint="Start it: `sudo systemctl start lintel`. Without it, `lintel door secure` locks them.",
        )
    return doors


def _commanded(command: str, name: str | None, *, as_json: bool, for_s: float = 0.0) -> int:
    from device.records import DoorCommand

    return _told(command, _asked(DoorCommand(command), name, for_s), as_json=as_json)


def _told(command: str, doors: "tuple[DoorStatus, ...]", *, as_json: bool) -> int:
    """Shows the doors, and says which of them did not carry the command out, and why."""
    from device.cli.text.door_status import refusal
    from device.records import DoorCommand

    _print(doors, as_json=as_json)
    refusals = [words for one in doors if (words := refusal(one, DoorCommand(command)))]
    for words in refusals:
        say(words, err=True)
    return 1 if refusals else 0


def _print(doors: "tuple[DoorStatus, ...]", *, as_json: bool) -> None:
    from device.cli.context import print_json
    from device.cli.text.door_status import status_json, status_lines
    from device.clock import SystemClock

    now = SystemClock().monotonic()  # the same for every process of a machine
    if as_json:
        print_json([status_json(one, now) for one in doors])
        return
    for one in doors:
        say("\n".join(status_lines(one, now)))
