"""Home Assistant's lock and button, where the owner allows commands: what they send is what the link reads.

Runs beside `entities.py`, in the environment that has Home Assistant.
"""

import json
import subprocess
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from tests.home_assistant.entities import (
    LINTEL,
    ROOT,
    Doors,
    broker,
    entities,
    expected_lingering_timers,
    home,
    state,
    until,
)
from tests.mosquitto import Mosquitto

__all__ = ["broker", "expected_lingering_timers", "home"]
LOCK, BUTTON = "lock.lintel_home_main_command", "button.lintel_home_main_press"
JUDGE = """
import sys, time
from device.link.commands.heard import CommandTopics, request_of
from device.link.mqtt.connection import Received
from device.link.mqtt.topics import Topics
topics = CommandTopics(Topics("home", "controller"))
one = request_of(Received(sys.argv[1], sys.argv[2].encode(), False), topics, time.time())
print(one.door, one.command, one.code)
"""


@pytest.fixture
def doors(broker: Mosquitto) -> Iterator[Doors]:
    command = [LINTEL, "-m", "tests.home_assistant.doors", str(broker.port), "button"]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Doors(process)
        process.kill()


@pytest.fixture
def sent(broker: Mosquitto) -> Iterator[list[tuple[str, str]]]:
    """What comes where commands go."""
    heard: list[tuple[str, str]] = []
    client, joined = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5), threading.Event()

    def came(_client: Client, _data: object, message: MQTTMessage) -> None:
        heard.append((message.topic, message.payload.decode()))

    client.on_message = came
    client.on_connect = lambda *_: client.subscribe("lintel/home/+/+/set") and None
    client.on_subscribe = lambda *_: joined.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    assert joined.wait(30)
    yield heard
    client.disconnect()
    client.loop_stop()


def read_by_the_link(topic: str, payload: str) -> str:
    """The request that the link makes of it."""
    said = subprocess.run([LINTEL, "-c", JUDGE, topic, payload], cwd=ROOT, capture_output=True, text=True, check=True)
    return said.stdout.strip()


def shows(home: HomeAssistant, expected: str) -> bool:
    """Whether the lock is shown so."""
    return state(home, LOCK) == expected


async def test_lock_shows_what_the_door_says(home: HomeAssistant, doors: Doors) -> None:
    await doors.do("open")
    for name, expected in (("locked", "locked"), ("released", "unlocked"), ("fault", "jammed"), ("lockdown", "locked")):
        await doors.do(f"show main:{name}")
        await until(home, partial(shows, home, expected))
    assert {LOCK, BUTTON} <= entities(home)


async def test_unlock_sends_the_code_and_the_time(
    home: HomeAssistant,
    doors: Doors,
    sent: list[tuple[str, str]],
) -> None:
    await doors.do("open")
    await doors.do("show main:locked")
    await until(home, lambda: state(home, LOCK) == "locked")
    for service, command in (("unlock", "release"), ("lock", "secure")):
        await home.services.async_call("lock", service, {"entity_id": LOCK, "code": "01123456"}, blocking=True)
        await until(home, lambda: sent)
        topic, payload = sent.pop()
        assert (topic, json.loads(payload)["command"]) == ("lintel/home/main/lock/set", command)
        assert read_by_the_link(topic, payload) == f"main {command} 01123456"
        assert state(home, LOCK) == "locked"


async def test_code_of_another_form_is_not_sent(
    home: HomeAssistant,
    doors: Doors,
    sent: list[tuple[str, str]],
) -> None:
    await doors.do("open")
    await doors.do("show main:locked")
    await until(home, lambda: state(home, LOCK) == "locked")
    with pytest.raises(ServiceValidationError):
        await home.services.async_call("lock", "unlock", {"entity_id": LOCK, "code": "1234"}, blocking=True)
    assert sent == []


async def test_button_sends_the_time_and_no_code(
    home: HomeAssistant,
    doors: Doors,
    sent: list[tuple[str, str]],
) -> None:
    await doors.do("open")
    await doors.do("show main:locked")
    await until(home, lambda: state(home, BUTTON) == "unknown")
    await home.services.async_call("button", "press", {"entity_id": BUTTON}, blocking=True)
    await until(home, lambda: sent)
    topic, payload = sent.pop()
    assert (topic, set(json.loads(payload))) == ("lintel/home/main/button/set", {"command", "at"})
    assert read_by_the_link(topic, payload) == "main release"
