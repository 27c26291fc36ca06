"""What others publish at a broker is bounded before it reaches the link, which has 256 MB for all integrations."""

from pathlib import Path

import pytest

from device.link.mqtt.broker import broker_of
from device.link.mqtt.connection import Connection, Received
from device.link.settings.mqtt import MqttSettings
from tests.device.link.mqtt.listening import listening
from tests.mosquitto import NEEDS_MOSQUITTO, mosquitto
from tests.waiting import until


@NEEDS_MOSQUITTO
@pytest.mark.parametrize("retain", [False, True])
def test_huge_publication_never_reaches_the_link(tmp_path: Path, retain: bool) -> None:
    """The broker is asked to keep back what is larger than 128 KiB; what comes behind it comes."""
    from paho.mqtt.publish import single

    came: list[Received] = []
    with mosquitto(tmp_path) as broker, listening(broker, "nothing"):
        settings = MqttSettings(host="127.0.0.1", port=broker.port, tls=False)
        link = Connection(broker_of(settings), "link", received=came.append)
        link.open()
        link.subscribe("command")
        for payload in (b"x" * 2_000_000, b"small"):
            single("command", payload, qos=1, retain=retain, hostname="127.0.0.1", port=broker.port)
        until(lambda: b"small" in [one.payload for one in came])
        still_open = link.is_open
        link.close()
    assert ([len(one.payload) for one in came], still_open) == ([5], True)
