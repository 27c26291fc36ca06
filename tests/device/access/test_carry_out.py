"""From the verdict to the strike: written down first, withdrawn when it became impossible, nothing after a stop."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.cli.text.door_events import transaction_line
from device.clock import Stop
from device.credentials import parse_badge
from device.errors import CameraError, ModelError, StoreError
from device.records import (
    Event,
    Frame,
    Outcome,
    Probe,
    Reason,
    Transaction,
)
from device.store.audit import Audit
from device.store.people import People
from device.store.store import Store
from device.vision.following import View
from tests.device.access.world import (
    BADGE,
    MODEL,
    ScriptedAnalyzer,
    World,
    probe,
)
from tests.there import there


def test_the_audit_has_the_row_before_the_strike_is_released(
    monkeypatch: pytest.MonkeyPatch, world_of: Callable[..., World]
) -> None:
    world = world_of(probe(0.95))
    rows_at_release = []
    grant = world.door.grant

    def watched(**how: Any) -> bool:
        with closing(sqlite3.connect(f"file:{world.store.path}?mode=ro", uri=True)) as other:
            rows_at_release.extend(other.execute("SELECT outcome FROM audit").fetchall())
        return grant(**how)

    monkeypatch.setattr(world.door, "grant", watched)
    world.swipe()
    assert rows_at_release == [("granted",)]


def test_what_cannot_be_written_down_is_denied(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    with closing(sqlite3.connect(world.store.path)) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'disk is full'); END")
    transaction = world.swipe()
    assert transaction.decision.reason is Reason.STORE_FAULT
    assert world.releases == 0


@pytest.mark.parametrize(("wrote_s", "releases"), [(2.5, 1), (3.5, 0), (30.0, 0)])
def test_grant_that_waited_three_seconds_for_the_disk_is_withdrawn(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch, wrote_s: float, releases: int
) -> None:
    """Whoever was seen may have left, and somebody else may stand there."""
    world, record = world_of(probe(0.95)), Audit.record

    def slow(audit: Audit, transaction: Transaction) -> int:
        row = record(audit, transaction)
        world.clock.sleep(wrote_s)
        return row

    monkeypatch.setattr(Audit, "record", slow)
    transaction = world.swipe()
    assert (world.releases, transaction.decision.granted) == (releases, releases == 1)
    if not releases:
        assert transaction.decision.reason is Reason.STORE_FAULT
        monkeypatch.undo()
        world.log.write_down()
        assert "not carried out: store-fault" in there(world.last_row().fault)


@pytest.mark.parametrize(("removed", "reason"), [(0, Reason.NON_MATCH), (1, Reason.NON_MATCH), (None, Reason.MATCH)])
def test_reference_removed_while_its_face_is_looked_at_opens_nothing(
    world_of: Callable[..., World], removed: int | None, reason: Reason
) -> None:
    """It may show another person, and has to go at once. One more reference takes nothing back."""
    world = world_of(probe(0.95))
    with world.store.people() as people:
        ada = people.held(BADGE).person
        people.add_references(ada, np.array([[0.99, 0.1410674]], np.float32), MODEL, world.clock.utc())

    def change() -> None:
        with world.store.people() as people:
            people.add_references(ada, np.array([[0.98, 0.1989975]], np.float32), MODEL, world.clock.utc())
            if removed is not None:
                people.faces.remove(people.faces.of(ada)[removed])

    world.clock.at(world.clock.monotonic() + 0.15, change)
    assert (world.swipe().decision.reason, world.releases) == (reason, int(reason is Reason.MATCH))


@pytest.mark.parametrize("missing", ["store", "models"])
def test_flood_while_a_part_is_missing_leaves_room_for_the_rest(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """20 badges a second for a minute: at most 20 rows at once, one every 10 s, and what they count."""
    world = world_of()

    def fail(_self: Store | ScriptedAnalyzer) -> NoReturn:
        raise StoreError("Missing.", hint="Bring it.") if missing == "store" else ModelError("None.", hint="Bring it.")

    if missing == "store":
        monkeypatch.setattr(Store, "people", fail)
    else:
        monkeypatch.setattr(ScriptedAnalyzer, "model_sha256", property(fail))
    reasons = set()
    for number in range(1200):
        reasons.add(world.swipe(parse_badge(f"18:{number}")).decision.reason)
        world.clock.sleep(0.05)
    with world.store.audit() as audit:
        written = len(audit.newest(2000))
    assert reasons == {Reason.STORE_FAULT if missing == "store" else Reason.BADGE_UNKNOWN}
    assert world.log.waiting + written <= 26


def test_what_could_not_be_written_down_is_written_later(
    monkeypatch: pytest.MonkeyPatch, world_of: Callable[..., World]
) -> None:
    world = world_of(probe(0.95))
    audit = world.store.audit

    def fail() -> NoReturn:
        raise StoreError("Locked.", hint="Wait.")

    monkeypatch.setattr(world.store, "audit", fail)
    world.swipe()
    monkeypatch.setattr(world.store, "audit", audit)
    world.log.write_down()
    row = world.last_row()
    assert (row.badge, row.outcome, row.reason) == ("17:1001", Outcome.DENIED, Reason.STORE_FAULT)


def test_a_store_that_cannot_be_read_is_a_denial(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    with closing(sqlite3.connect(world.store.path)) as other:
        other.execute("DROP TABLE face_references")
    assert world.swipe().decision.reason is Reason.STORE_FAULT


@pytest.mark.parametrize("damaged", ["people", "audit"])
def test_whatever_a_damaged_store_comes_up_with_is_a_denial(world_of: Callable[..., World], damaged: str) -> None:
    world = world_of(probe(0.95))

    def fail() -> NoReturn:
        raise RuntimeError("17:1001")

    setattr(world.store, damaged, fail)
    transaction = world.swipe()
    assert (transaction.decision.reason, world.releases) == (Reason.STORE_FAULT, 0)
    assert (transaction.fault or "").startswith("the program failed with RuntimeError at test_carry_out.py:")


@pytest.mark.parametrize("locked", ["people", "audit"])
def test_the_time_lost_on_a_store_that_fails_is_told(world_of: Callable[..., World], locked: str) -> None:
    world = world_of(probe(0.95))

    def fail() -> NoReturn:
        world.clock.sleep(5.0)
        raise StoreError("Locked.", hint="Wait.")

    setattr(world.store, locked, fail)
    assert world.swipe().waited_s >= 5.0


def test_what_failed_is_in_the_line_about_it(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.camera.fault = CameraError("The cable is cut.", hint="Mend it.")
    assert transaction_line(world.swipe()).endswith(", fault: The cable is cut.")


def test_every_swipe_is_in_the_audit(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.5))
    world.swipe()
    row = world.last_row()
    assert (row.badge, row.outcome, row.reason) == ("17:1001", Outcome.DENIED, Reason.NON_MATCH)
    assert row.similarity == pytest.approx(0.5, abs=1e-6)


def test_nobodys_name_is_in_the_audit(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    world.swipe()
    with closing(sqlite3.connect(world.store.path)) as other:
        assert "name" not in [row[1] for row in other.execute("PRAGMA table_info(audit)")]
        assert all("Ada" not in str(row) for row in other.execute("SELECT * FROM audit"))


@pytest.mark.parametrize(
    ("change", "reason"), [(People.revoke, Reason.BADGE_REVOKED), (People.suspend, Reason.BADGE_SUSPENDED)]
)
def test_badge_revoked_during_the_look_is_denied(
    monkeypatch: pytest.MonkeyPatch, world_of: Callable[..., World], change: Callable[..., Any], reason: Reason
) -> None:
    world = world_of(probe(0.95))
    follow = world.analyzer.follow

    def changing(frame: Frame, view: View) -> Probe | Reason:
        with Store(world.store.path.parent) as other, other.people() as people:
            change(people, BADGE, world.clock.utc())
        return follow(frame, view)

    monkeypatch.setattr(world.analyzer, "follow", changing)
    assert world.swipe().decision.reason is reason
    assert world.releases == 0


def test_somebody_renamed_during_the_look_is_let_in(
    monkeypatch: pytest.MonkeyPatch, world_of: Callable[..., World]
) -> None:
    world = world_of(probe(0.95))
    follow = world.analyzer.follow

    def renaming(frame: Frame, view: View) -> Probe | Reason:
        with Store(world.store.path.parent) as other, other.people() as people:
            people.rename(people.held(BADGE).person, f"Ada {world.analyzer.seen}")
        return follow(frame, view)

    monkeypatch.setattr(world.analyzer, "follow", renaming)
    assert world.swipe().decision.granted


class StopAfter(Stop):
    """A request to stop that is made once it has been asked about so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def is_set(self) -> bool:
        self.times -= 1
        return super().is_set() or self.times < 0


