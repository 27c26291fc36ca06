"""The wire at a real Mosquitto: acknowledged before it returns, states retained, doors announced and removed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.errors import ConfigError, LinkError
from device.link.mqtt.wire import MqttWire
from device.link.settings.mqtt import MqttSettings
from device.records import DoorState
from tests.device.link.mqtt.examples import door, granted
from tests.device.link.mqtt.listening import listening, publish
from tests.mosquitto import NEEDS_MOSQUITTO, Mosquitto, mosquitto
from tests.waiting import until

pytestmark = NEEDS_MOSQUITTO
LINK = "lintel/home/_controller/available"
CONFIG = "homeassistant/device/lintel_home_main/config"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as one:
        yield one


def settings(broker: Mosquitto, **values: object) -> MqttSettings:
    return MqttSettings(host="127.0.0.1", port=broker.port, tls=False, **values)  # type: ignore[arg-type]


@pytest.fixture
def wire(broker: Mosquitto) -> Iterator[MqttWire]:
    one = MqttWire(settings(broker))
    one.open()
    yield one
    one.close()


def shown_until(wire: MqttWire, is_so: Callable[[], object]) -> None:
    """Shows a door again and again, as the link does."""

    def shown() -> object:
        wire.show((door(),))
        return is_so()

    until(shown)


def test_events_arrive_in_order_and_are_not_retained(broker: Mosquitto, wire: MqttWire) -> None:
    with listening(broker, "lintel/home/+/access/+") as listener:
        wire.deliver([granted(number) for number in range(1, 51)])
        until(lambda: len(listener.heard) == 50)
    assert [json.loads(payload)["id"] for _, payload, _ in listener.heard] == list(range(1, 51))
    with listening(broker, "lintel/home/+/access/+") as later:
        wire.deliver([granted(51)])
        until(lambda: later.heard)
    assert [json.loads(payload)["id"] for _, payload, _ in later.heard] == [51]


def test_a_door_is_announced_and_its_state_kept(broker: Mosquitto, wire: MqttWire) -> None:
    wire.show((door(state=DoorState.OPEN),))
    with listening(broker) as listener:
        until(lambda: {CONFIG, "lintel/home/main/state", "lintel/home/main/available", LINK} <= set(listener.topics()))
    assert json.loads(listener.payloads("lintel/home/main/state")[0])["state"] == "open"
    assert (listener.payloads("lintel/home/main/available"), listener.payloads(LINK)) == ([b"online"], [b"online"])


def test_a_door_that_is_removed_is_forgotten(broker: Mosquitto, wire: MqttWire) -> None:
    wire.show((door(), door("back")))
    with listening(broker) as listener:
        wire.show((door(),))
        listener.until("homeassistant/device/lintel_home_back/config", b"")
        listener.until("lintel/home/back/state", b"")
        listener.until("lintel/home/back/available", b"")


def test_a_door_removed_while_the_link_was_stopped_is_forgotten(broker: Mosquitto, wire: MqttWire) -> None:
    wire.show((door(), door("back")))
    wire.close()
    wire.open()
    with listening(broker) as listener:
        shown_until(wire, lambda: listener.payloads("homeassistant/device/lintel_home_back/config")[-1:] == [b""])


def test_without_a_service_its_doors_are_offline(broker: Mosquitto, wire: MqttWire) -> None:
    wire.show((door(),))
    with listening(broker) as listener:
        wire.show(())
        listener.until("lintel/home/main/available", b"offline")
        wire.show((door(),))
        listener.until("lintel/home/main/available", b"online")


def test_home_assistant_that_starts_is_answered(broker: Mosquitto, wire: MqttWire) -> None:
    wire.show((door(),))
    with listening(broker, CONFIG) as listener:
        until(lambda: listener.heard)
        publish(broker, "homeassistant/status", b"online")
        shown_until(wire, lambda: len(listener.heard) == 2)
    assert [retained for _, _, retained in listener.heard] == [True, False]


def test_a_link_that_is_closed_is_offline(broker: Mosquitto, wire: MqttWire) -> None:
    with listening(broker) as listener:
        listener.until(LINK, b"online")
        wire.close()
        listener.until(LINK, b"offline")


def test_check_reads_back_what_it_published(broker: Mosquitto) -> None:
    said = MqttWire(settings(broker)).check()
    assert said == f"127.0.0.1:{broker.port} (no TLS): published on lintel/home/_controller/check and read back"


@pytest.mark.parametrize("payload", [b"", b"{", b"[1]", b'["../x", "a/b", "+"]', b"\xff", b"[" * 100_000])
def test_a_list_of_doors_that_was_forged_is_harmless(broker: Mosquitto, payload: bytes) -> None:
    publish(broker, "lintel/home/_forged/doors", payload, retain=True)
    wire = MqttWire(settings(broker, controller="forged", home_assistant=False))
    with listening(broker, "lintel/home/#") as listener:
        wire.open()
        wire.show((door("own"),))
        listener.until("lintel/home/own/available", b"online")
        wire.close()
    named = {topic.split("/")[2] for topic in listener.topics()}
    assert named - {"_forged", "_controller", "own", "main", "back"} == set()


def test_a_second_link_of_the_same_name_is_named(broker: Mosquitto, wire: MqttWire) -> None:
    second = MqttWire(settings(broker))
    second.open()
    with pytest.raises(LinkError, match="it hung up") as raised:
        shown_until(wire, lambda: False)
    second.close()
    assert "give each Pi of the site another `controller`" in raised.value.hint


def test_a_broker_that_is_not_there_is_named(tmp_path: Path) -> None:
    gone = Mosquitto(tmp_path, port=1)
    with pytest.raises(LinkError, match=r"The MQTT broker 127\.0\.0\.1:1 is not there: Connection refused\."):
        MqttWire(settings(gone)).open()


@pytest.mark.parametrize(
    "values",
    [
        {"host": "mqtt.example", "tls": False},
        {"host": "mqtt.example", "password": "mqtt"},
        {"host": "mqtt.example", "cert_file": "/etc/lintel/link.crt"},
        {"host": "127.0.0.1", "tls": False, "ca_file": "/etc/ca.pem"},
    ],
)
def test_settings_that_do_not_fit_together_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"\[link\.mqtt\]"):
        MqttWire(MqttSettings(**values))  # type: ignore[arg-type]
