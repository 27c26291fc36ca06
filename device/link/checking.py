"""Proves each integration once, for `lintel link check`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from device.control.client import Client
from device.control.messages import Doors, Status, Subscribe
from device.errors import ConfigError, LinkError, LintelError
from device.failures import in_words
from device.link.stream import subscribed
from device.link.wires import Checked, Integration, Wire

FIRST_S = 5.0
"""Within this time the service has to say where a subscription begins."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found of one part."""

    name: str
    is_proved: bool
    words: str
    hint: str = ""


def checked(integrations: Sequence[Integration], socket: Path) -> tuple[Checkup, ...]:
    """The doors' service first, then each integration. Raises `ConfigError` without integrations."""
    if not integrations:
        raise ConfigError("The settings name no integration.", hint="See `lintel link config --defaults`.")
    return (_service(socket), *(_integration(one) for one in integrations))


def _service(socket: Path) -> Checkup:
    client = Client(socket)
    try:
        with subscribed(client, Subscribe(last=0)) as stream:
            if not stream.updates(FIRST_S):
                raise LinkError("The door's service says nothing.", hint="`sudo systemctl restart lintel`")
        doors = client.ask(Status(), Doors)
    except LintelError as error:
        return Checkup("service", is_proved=False, words=error.message, hint=error.hint)
    names = ", ".join(door.door for door in doors.doors) if doors else "none"
    return Checkup("service", is_proved=True, words=f"It answers; doors: {names}.")


def _integration(one: Integration) -> Checkup:
    try:
        words = _proved(one.wire)
    except LintelError as error:
        return Checkup(one.name, is_proved=False, words=error.message, hint=error.hint)
    except Exception as error:  # the others are checked all the same
        return Checkup(one.name, is_proved=False, words=f"A bug: {in_words(error)}.", hint="Report it.")
    return Checkup(one.name, is_proved=True, words=words)


def _proved(wire: Wire) -> str:
    """What was proved; of a wire that can't prove more, that it can be opened."""
    if isinstance(wire, Checked):
        return wire.check()
    try:
        wire.open()
    finally:
        with suppress(Exception):
            wire.close()
    return "It can be opened."
