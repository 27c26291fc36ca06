"""`lintel door`: the relay by hand. Imports no more than the relay needs, so that nothing else can keep it released."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.errors import ConfigError, DoorError

if TYPE_CHECKING:
    from device.config import DoorSettings


@click.group(epilog="Exit codes: 0 done, 7 the relay cannot be driven.")
def door() -> None:
    """Secure the door by hand."""


@door.command("secure")
@click.pass_context
def secure(context: click.Context) -> None:
    """Drive the relay to locked, and leave it there.

    The service's unit runs this before every start and after every stop, also after a crash: a GPIO pin keeps its level
    when its process dies. It locks the relay of the settings and the one that `lintel run` drove last, if that is
    another; if the settings are wrong, the latter alone.
    """
    from device.door.gpio import secure_all

    path, _ = context.find_root().obj
    relays = _relays(path)
    secure_all(relays)
    for relay in relays:
        click.echo(f"The relay on GPIO {relay.pin} is secured.")


def _relays(path: Path | None) -> "tuple[DoorSettings, ...]":
    """The relay driven last and that of the settings, each pin once. Raises `DoorError` if there is neither.

    On the polarity of a pin the settings have the last word if they say it; a default is no word, and would release a
    relay that is active at a low level.
    """
    from device.config import load_settings
    from device.door.remembered import remembered

    last = remembered()
    try:
        present = load_settings(path).door
    except ConfigError as error:
        if last is None:
            raise DoorError(
                f"Nothing says which relay to secure, and none was driven since the start. {error.message}",
                hint=f"Mend the settings. {error.hint}",
            ) from None
        click.echo(f"Warning: {error.message} What was driven last is secured.", err=True)
        return (last,)
    stated = _stated(path)
    if last and not stated & {"pin", "active_high"}:
        return (last,)
    if last and last.pin == present.pin and "active_high" not in stated:
        return (last,)
    return tuple({relay.pin: relay for relay in (last, present) if relay}.values())


def _stated(path: Path | None) -> frozenset[str]:
    """What the settings file says of the relay in so many words."""
    import tomllib

    from device.config import DEFAULT_FILE

    file = path or DEFAULT_FILE
    return frozenset(tomllib.loads(file.read_text(encoding="utf-8")).get("door", {})) if file.exists() else frozenset()