def test_a_request_to_stop_ends_the_look_at_once(world_of: Callable[..., World]) -> None:
    world = world_of(Reason.NO_FACE)
    began = world.clock.monotonic()
    transaction = world.swipe(stop=StopAfter(3))
    assert transaction.decision.reason is Reason.STOPPING
    assert world.clock.monotonic() - began < 1.0
    assert world.last_row().reason is Reason.STOPPING


def test_a_camera_that_hangs_does_not_delay_a_stop(
    monkeypatch: pytest.MonkeyPatch, world_of: Callable[..., World]
) -> None:
    world = world_of()
    monkeypatch.setattr(world.camera, "read", world.clock.sleep)
    world.swipe(stop=StopAfter(1))
    assert world.clock.monotonic() <= 0.25


@given(st.integers(0, 20))
def test_nothing_is_released_after_a_request_to_stop(world_of: Callable[..., World], times: int) -> None:
    """Whenever it comes, and what was told, written down and done is alike."""
    world = world_of(probe(0.95))
    stop = StopAfter(times)
    granted = world.swipe(stop=stop).decision.granted
    assert granted == (stop.times >= 0)
    assert world.releases == int(granted)
    assert (world.last_row().outcome is Outcome.GRANTED) == granted


def test_grant_that_was_not_carried_out_is_in_the_audit(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    stop = Stop()
    record = Audit.record

    def stopping(audit: Audit, transaction: Transaction) -> int:
        stop.set()
        return record(audit, transaction)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Audit, "record", stopping)
        told = world.swipe(stop=stop)
    assert (told.decision.reason, world.releases) == (Reason.STOPPING, 0)
    assert "not carried out" in there(world.last_row().fault)


