"""Somebody who came in under duress: what subscribers see of it, by their roles."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import msgspec
import pytest

from device.control.client import Place
from device.control.jobs import Job
from device.control.messages import Row, Subscribe
from device.control.protocol import VERBS
from device.control.subscriptions import Subscriptions
from device.line_server import Peer
from device.records import Role
from tests.device.control.bench import one_of
from tests.device.control.ledger import QUICK, Ledger
from tests.waiting import PATIENCE_S, line

AT = "2026-11-30T10:00:00+00:00"


def told(role: Role, *rows: Row) -> list[bytes]:
    """The lines of rows that a subscriber of that role gets, until the last of these."""
    ledger = Ledger()
    ledger.rows = list(rows)
    subscriptions = Subscriptions(ledger, QUICK)
    near, far = socket.socketpair()
    far.settimeout(PATIENCE_S)
    subscriptions.add(Job(Peer(near, 0.0), VERBS["subscribe"], Subscribe(since=0), one_of(1000, role)))
    lines: list[bytes] = []
    while not lines or json.loads(lines[-1])["part"]["id"] != rows[-1].id:
        lines += [said for said in [line(far)] if b'"row"' in said]
    subscriptions.end()
    subscriptions.join(time.monotonic() + PATIENCE_S)
    far.close()
    return lines


def granted(reason: str) -> Row:
    return Row(
        1, AT, "decision", badge="17:1", person_id=4, outcome="granted", reason=reason, similarity=0.9, threshold=0.5
    )


PASSED = Row(2, AT, "door-passed", door="main", fault="row 1")


@pytest.mark.parametrize(("role", "same"), [(Role.GUARD, True), (Role.AUDITOR, False), (Role.ADMIN, False)])
def test_guard_gets_the_same_bytes_under_duress(role: Role, same: bool) -> None:
    assert (told(role, granted("duress"), PASSED) == told(role, granted("match"), PASSED)) is same


def test_the_link_sees_duress_and_not_whose_it_was() -> None:
    seen = json.loads(told(Role.LINK, granted("duress"), PASSED)[0])["part"]
    assert (seen["reason"], seen["badge"], seen["person_id"]) == ("duress", None, None)


def test_the_link_is_not_told_who_has_a_pin_for_it() -> None:
    given = Row(2, AT, "duress-pin-given", person_id=4, fault="chosen")
    assert not [said for said in told(Role.LINK, given, Row(3, AT, "door-passed", door="main")) if b"pin" in said]


def test_guard_is_not_told_that_duress_was_acknowledged() -> None:
    acknowledged = Row(2, AT, "alarm-acknowledged", reason="duress", fault="alarm 1, duress: police called", by="bob")
    last = Row(3, AT, "door-passed", door="main")
    assert not [said for said in told(Role.GUARD, granted("duress"), acknowledged, last) if b"alarm" in said]
    assert [said for said in told(Role.AUDITOR, granted("duress"), acknowledged, last) if b"alarm" in said]


def test_guard_is_not_told_that_a_pin_for_duress_was_chosen() -> None:
    given, last = Row(2, AT, "duress-pin-given", person_id=4), Row(3, AT, "door-passed", door="main")
    assert len(told(Role.GUARD, PASSED, given, last)) == 2
    assert len(told(Role.AUDITOR, PASSED, given, last)) == 3


REPEATED = Row(0, AT, "alarm-open", reason="duress", fault="alarm 1, duress", door="main")


@contextmanager
def subscribed(role: Role, ledger: Ledger) -> Iterator[tuple[Subscriptions, Callable[[], Row]]]:
    """The lane with one subscriber, and what waits for its next row."""
    subscriptions = Subscriptions(ledger, QUICK)
    near, far = socket.socketpair()
    far.settimeout(PATIENCE_S)
    subscriptions.add(Job(Peer(near, 0.0), VERBS["subscribe"], Subscribe(since=0), one_of(1000, role)))

    def next_row() -> Row:
        while b'"row"' not in (said := line(far)):
            pass
        return msgspec.convert(json.loads(said)["part"], Row)

    with closing(far):
        yield subscriptions, next_row
        subscriptions.end()
        subscriptions.join(time.monotonic() + PATIENCE_S)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMIN])
def test_open_duress_is_repeated_to_those_who_may_know(role: Role) -> None:
    """By the number of the row that they have, so that none is missing when they resume."""
    with subscribed(role, Ledger(2)) as (subscriptions, next_row):
        assert [next_row().id, next_row().id] == [1, 2]
        subscriptions.repeat((REPEATED,))
        assert next_row() == msgspec.structs.replace(REPEATED, id=2)


def test_open_duress_is_not_repeated_to_a_guard() -> None:
    ledger = Ledger(1)
    with subscribed(Role.GUARD, ledger) as (subscriptions, next_row):
        seen = [next_row()]
        for _ in range(3):
            subscriptions.repeat((REPEATED,))
            ledger.add()
            seen.append(next_row())
    assert [row.event for row in seen] == ["decision"] * 4


def test_repeated_duress_is_heard_by_a_client_and_moves_no_place() -> None:
    place = Place(None, 0)
    assert place.is_new(PASSED)
    assert place.is_new(msgspec.structs.replace(REPEATED, id=2))
    assert place.is_new(msgspec.structs.replace(REPEATED, id=2))
    assert not place.is_new(PASSED)
    assert place.request() == Subscribe(since=3)
