"""docs/mqtt.md says what is: its payloads, topics and settings are those of the code."""

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import mqtt_schema

from device.link.events import LinkEvent
from device.link.mqtt.payloads import messages_of, state_message
from device.link.mqtt.topics import AccessType, Topics
from device.link.mqtt.wire import MqttWire
from device.link.settings.loading import link_settings_in
from device.records import DoorInput, DoorState, DoorStatus, Line, Outputs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mqtt.md").read_text(encoding="utf-8")
EVENT, STATE = re.findall(r"```json\n(.*?)\n```", PAGE)
TOPICS = Topics("home", "front")


def test_the_schema_is_that_of_the_code() -> None:
    assert mqtt_schema.TARGET.read_text(encoding="utf-8") == mqtt_schema.schema(), "run `make docs`"


def test_each_payload_has_its_schema() -> None:
    assert set(json.loads(mqtt_schema.schema())["$defs"]) >= {"EventPayload", "StatePayload", "VersionPayload"}


def test_the_event_on_the_page_is_what_is_published() -> None:
    at = datetime(2026, 11, 30, 10, tzinfo=UTC)
    values = {"door": "main", "reader": "front", "outcome": "granted", "reason": "match"}
    event = LinkEvent(id=4711, uid="4711-908e05b25cb4", at=at, kind="decision", **values)  # type: ignore[arg-type]
    (message,) = messages_of(event, TOPICS)
    assert message.payload.decode() == EVENT


def test_the_state_on_the_page_is_what_is_published() -> None:
    lines = ((DoorInput.DPS, Line.QUIET), (DoorInput.TAMPER, Line.QUIET))
    door = DoorStatus(door="main", state=DoorState.LOCKED, since=0.0, lines=lines, outputs=Outputs())
    assert state_message(door, TOPICS).payload.decode() == STATE


def test_each_topic_is_on_the_page() -> None:
    generic = {"home": "<site>", "_front": "_<controller>"}
    used = [TOPICS.state("d"), TOPICS.available("d"), TOPICS.link, TOPICS.version, TOPICS.doors]
    topics = ["/".join(generic.get(level, level) for level in topic.split("/")) for topic in used]
    assert [topic for topic in topics if f"| `{topic.replace('/d/', '/<door>/')}` |" not in PAGE] == []
    assert [one for one in AccessType if f"`{one}`" not in PAGE] == []


def test_the_settings_on_the_page_are_settings() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert set(tomllib.loads(text)) == {"link"}
    MqttWire(link_settings_in(text).mqtt)
