"""What a webhook says: as data, and as messages of chats, in which no text can do anything."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import ConfigError
from device.link.chosen import chosen, refuse_unknown
from device.link.events import LinkEvent, Severity
from device.link.plain_words import plain, sentence
from device.link.webhooks.bodies import TEMPLATES, encoded, event_type
from device.records import Event
from tests.device.link.told import duress, event

TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
"""Controls, overrides of direction, ends of lines: what no message may have."""


def said(template: Any, one: LinkEvent) -> Any:
    return json.loads(encoded(TEMPLATES[template](one)))


def test_event_as_data() -> None:
    assert said("lintel", event(4711)) == {
        "type": "decision.denied",
        "timestamp": "2026-11-30T10:00:00.123456Z",
        "data": {
            "id": 4711,
            "uid": "4711-abc",
            "event": "decision",
            "severity": "notice",
            "door": "main",
            "reader": "front",
            "outcome": "denied",
            "reason": "non-match",
        },
    }


@pytest.mark.parametrize("kind", list(Event))
def test_type_has_the_form_of_the_specification(kind: Event) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*", event_type(event(kind=kind.value, outcome="", reason="")))


def test_types_differ_as_events_do() -> None:
    assert len({event_type(event(kind=kind.value, outcome="", reason="")) for kind in Event}) == len(Event)


@pytest.mark.parametrize("template", TEMPLATES)
def test_names_and_badges_are_in_if_the_event_has_them(template: str) -> None:
    named = event(person="Ada Lovelace", badge="17:1001")
    texts = json.dumps([said(template, event()), said(template, named)])
    assert ("Ada Lovelace" in texts, "17:1001" in json.dumps(said(template, event()))) == (True, False)


@pytest.mark.parametrize("template", TEMPLATES)
@given(TEXT, TEXT, TEXT)
def test_any_text_becomes_json(template: str, door: str, person: str, detail: str) -> None:
    assert said(template, event(door=door, person=person, detail=detail))


@pytest.mark.parametrize("template", ["ntfy", "slack", "discord", "matrix"])
@given(TEXT, TEXT)
def test_no_message_has_controls_or_other_directions(template: str, person: str, detail: str) -> None:
    texts = [text for text in said(template, event(person=person, detail=detail)).values() if isinstance(text, str)]
    assert [text for text in texts if CONTROL.search(text)] == []


@pytest.mark.parametrize("template", ["slack", "discord"])
@given(TEXT)
def test_no_text_calls_anyone(template: str, person: str) -> None:
    text = json.dumps(said(template, event(person=f"{person}@all <!channel> [a](https://x) @everyone")))
    assert not re.search(r"@\w|<!|\]\(|https://", text)


def test_discord_may_mention_no_one() -> None:
    assert said("discord", event())["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize(
    ("severity", "priority"),
    [(Severity.INFO, 2), (Severity.NOTICE, 3), (Severity.WARNING, 3), (Severity.ALARM, 4), (Severity.URGENT, 5)],
)
def test_priority_of_ntfy_is_that_of_the_event(severity: Severity, priority: int) -> None:
    assert said("ntfy", event(severity=severity))["priority"] == priority


def test_duress_has_words_and_a_type_of_its_own() -> None:
    assert (event_type(duress()), sentence(duress())[:12]) == ("duress", "main: DURESS")


def test_sentence_says_what_where_and_when() -> None:
    assert sentence(event()) == "main: denied, non match, reader front, 2026-11-30 10:00:00 UTC"


@given(TEXT)
def test_plain_text_is_one_line_that_controls_nothing(text: str) -> None:
    assert not CONTROL.search(plain(text))


def test_long_text_is_cut() -> None:
    assert plain("x" * 1000) == "x" * 500 + "…"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (frozenset(), True),
        (frozenset({"denied"}), True),
        (frozenset({"decision"}), True),
        (frozenset({"granted", "door-forced"}), False),
        (frozenset({"duress"}), False),
    ],
)
def test_a_refusal_is_wanted_by_these_words(words: frozenset[str], wanted: bool) -> None:
    assert (chosen(event(), words) is not None) is wanted


def test_alarms_and_troubles_go_by_severity() -> None:
    forced = event(kind="door-forced", outcome="", reason="", severity=Severity.ALARM)
    assert chosen(forced, frozenset({"alarms"})) == forced
    assert chosen(forced, frozenset({"troubles"})) is None


def test_duress_looks_like_any_other_grant_unless_named() -> None:
    seen = chosen(duress(), frozenset())
    assert seen == event(outcome="granted", reason="pin", plain_reason="pin", severity=Severity.INFO)
    assert chosen(duress(), frozenset({"duress"})) == duress()


def test_what_exists_because_of_duress_is_left_out_unless_named() -> None:
    acknowledged = event(kind="alarm-acknowledged", reason="duress", outcome="")
    assert chosen(acknowledged, frozenset()) is None


def test_unknown_word_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ConfigError, match="Unknown event 'door-forcd' in webhook shop: expected one of granted, "):
        refuse_unknown(["denied", "door-forcd"], "webhook shop")
