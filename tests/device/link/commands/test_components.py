"""Home Assistant gets a lock and a button only where the owner allows commands."""

import json
import re

import pytest

from device.link.commands.components import components
from device.link.commands.heard import CommandTopics
from device.link.integrations import integrations_of
from device.link.mqtt.home_assistant import Discovery
from device.link.mqtt.topics import Topics
from device.link.settings.commands import CommandSettings
from device.link.settings.mqtt import MqttSettings
from device.link.settings.tables import LinkSettings
from tests.device.link.mqtt.examples import door

TOPICS = Topics("home", "controller")


def announced(settings: CommandSettings) -> dict[str, dict[str, object]]:
    """The components of a door's announcement."""
    more = Discovery(TOPICS, "1.2.3", more=lambda one: components(one, CommandTopics(TOPICS), settings))
    found: dict[str, dict[str, object]] = json.loads(more.announced(door()).payload)["cmps"]
    return found


def kinds(settings: CommandSettings) -> set[object]:
    return {one["p"] for one in announced(settings).values()} & {"lock", "button"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (CommandSettings(), set()),
        (CommandSettings(signed=True), set()),
        (CommandSettings(home_assistant="code"), {"lock"}),
        (CommandSettings(home_assistant="button"), {"lock", "button"}),
    ],
)
def test_entities_are_those_that_are_allowed(settings: CommandSettings, expected: set[str]) -> None:
    assert kinds(settings) == expected


def test_lock_is_never_optimistic_and_asks_for_a_code() -> None:
    lock = announced(CommandSettings(home_assistant="code"))["command"]
    assert (lock["opt"], lock["ret"], lock["pl_unlk"], lock["pl_lock"]) == (False, False, "release", "secure")
    assert re.fullmatch(str(lock["code_format"]), "01123456")
    assert "code" in str(lock["cmd_tpl"])


def test_commands_go_where_the_link_listens() -> None:
    found = announced(CommandSettings(home_assistant="button"))
    topics = [found["command"]["cmd_t"], found["press"]["cmd_t"]]
    assert topics == ["lintel/home/main/lock/set", "lintel/home/main/button/set"]


def test_no_command_is_a_part_of_any_state_or_template() -> None:
    found = announced(CommandSettings())
    assert [name for name, one in found.items() if "cmd_t" in one] == []


def test_link_has_a_wire_for_commands_where_they_are_on() -> None:
    broker = MqttSettings(host="broker.example", user="lintel")
    on = integrations_of(LinkSettings(mqtt=broker, commands=CommandSettings(signed=True)))
    off = integrations_of(LinkSettings(mqtt=broker))
    assert ([one.name for one in on], [one.name for one in off]) == (["mqtt", "commands"], ["mqtt"])
