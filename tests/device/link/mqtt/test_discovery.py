"""What Home Assistant is asked to make of a door. `make test-home-assistant` asks Home Assistant itself."""

import json
from typing import Any

from device.link.mqtt.home_assistant import Discovery
from device.link.mqtt.topics import Topics
from tests.device.link.mqtt.examples import door

DISCOVERY = Discovery(Topics("home", "pi"), "1.2.3")


def announced(**values: Any) -> dict[str, Any]:
    one: dict[str, Any] = json.loads(DISCOVERY.announced(door(**values)).payload)
    return one


def test_a_door_is_a_device_that_is_retained() -> None:
    message = DISCOVERY.announced(door())
    assert (message.topic, message.retain) == ("homeassistant/device/lintel_home_main/config", True)


def test_each_component_has_its_platform_and_key() -> None:
    components = announced()["cmps"]
    assert {name: one["p"] for name, one in components.items()} == {
        "lock": "binary_sensor",
        "door": "binary_sensor",
        "tamper": "binary_sensor",
        "problem": "binary_sensor",
        "evacuation": "binary_sensor",
        "lockdown": "binary_sensor",
        "access": "event",
        "state": "sensor",
        "reason": "sensor",
        "update": "update",
    }
    assert {one["uniq_id"] for one in components.values()} == {f"lintel_home_main_{name}" for name in components}


def test_nothing_can_be_commanded() -> None:
    keys = {key for one in announced()["cmps"].values() for key in one}
    assert {key for key in keys if key.startswith(("cmd", "command", "pl_"))} == set()


def test_no_entity_says_door_twice() -> None:
    components = announced()["cmps"]
    assert components["door"]["name"] is None
    assert not [one["name"] for one in components.values() if "door" in str(one["name"]).lower()]


def test_what_has_no_class_has_an_icon() -> None:
    plain = {name for name, one in announced()["cmps"].items() if one.get("dev_cla") in (None, "safety", "enum")}
    icons = {name for name, one in announced()["cmps"].items() if one.get("ic", "").startswith("mdi:")}
    assert plain - icons == {"update"}


def test_version_tamper_and_problem_are_diagnostic() -> None:
    components = announced()["cmps"]
    diagnostic = {name for name, one in components.items() if one.get("ent_cat") == "diagnostic"}
    assert diagnostic == {"update", "tamper", "problem"}


def test_what_is_not_wired_is_not_there() -> None:
    assert {"door", "tamper"} & set(announced(lines=())["cmps"]) == set()


def test_link_and_door_have_to_be_there() -> None:
    one = announced()
    topics = [place["t"] for place in one["avty"]]
    assert (topics, one["avty_mode"]) == (["lintel/home/_pi/available", "lintel/home/main/available"], "all")


def test_a_door_that_is_gone_leaves_an_empty_retained_message() -> None:
    message = DISCOVERY.removed("main")
    topic = "homeassistant/device/lintel_home_main/config"
    assert (message.topic, message.payload, message.retain) == (topic, b"", True)


def test_other_parts_of_the_link_may_add_components() -> None:
    more = Discovery(Topics("home", "pi"), "1.2.3", more=lambda _door: {"release": {"p": "button"}})
    assert "release" in json.loads(more.announced(door()).payload)["cmps"]
