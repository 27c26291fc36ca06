"""From the settings of the link to the wire of commands."""

from collections.abc import Iterator
from pathlib import Path

from device.link.commands.wire import CommandWire
from device.link.settings.tables import LinkSettings
from device.link.wires import Integration


def command_integrations(settings: LinkSettings) -> Iterator[Integration]:
    """One if commands are on. Raises `ConfigError`."""
    if settings.commands.are_on:
        yield Integration("commands", CommandWire(settings.mqtt, settings.commands, Path(settings.socket)))
