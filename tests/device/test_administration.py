"""What an operator changes about badges and people, and what each change leaves behind."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device.administration import Administration
from device.errors import CredentialError, StoreError
from device.policy.decision import refusal
from device.ports import Clock
from device.records import Credential, Event, Person, Reason
from device.store.audit import Audit
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from tests.device.administered import MODEL, NEW, OLD, THIRD, enroll
from tests.there import there

ADA, GRACE = "Ada Lovelace", "Grace Hopper"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def ada(store: Store) -> Person:
    return enroll(store, ADA)


@pytest.fixture
def grace(store: Store) -> Person:
    return enroll(store, GRACE)


@pytest.fixture
def office(store: Store, ada: Person, grace: Person) -> Administration:
    """An administration with Ada, who holds 17:1, and Grace, who holds none."""
    opened = Administration(store, SimulatedClock())
    assert opened.add_badge(ADA, OLD).person == ada != grace
    return opened


def why_not(store: Store, credential: Credential) -> Reason | None:
    """Why the door refuses a badge without a look at the face, None if it does not."""
    with store.people() as people:
        return refusal(people.claim(credential, MODEL))


def noted(store: Store) -> list[tuple[Event, str | None]]:
    with store.audit() as audit:
        return [(row.event, row.badge) for row in audit]


def test_new_badge_opens_for_the_face_that_is_enrolled(store: Store, office: Administration, ada: Person) -> None:
    office.add_badge("ada LOVELACE", NEW)
    with store.people() as people:
        claim = people.claim(NEW, MODEL)
    assert (there(claim).person, refusal(claim)) == (ada, None)


def test_replaced_badge_is_revoked_and_the_new_one_opens(store: Store, office: Administration) -> None:
    office.replace_badge(OLD, NEW)
    assert (why_not(store, OLD), why_not(store, NEW)) == (Reason.BADGE_REVOKED, None)
    assert noted(store)[-2:] == [(Event.BADGE_REVOKED, "17:1"), (Event.BADGE_ISSUED, "17:2")]


def test_badge_has_one_successor(store: Store, office: Administration) -> None:
    """With a second one, the first, given by mistake, would stay valid unseen."""
    office.replace_badge(OLD, NEW)
    with pytest.raises(CredentialError, match="has already been revoked") as refused:
        office.replace_badge(OLD, THIRD)
    assert "lintel badges add 'Ada Lovelace' csn:04A2B9C1" in refused.value.hint
    assert why_not(store, THIRD) is Reason.BADGE_UNKNOWN


@pytest.mark.parametrize("fails_at", [1, 2])
def test_replacement_that_fails_halfway_changes_nothing(
    store: Store, office: Administration, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    calls, note = [], Audit.note

    def failing(*arguments: Any, **named: Any) -> int:
        calls.append(1)
        if len(calls) == fails_at:
            raise StoreError("Full.", hint="Make room.")
        return note(*arguments, **named)

    before = noted(store)
    with monkeypatch.context() as patch:
        patch.setattr(Audit, "note", failing)
        with pytest.raises(StoreError):
            office.replace_badge(OLD, NEW)
    assert (why_not(store, OLD), why_not(store, NEW), noted(store)) == (None, Reason.BADGE_UNKNOWN, before)


def test_badge_is_not_replaced_by_itself(store: Store, office: Administration) -> None:
    with pytest.raises(CredentialError, match="cannot replace itself"):
        office.replace_badge(OLD, OLD)
    assert why_not(store, OLD) is None


def test_badge_is_not_replaced_by_somebody_elses(store: Store, office: Administration) -> None:
    office.add_badge(GRACE, NEW)
    with pytest.raises(CredentialError, match="belongs to Grace Hopper"):
        office.replace_badge(OLD, NEW)
    assert (why_not(store, OLD), why_not(store, NEW)) == (None, None)


def test_badge_is_not_replaced_by_a_revoked_one(store: Store, office: Administration) -> None:
    office.add_badge(ADA, NEW)
    office.revoke_badge(NEW)
    with pytest.raises(CredentialError, match="revoked") as refused:
        office.replace_badge(OLD, NEW)
    assert "lintel badges restore 17:2" in refused.value.hint
    assert why_not(store, OLD) is None


def test_badge_is_not_replaced_by_a_revoked_one_without_holder(
    store: Store, office: Administration, grace: Person
) -> None:
    office.add_badge(GRACE, NEW)
    office.revoke_badge(NEW)
    store.erase(grace, SimulatedClock().utc())
    with pytest.raises(CredentialError, match="revoked") as refused:
        office.replace_badge(OLD, NEW)
    assert "lintel badges restore 17:2" in refused.value.hint


def test_suspended_badge_is_refused_until_it_is_resumed(store: Store, office: Administration) -> None:
    office.suspend_badge(OLD)
    suspended = why_not(store, OLD)
    office.resume_badge(OLD)
    assert (suspended, why_not(store, OLD)) == (Reason.BADGE_SUSPENDED, None)


def test_suspended_badge_that_is_revoked_cannot_be_resumed(store: Store, office: Administration) -> None:
    office.suspend_badge(OLD)
    office.revoke_badge(OLD)
    with pytest.raises(CredentialError, match="revoked"):
        office.resume_badge(OLD)
    assert why_not(store, OLD) is Reason.BADGE_REVOKED


def test_suspended_badge_of_a_removed_person_stays_worthless(store: Store, office: Administration, ada: Person) -> None:
    office.suspend_badge(OLD)
    store.erase(ada, SimulatedClock().utc())
    with pytest.raises(CredentialError, match="revoked"):
        office.add_badge(GRACE, OLD)


def test_badge_is_restored_for_its_holder(store: Store, office: Administration, ada: Person) -> None:
    office.revoke_badge(OLD)
    assert (there(office.restore_badge(OLD)).person, why_not(store, OLD)) == (ada, None)


def test_revocation_is_noted_once(store: Store, office: Administration) -> None:
    office.revoke_badge(OLD)
    office.revoke_badge(OLD)
    assert [event for event, _ in noted(store)].count(Event.BADGE_REVOKED) == 1


def test_renamed_person_keeps_badges_and_audit_rows(store: Store, office: Administration, ada: Person) -> None:
    office.rename(ADA, "Ada King")
    with store.people() as people:
        renamed = there(people.claim(OLD, MODEL)).person
        assert (renamed.id, renamed.name, people.named(ADA)) == (ada.id, "Ada King", None)
    with store.audit() as audit:
        (row,) = audit.newest(1)
    assert (row.event, row.person_id, "Ada" in repr(row)) == (Event.PERSON_RENAMED, ada.id, False)


@pytest.mark.parametrize("taken", ["Grace Hopper", "GRACE HOPPER", "Grace\u00a0Hopper"])
def test_name_of_somebody_else_is_refused(store: Store, office: Administration, taken: str) -> None:
    with pytest.raises(CredentialError, match="Grace Hopper is already enrolled"):
        office.rename(ADA, taken)
    with store.people() as people:
        assert people.named(ADA) is not None


def test_name_can_change_its_case(store: Store, office: Administration) -> None:
    office.rename(ADA, "ADA lovelace")
    with store.people() as people:
        assert there(people.named(ADA)).name == "ADA lovelace"


@pytest.mark.parametrize(
    "change",
    [
        lambda office: office.add_badge("Alan", NEW),
        lambda office: office.rename("Alan", "Turing"),
        lambda office: office.rename(ADA, ADA),
        lambda office: office.give_time("Alan", extended=True),
        lambda office: office.revoke_badge(THIRD),
        lambda office: office.suspend_badge(THIRD),
        lambda office: office.resume_badge(THIRD),
        lambda office: office.restore_badge(THIRD),
        lambda office: office.replace_badge(THIRD, NEW),
        lambda office: office.resume_badge(OLD),
        lambda office: office.restore_badge(OLD),
        lambda office: office.add_badge(ADA, OLD),
        lambda office: office.add_badge(GRACE, OLD),
    ],
)
def test_change_that_cannot_be_made_leaves_no_row(
    store: Store, office: Administration, change: Callable[..., Any]
) -> None:
    before = noted(store)
    with pytest.raises(CredentialError):
        change(office)
    assert noted(store) == before


@pytest.mark.parametrize(("extended", "event"), [(True, "person-time-extended"), (False, "person-time-usual")])
def test_change_of_the_strike_time_is_noted(store: Store, office: Administration, extended: bool, event: str) -> None:
    office.give_time(ADA, extended=extended)
    assert noted(store)[-1][0].value == event


class Beside(Administration):
    """While it looks for the person, another operator changes them."""

    def __init__(self, store: Store, clock: Clock, meanwhile: Callable[[], object]) -> None:
        super().__init__(store, clock)
        self.meanwhile = meanwhile

    def _named(self, name: str) -> Person:
        found = super()._named(name)
        self.meanwhile()
        return found


@pytest.mark.parametrize("change", ["renamed", "removed"])
def test_person_who_changes_meanwhile_is_not_mistaken(
    store: Store, office: Administration, ada: Person, change: str
) -> None:
    changes: dict[str, Callable[[], object]] = {
        "renamed": lambda: office.rename(ADA, "Ada King"),
        "removed": lambda: store.erase(ada, SimulatedClock().utc()),
    }
    beside = Beside(store, SimulatedClock(), changes[change])
    for attempt in (lambda: beside.add_badge(ADA, NEW), lambda: beside.rename(ADA, "Ada Byron")):
        with pytest.raises(CredentialError):
            attempt()
    assert why_not(store, NEW) is Reason.BADGE_UNKNOWN
