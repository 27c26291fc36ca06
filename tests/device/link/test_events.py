"""What leaves the house of a row, and the key that consumers know it by."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given

from device.control.messages import Row
from device.errors import LinkError
from device.link.events import Severity, event_of, severity_of, uid_of
from device.records import Event
from tests.device.link.rows import any_row, row


@given(any_row)
def test_no_one_is_named_without_the_owners_word(one: Row) -> None:
    """Also not in the text of a row about people."""
    event = event_of(one)
    assert (event.person, event.badge, event.by) == ("", "", "")
    about_people = one.event.startswith(("person", "badge", "pin", "enrolled", "decision", "look-alike", "alarm"))
    assert event.detail == "" or not about_people


@pytest.mark.parametrize(
    ("kind", "said", "seen"),
    [
        ("door-lockdown", "by root (login anna)", ""),
        ("door-commanded", "release for 5 s, by root (login anna)", "release for 5 s"),
        ("door-released", "by an operator for 5 s", "by an operator for 5 s"),
        ("door-secured", "by the schedule", "by the schedule"),
        ("audit-break-acknowledged", "changed, row 7, sha256 ab: Anna Meier edited it by hand", ""),
        ("audit-cut", "rows 1 to 9, 9 rows, by bob (login anna)", "rows 1 to 9, 9 rows"),
    ],
)
def test_words_of_operators_stay_in_the_house(kind: str, said: str, seen: str) -> None:
    """Rows of older versions have who did it in their text, and an acknowledgement has free words."""
    assert event_of(row(1, kind, fault=said)).detail == seen
    assert event_of(row(1, kind, fault=said), names=True).detail == said


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("key-forgotten", Severity.ALARM),
        ("remote-code-locked", Severity.WARNING),
        ("remote-refused", Severity.NOTICE),
        ("remote-client-added", Severity.NOTICE),
        ("key-restored", Severity.NOTICE),
        ("audit-break-acknowledged", Severity.NOTICE),
        ("confirmation-asked", Severity.NOTICE),
    ],
)
def test_signs_of_an_attack_are_no_mere_news(kind: str, expected: Severity) -> None:
    assert event_of(row(1, kind)).severity is expected


@given(any_row)
def test_names_come_with_the_owners_word(one: Row) -> None:
    event = event_of(one, names=True)
    assert (event.person, event.badge, event.by) == (one.person or "", one.badge or "", one.by or "")
    assert event.detail == (one.fault or "")


@given(any_row)
def test_the_key_outlasts_an_erasure(one: Row) -> None:
    erased = msgspec.structs.replace(one, badge=None, person=None, person_id=None, fault=None, is_erased=True)
    assert uid_of(erased) == uid_of(one)


@given(any_row)
def test_the_key_outlasts_the_way_over_the_socket(one: Row) -> None:
    assert uid_of(msgspec.json.decode(msgspec.json.encode(one), type=Row)) == uid_of(one)


@pytest.mark.parametrize("change", [{"id": 2}, {"at": "2026-06-02T08:00:00"}, {"boot": "x"}, {"monotonic_s": 1.6}])
def test_another_row_has_another_key(change: dict[str, object]) -> None:
    assert uid_of(msgspec.structs.replace(row(1), **change)) != uid_of(row(1))


def test_the_key_is_the_same_in_each_version() -> None:
    assert uid_of(row(7)) == "7-908e05b25cb4"


def test_a_time_without_zone_is_utc() -> None:
    assert event_of(msgspec.structs.replace(row(), at="2026-06-01T08:00:00")).at == datetime(2026, 6, 1, 8, tzinfo=UTC)


def test_a_time_that_is_none_is_an_error() -> None:
    with pytest.raises(LinkError, match="has no time: 'noon'"):
        event_of(msgspec.structs.replace(row(), at="noon"))


@pytest.mark.parametrize(
    ("event", "reason", "outcome", "expected"),
    [
        ("decision", "match", "granted", Severity.INFO),
        ("decision", "non-match", "denied", Severity.NOTICE),
        ("decision", "duress", "granted", Severity.URGENT),
        ("alarm-open", "duress", None, Severity.URGENT),
        ("door-evacuation", None, None, Severity.URGENT),
        ("door-forced", None, None, Severity.ALARM),
        ("part-failed", None, None, Severity.WARNING),
        ("of a later version", None, None, Severity.INFO),
    ],
)
def test_how_much_an_event_matters(event: str, reason: str | None, outcome: str | None, expected: Severity) -> None:
    assert severity_of(row(event=event, reason=reason, outcome=outcome)) is expected


def test_each_alarm_of_the_doors_is_one_here() -> None:
    alarms = {event for event in Event if severity_of(row(event=event)) is Severity.ALARM}
    forced = {Event.DOOR_FORCED, Event.DOOR_HELD_OPEN, Event.DOOR_TAMPERED, Event.READER_TAMPERED}
    assert forced <= alarms


def test_a_duress_has_the_reason_that_others_see() -> None:
    one = event_of(row(event="decision", outcome="granted", reason="duress", mode="badge+pin"))
    assert (one.reason, one.plain_reason) == ("duress", "pin")
