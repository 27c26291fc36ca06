"""Which integrations there are: from the settings of the link to its wires."""

from collections.abc import Callable, Iterable

from device.errors import ConfigError
from device.link.commands.integration import command_integrations
from device.link.mqtt.integration import mqtt_integrations
from device.link.prometheus.integration import prometheus
from device.link.settings.tables import LinkSettings
from device.link.syslog.integration import syslog
from device.link.webhooks.integration import webhooks
from device.link.wires import Integration

MAKERS: tuple[Callable[[LinkSettings], Iterable[Integration]], ...] = (
    mqtt_integrations,
    command_integrations,
    webhooks,
    prometheus,
    syslog,
)
"""One for each kind: makes what its part of the settings asks for, and connects to nothing."""


def integrations_of(settings: LinkSettings) -> tuple[Integration, ...]:
    """All that the settings ask for, by names of their own. Raises `ConfigError`."""
    made = tuple(one for make in MAKERS for one in make(settings))
    names = [one.name for one in made]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"Two integrations have the name {twice[0]}.", hint="Give each a name of its own.")
    return made