def test_a_badge_that_is_refused_anyway_keeps_its_reason(world_of: Callable[..., World]) -> None:
    stop = Stop()
    stop.set()
    assert world_of().swipe(parse_badge("17:9"), stop).decision.reason is Reason.BADGE_UNKNOWN


def test_door_is_given_the_row_of_the_decision(world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(probe(0.99))
    given: list[dict[str, Any]] = []
    grant = world.door.grant

    def noted(**how: Any) -> bool:
        given.append(how)
        return grant(**how)

    monkeypatch.setattr(world.door, "grant", noted)
    assert world.swipe().decision.granted
    assert given == [{"extended": False, "row": world.last_row().id, "leads": False, "passes": False}]


def test_another_face_is_the_reason_despite_a_stop_request(
    world_of: Callable[..., World],
) -> None:
    world, stop = world_of(probe(0.5)), Stop()
    world.clock.at(world.clock.monotonic() + 0.3, stop.set)
    assert world.swipe(stop=stop).decision.reason is Reason.NON_MATCH


def test_request_to_stop_at_the_deadline_is_the_reason(world_of: Callable[..., World]) -> None:
    world, stop = world_of(Reason.FACE_TURNED), Stop()
    world.clock.at(world.clock.monotonic() + 6.0, stop.set)
    assert world.swipe(stop=stop).decision.reason is Reason.STOPPING


def test_stop_with_the_last_frame_is_never_recorded_as_a_grant(world_of: Callable[..., World]) -> None:
    world, stop = world_of(probe(0.95)), Stop()
    world.clock.at(world.clock.monotonic() + 0.3, stop.set)
    assert world.swipe(stop=stop).decision.reason is Reason.STOPPING
    with world.store.audit() as audit:
        assert [row.reason for row in audit if row.event is Event.DECISION] == [Reason.STOPPING]


def test_store_that_failed_on_the_holder_is_not_asked_again(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would keep them waiting as long again."""
    asked: list[str] = []

    def fail(what: str) -> NoReturn:
        asked.append(what)
        raise StoreError("Locked.", hint="Wait.")

    world = world_of(probe(0.95))
    for what in ("people", "audit", "writing"):
        monkeypatch.setattr(world.store, what, lambda what=what: fail(what))
    assert (world.swipe().decision.reason, asked) == (Reason.STORE_FAULT, ["people"])


def test_badge_reassigned_during_the_look_is_denied(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of(probe(0.95))
    with world.store.people() as people:
        grace = people.add("Grace", world.clock.utc())
        people.add_references(grace, np.array([[1.0, 0.0]], np.float32), MODEL, world.clock.utc())
    follow = world.analyzer.follow

    def changing(frame: Frame, view: View) -> Probe | Reason:
        with closing(sqlite3.connect(world.store.path)) as other, other:
            other.execute("UPDATE badges SET person_id = ?", [grace.id])
        return follow(frame, view)

    monkeypatch.setattr(world.analyzer, "follow", changing)
    assert (world.swipe().decision.reason, world.releases) == (Reason.BADGE_UNKNOWN, 0)


def test_time_from_badge_to_relay_is_in_the_status(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    transaction = world.swipe()
    assert world.door.status().relay_times.sum_s == pytest.approx(transaction.waited_s)


def test_refusal_has_no_time_to_the_relay(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.1))
    world.swipe()
    assert sum(world.door.status().relay_times.counts) == 0
