"""Another program at the broker, as Home Assistant is: what it hears, by topic, in order."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from tests.mosquitto import Mosquitto
from tests.waiting import until


class Listener:
    """Subscribes to everything, and comes back by itself where its session is kept."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self.joined = threading.Event()

    def on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload), message.retain))

    def topics(self) -> list[str]:
        return [topic for topic, _, _ in self.heard]

    def payloads(self, topic: str) -> list[bytes]:
        return [payload for one, payload, _ in self.heard if one == topic]

    def until(self, topic: str, payload: bytes) -> None:
        """Waits until that is the newest there."""
        until(lambda: self.payloads(topic)[-1:] == [payload])


@contextlib.contextmanager
def listening(broker: Mosquitto, *filters: str) -> Iterator[Listener]:
    listener = Listener()
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.on_message = listener.on_message
    client.on_connect = lambda *_: client.subscribe([(one, 1) for one in filters or ("#",)]) and None
    client.on_subscribe = lambda *_: listener.joined.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    assert listener.joined.wait(30)
    try:
        yield listener
    finally:
        client.disconnect()
        client.loop_stop()


def publish(broker: Mosquitto, topic: str, payload: bytes, *, retain: bool = False) -> None:
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.publish(topic, payload, 1, retain).wait_for_publish(30)
    client.disconnect()
    client.loop_stop()
