"""What rules in a store say at a door's readers: with the claim, at once, and never against the way out."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from device.door_rules import DoorRules
from device.errors import StoreError
from device.policy.clock_state import ClockReading
from device.records import (
    BADGE,
    BADGE_AND_FACE,
    BADGE_AND_PIN,
    BADGE_FACE_AND_PIN,
    Claim,
    ClockState,
    Mode,
    Person,
    Reason,
    Validity,
)
from device.settings.tables import DoorSettings, ReaderSettings
from device.store.store import Store

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 30, 23, tzinfo=UTC)
READERS = (ReaderSettings(name="in"), ReaderSettings(name="out", direction="exit"))
TEXT = """
zone = "UTC"
[[schedules]]
name = "day"
windows = ["daily 08:00-18:00"]
[[rules]]
name = "staff"
action = "allow"
groups = ["staff"]
doors = ["main"]
schedule = "day"
"""
FIRST_IN = '[[releases]]\nname = "open"\nall_doors = true\nschedule = "day"\nfirst_in = "staff"\n'
LOCK = '[[locks]]\nname = "shut"\nall_doors = true\nschedule = "always"\n'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


def apply(store: Store, text: str) -> None:
    with store.rules() as book:
        book.apply(text, NOON)


def door(**changed: object) -> DoorSettings:
    return DoorSettings(readers=READERS, **changed)  # type: ignore[arg-type]


def claim(*groups: str, valid: Validity | None = None) -> Claim:
    references = np.zeros((0, 128), np.float32)
    return Claim(Person(1, "Ada"), False, references, groups=frozenset(groups), valid=valid or Validity())


def at(now: datetime, state: ClockState = ClockState.TRUSTED, other: datetime | None = None) -> ClockReading:
    return ClockReading(state, now, other=other)


def test_without_rules_the_doors_mode_and_the_validity_count(store: Store) -> None:
    rules = DoorRules(store, door(mode="badge+pin"))
    assert rules(claim(), "in", at(NIGHT)).mode == BADGE_AND_PIN
    assert rules(claim(valid=Validity(ends=NOON)), "in", at(NIGHT)).reason is Reason.EXPIRED


def test_applied_rules_count_from_the_next_badge_on(store: Store) -> None:
    rules = DoorRules(store, door())
    apply(store, TEXT)
    assert rules(claim("staff"), "in", at(NOON)).mode == BADGE_AND_FACE
    assert rules(claim("staff"), "in", at(NIGHT)).reason is Reason.OUTSIDE_SCHEDULE
    apply(store, TEXT.replace("08:00-18:00", "08:00-24:00"))
    assert rules(claim("staff"), "in", at(NIGHT)).rule == "staff"


@pytest.mark.parametrize(("accepts", "needed"), [(False, BADGE_AND_FACE), (True, BADGE)])
def test_rule_asks_for_a_badge_alone_only_where_accepted(store: Store, accepts: bool, needed: Mode) -> None:
    rules = DoorRules(store, door(i_accept_badge_only=accepts))
    apply(store, TEXT + 'mode = "badge"\n')
    assert rules(claim("staff"), "in", at(NOON)).mode == needed


def test_rules_that_another_process_applies_count_as_well(store: Store, tmp_path: Path) -> None:
    rules = DoorRules(store, door())
    assert rules(claim(), "in", at(NOON)).mode == BADGE_AND_FACE
    with Store(tmp_path) as other:
        apply(other, TEXT)
    assert rules(claim(), "in", at(NOON)).reason is Reason.NOT_ALLOWED


@pytest.mark.parametrize("state", ClockState)
def test_nothing_refuses_a_badge_at_a_free_exit(store: Store, state: ClockState) -> None:
    apply(store, TEXT + LOCK)
    expired = claim(valid=Validity(ends=NOON))
    assert DoorRules(store, door())(expired, "out", at(NIGHT, state)).mode == BADGE


def test_a_controlled_exit_asks_the_rules_and_never_for_a_face(store: Store) -> None:
    rules = DoorRules(store, door(egress="controlled", free_exit="handle"))
    assert rules(claim(), "out", at(NIGHT)).mode == BADGE
    apply(store, TEXT)
    assert rules(claim("staff"), "out", at(NOON)).mode == BADGE
    assert rules(claim("staff"), "out", at(NIGHT)).reason is Reason.OUTSIDE_SCHEDULE


def test_the_doors_clock_setting_says_what_a_doubtful_time_is_worth(store: Store) -> None:
    apply(store, TEXT)
    doubtful = at(NOON, ClockState.UNTRUSTED, NOON)
    found = [DoorRules(store, door(clock=clock))(claim("staff"), "in", doubtful) for clock in ("deny", "badge+pin")]
    assert [(one.mode, one.reason) for one in found] == [(None, Reason.CLOCK_UNTRUSTED), (BADGE_FACE_AND_PIN, None)]


def test_members_of_a_first_in_group_lead_at_the_way_in(store: Store) -> None:
    apply(store, TEXT + FIRST_IN)
    rules = DoorRules(store, door())
    assert rules(claim("staff"), "in", at(NOON)).leads
    assert not rules(claim("staff"), "out", at(NOON)).leads
    assert not rules(claim("guests"), "in", at(NOON)).leads


def test_groups_are_the_same_however_they_are_typed(store: Store) -> None:
    apply(store, TEXT.replace('["staff"]', '["Staff"]'))
    assert DoorRules(store, door())(claim("STAFF"), "in", at(NOON)).rule == "staff"
    denied = TEXT.replace('"allow"', '"deny"').replace('["staff"]', '["Küche"]')
    apply(store, denied)
    assert DoorRules(store, door())(claim("Ku\u0308che"), "in", at(NOON)).reason is Reason.RULE_DENIES


def test_rules_that_cannot_be_read_are_an_error_not_a_grant(store: Store) -> None:
    apply(store, TEXT)
    with store.people() as people:
        people._session.execute("UPDATE rule_sets SET sha256 = 'x'")
    with pytest.raises(StoreError, match="not what was applied"):
        DoorRules(store, door())(claim("staff"), "in", at(NOON))
