"""From the settings of the link to its MQTT wire."""

from collections.abc import Iterator
from functools import partial

from device.link.commands.components import components
from device.link.commands.heard import CommandTopics
from device.link.mqtt.topics import Topics
from device.link.mqtt.wire import MqttWire
from device.link.settings.tables import LinkSettings
from device.link.wires import Integration


def mqtt_integrations(settings: LinkSettings) -> Iterator[Integration]:
    """One if a broker is named. Raises `ConfigError`."""
    if settings.mqtt.host:
        topics = CommandTopics(Topics(settings.mqtt.site, settings.mqtt.controller))
        more = partial(components, topics=topics, settings=settings.commands)
        yield Integration("mqtt", MqttWire(settings.mqtt, more), names=settings.mqtt.names)
