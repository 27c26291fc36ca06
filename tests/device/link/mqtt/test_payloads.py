"""What is published of an event and of a door: topic, retention, and nothing that the owner did not ask for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.link.events import Severity
from device.link.mqtt.payloads import Message, messages_of, state_message
from device.link.mqtt.topics import Topics
from device.records import DoorInput, DoorState, Event, Line
from tests.device.link.mqtt.examples import door, event, granted

TOPICS = Topics("home", "pi")


def said(message: Message) -> dict[str, Any]:
    one: dict[str, Any] = json.loads(message.payload)
    return one


@pytest.mark.parametrize(
    ("one", "topic"),
    [
        (granted(), "lintel/home/main/access/granted"),
        (event(outcome="denied", reason="non-match"), "lintel/home/main/access/denied"),
        (event(kind="door-forced"), "lintel/home/main/access/forced"),
        (event(kind="door-held-open"), "lintel/home/main/access/held"),
        (event(kind="door-released"), "lintel/home/main/event/door-released"),
        (event(kind="service-started", door=""), "lintel/home/_pi/event/service-started"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_an_event_has_one_topic(one: Any, topic: str) -> None:
    assert [message.topic for message in messages_of(one, TOPICS)] == [topic]


def test_an_event_says_what_it_is_and_no_more() -> None:
    (message,) = messages_of(granted(7, reader="front"), TOPICS)
    assert said(message) == {
        "event_type": "granted",
        "uid": "7-abc",
        "id": 7,
        "at": "2026-11-30T10:00:00+00:00",
        "kind": "decision",
        "severity": "info",
        "door": "main",
        "reader": "front",
        "outcome": "granted",
        "reason": "match",
    }


@pytest.mark.parametrize("kind", list(Event))
def test_no_event_is_retained(kind: Event) -> None:
    assert [message.retain for message in messages_of(event(kind=kind.value), TOPICS)] == [False]


def test_duress_is_a_second_message_on_a_topic_of_its_own() -> None:
    urgent = granted(3, reason="duress", plain_reason="pin", severity=Severity.URGENT)
    plain, duress = messages_of(urgent, TOPICS)
    assert (plain.topic, duress.topic) == ("lintel/home/main/access/granted", "lintel/home/main/access/duress")
    assert (said(duress)["uid"], said(duress)["severity"]) == ("3-abc-duress", "urgent")


def test_the_first_message_of_a_duress_is_that_of_an_ordinary_grant() -> None:
    urgent = granted(3, reason="duress", plain_reason="pin", severity=Severity.URGENT, detail="by the PIN")
    ordinary = granted(3, reason="pin", plain_reason="pin")
    assert next(iter(messages_of(urgent, TOPICS))) == next(iter(messages_of(ordinary, TOPICS)))


def test_a_duress_that_was_refused_looks_like_any_other_refusal() -> None:
    urgent = event(3, outcome="denied", reason="duress", plain_reason="outside-schedule", severity=Severity.URGENT)
    ordinary = event(3, outcome="denied", reason="outside-schedule", severity=Severity.NOTICE)
    assert next(iter(messages_of(urgent, TOPICS))) == next(iter(messages_of(ordinary, TOPICS)))


def test_a_duress_is_repeated_on_its_topic() -> None:
    one = event(kind="alarm-open", reason="duress")
    assert [message.topic for message in messages_of(one, TOPICS)] == ["lintel/home/main/access/duress"]


def test_a_duress_acknowledged_stays_below_duress() -> None:
    one = event(kind="alarm-acknowledged", reason="duress")
    assert [message.topic for message in messages_of(one, TOPICS)] == ["lintel/home/main/duress/alarm-acknowledged"]


@given(name=st.text(max_size=80), kind=st.text(max_size=80))
def test_no_name_reaches_another_topic(name: str, kind: str) -> None:
    for message in messages_of(event(kind=kind, door=name), TOPICS):
        levels = message.topic.split("/")
        assert (levels[:2], len(levels)) == (["lintel", "home"], 5)
        assert not set(message.topic) & set("+#$\0")


def test_a_state_is_retained_and_says_how_the_door_is() -> None:
    message = state_message(door(state=DoorState.RELEASED), TOPICS)
    assert (message.topic, message.retain) == ("lintel/home/main/state", True)
    assert said(message) == {
        "state": "released",
        "released": True,
        "open": False,
        "tamper": False,
        "power_failed": None,
        "problem": False,
        "evacuation": False,
        "lockdown": False,
        "troubles": [],
        "schedule": "",
    }


@pytest.mark.parametrize(("line", "is_open"), [(Line.ACTIVE, True), (Line.CUT, None), (Line.SHORT, None)])
def test_a_damaged_wire_says_nothing(line: Line, is_open: bool | None) -> None:
    assert said(state_message(door(lines=((DoorInput.DPS, line),)), TOPICS))["open"] is is_open


@pytest.mark.parametrize("state", list(DoorState))
def test_each_state_has_its_flags(state: DoorState) -> None:
    one = said(state_message(door(state=state), TOPICS))
    flags = (one["evacuation"], one["lockdown"], one["problem"])
    assert flags == (state == "evacuation", state == "lockdown", state == "fault")
