"""The access list in docs/mqtt.md at a real Mosquitto: enough for the link, and no duress on the hall's screen."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from device.link.mqtt.connection import PublicationRefused
from device.link.mqtt.wire import MqttWire
from device.link.settings.mqtt import MqttSettings
from tests.device.link.mqtt.examples import door, granted
from tests.mosquitto import NEEDS_MOSQUITTO, Mosquitto, mosquitto
from tests.waiting import until

pytestmark = NEEDS_MOSQUITTO
PAGE = (Path(__file__).parents[4] / "docs" / "mqtt.md").read_text(encoding="utf-8")
(ACL,) = re.findall(r"```text\n(user lintel\n.*?)```", PAGE, re.DOTALL)
PASSWORD = "of all three"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with with_list(tmp_path, ACL) as one:
        yield one


@contextmanager
def with_list(tmp_path: Path, rights: str) -> Iterator[Mosquitto]:
    passwords, acl = tmp_path / "passwords", tmp_path / "acl"
    passwords.touch()
    acl.write_text(rights)
    for user in ("lintel", "homeassistant", "hall"):
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), user, PASSWORD], check=True)
    with mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords}", f"acl_file {acl}") as one:
        yield one


def heard(broker: Mosquitto, user: str, into: list[str]) -> Client:
    """A client of a user that hears all it may."""
    joined = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.username_pw_set(user, PASSWORD)
    client.on_message = lambda _client, _data, message: into.append(message.topic)
    client.on_connect = lambda *_: client.subscribe([("lintel/home/#", 1), ("homeassistant/#", 1)]) and None
    client.on_subscribe = lambda *_: joined.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    assert joined.wait(30)
    return client


def wire_to(broker: Mosquitto, tmp_path: Path) -> MqttWire:
    password = tmp_path / "password"
    password.touch(0o600)
    password.write_text(PASSWORD)
    values = {"host": "127.0.0.1", "port": broker.port, "tls": False, "user": "lintel", "password": str(password)}
    return MqttWire(MqttSettings(**values))  # type: ignore[arg-type]


def test_one_refused_topic_holds_up_no_alarm_behind_it(tmp_path: Path) -> None:
    """The broker lets the link write anything but duress: what it takes comes once, duress is left out at the fifth."""
    rights = ACL.replace("user lintel\n", "user lintel\ntopic deny lintel/home/+/access/duress\n", 1)
    events = [granted(1, reason="duress", plain_reason="pin"), granted(2)]
    house: list[str] = []
    with with_list(tmp_path, rights) as broker:
        wire, client = wire_to(broker, tmp_path), heard(broker, "homeassistant", house)
        for _ in range(4):
            wire.open()
            with pytest.raises(PublicationRefused, match="not authorized"):
                wire.deliver(events)
            wire.close()
        wire.open()
        wire.deliver(events)
        wire.deliver([granted(3)])
        until(lambda: house.count("lintel/home/main/access/granted") == 3)
        wire.close()
        client.disconnect()
        client.loop_stop()
    assert [topic for topic in house if "duress" in topic] == []


def test_the_list_lets_each_read_and_write_what_it_should(broker: Mosquitto, tmp_path: Path) -> None:
    wire = wire_to(broker, tmp_path)
    house: list[str] = []
    hall: list[str] = []
    clients = heard(broker, "homeassistant", house), heard(broker, "hall", hall)
    assert "read back" in wire.check()
    wire.open()
    wire.show((door(),))
    wire.deliver([granted(1, reason="duress", plain_reason="pin"), granted(2)])
    until(lambda: house.count("lintel/home/main/access/granted") == hall.count("lintel/home/main/access/granted") == 2)
    wire.close()
    for client in clients:
        client.disconnect()
        client.loop_stop()
    assert "lintel/home/main/access/duress" in house
    assert "homeassistant/device/lintel_home_main/config" in house
    assert [topic for topic in hall if "duress" in topic or "homeassistant" in topic] == []
