"""`kill -9` of the link and of the broker at any moment: no event is lost, and none is applied twice."""

import contextlib
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from device.control.client import FILE_NAME
from device.link.cursor import Cursor, Mark, Place
from tests.device.control.ledger import Ledger, serving
from tests.device.link.mqtt.listening import listening
from tests.mosquitto import NEEDS_MOSQUITTO, Mosquitto, mosquitto
from tests.processes import started
from tests.waiting import until

pytestmark = NEEDS_MOSQUITTO
ROOT = Path(__file__).parents[4]
LINES = ("allow_anonymous true", "max_queued_messages 0", "autosave_on_changes false")
START = "from device.cli.main import main; main()"


class Consumer:
    """Applies each key once, and keeps its session at the broker."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.seen: set[str] = set()
        self.received = 0

    def on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        said = json.loads(message.payload)
        self.received += 1
        if said["uid"] not in self.seen:
            self.seen.add(said["uid"])
            self.numbers.append(said["id"])


@contextlib.contextmanager
def consuming(broker: Mosquitto) -> Iterator[Consumer]:
    consumer, joined = Consumer(), threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, client_id="consumer", protocol=MQTTv5)
    client.reconnect_delay_set(0.05, 0.05)  # type: ignore[arg-type]
    client.on_message = consumer.on_message
    client.on_connect = lambda *_: client.subscribe([("lintel/+/+/access/+", 1), ("lintel/+/+/event/+", 1)]) and None
    client.on_subscribe = lambda *_: joined.set()
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600
    client.connect("127.0.0.1", broker.port, clean_start=False, properties=properties)
    client.loop_start()
    assert joined.wait(30)
    try:
        yield consumer
    finally:
        client.disconnect()
        client.loop_stop()


@contextlib.contextmanager
def link(folder: Path, broker: Mosquitto) -> Iterator["subprocess.Popen[str]"]:
    """`lintel link run`, until it is killed."""
    settings = folder / "link.toml"
    settings.write_text(
        f'[link]\nsocket = "{folder / FILE_NAME}"\nstate_dir = "{folder}"\n'
        f'[link.mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\ntls = false\n'
    )
    command = [sys.executable, "-c", START, "link", "run", "--config", str(settings)]
    with started(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield process


def test_a_killed_link_and_a_killed_broker_lose_nothing(tmp_path: Path) -> None:
    ledger = Ledger(300)
    service = serving(tmp_path / FILE_NAME, ledger)
    Cursor(tmp_path, "mqtt").write(Place((Mark(0),)))
    with mosquitto(tmp_path, *LINES) as broker, consuming(broker) as consumer:
        with link(tmp_path, broker) as process:
            until(lambda: len(consumer.numbers) >= 50)
            process.kill()
        with link(tmp_path, broker):
            until(lambda: len(consumer.numbers) >= 300)
            broker.kill()
            ledger.add(300)
            broker.start()
            until(lambda: len(consumer.numbers) >= 600)
    service.close()
    assert sorted(consumer.numbers) == list(range(1, 601))


def test_without_its_service_a_door_is_offline_within_ten_seconds(tmp_path: Path) -> None:
    service = serving(tmp_path / FILE_NAME, Ledger())
    topic = "lintel/home/main/available"
    with mosquitto(tmp_path, *LINES) as broker, listening(broker, topic) as listener, link(tmp_path, broker):
        listener.until(topic, b"online")
        service.close()
        began = time.monotonic()
        listener.until(topic, b"offline")
        assert time.monotonic() - began < 10.0


@pytest.mark.slow(small="test_a_killed_link_and_a_killed_broker_lose_nothing")
def test_ten_thousand_events_come_once_through_kills(tmp_path: Path) -> None:
    """Twenty kills of each, at random moments while events come."""
    chance, ledger = random.Random(17), Ledger()
    service = serving(tmp_path / FILE_NAME, ledger)
    Cursor(tmp_path, "mqtt").write(Place((Mark(0),)))
    ended = threading.Event()

    def write() -> None:
        for _ in range(1_000):
            ledger.add(10)
            time.sleep(0.05)
        ended.set()

    writer = threading.Thread(target=write)
    with mosquitto(tmp_path, *LINES) as broker, consuming(broker) as consumer:
        writer.start()
        kills = 0
        while not ended.is_set() or kills < 20:
            with link(tmp_path, broker) as process:
                time.sleep(chance.uniform(1.5, 4.0))
                broker.kill()
                time.sleep(chance.uniform(0.0, 0.5))
                broker.start()
                time.sleep(chance.uniform(2.5, 4.0))
                process.kill()
                kills += 1
        writer.join()
        with link(tmp_path, broker):
            until(lambda: len(consumer.numbers) >= 10_000)
    service.close()
    print(f"{kills} kills of each, {consumer.received} received")
    assert sorted(consumer.numbers) == list(range(1, 10_001))
