"""From the settings of the link to its MQTT wire."""

from collections.abc import Iterator

from device.link.mqtt.wire import MqttWire
from device.link.settings.tables import LinkSettings
from device.link.wires import Integration


def mqtt_integrations(settings: LinkSettings) -> Iterator[Integration]:
    """One if a broker is named. Raises `ConfigError`."""
    if settings.mqtt.host:
        yield Integration("mqtt", MqttWire(settings.mqtt), names=settings.mqtt.names)
