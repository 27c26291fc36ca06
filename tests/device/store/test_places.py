"""Where people are, kept with the rows that say so; against a model that walks with them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.areas import Place
from device.records import (
    BADGE,
    AuditRow,
    Credential,
    Decision,
    DoorInput,
    Event,
    Evidence,
    Line,
    Outcome,
    Person,
    Reason,
    Transaction,
)
from device.settings.areas import AreaSettings
from device.settings.tables import DoorSettings, InputSettings, ReaderSettings, Settings
from device.store.store import Store
from device.whereabouts import Comer, Whereabouts
from tests.device.door.bench import Bench

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SWITCH = (InputSettings(signal=DoorInput.DPS, pin=27),)
SETTINGS = Settings(
    doors=(
        DoorSettings(name="front", leads_to="house", antipassback="hard", inputs=SWITCH),
        DoorSettings(
            name="lab",
            pin=18,
            leads_from="house",
            leads_to="lab",
            antipassback="hard",
            readers=(ReaderSettings(name="l"),),
        ),
        DoorSettings(name="gate", pin=19, readers=(ReaderSettings(name="g"),)),
    ),
    areas=(AreaSettings(name="house"), AreaSettings(name="lab", most=1)),
)
AREAS = Whereabouts(SETTINGS)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


@pytest.fixture
def ann(store: Store) -> Person:
    with store.people() as people:
        return people.add("Ann", NOON)


@pytest.fixture
def bob(store: Store) -> Person:
    with store.people() as people:
        return people.add("Bob", NOON)


def grant(store: Store, person: Person, door: str, *, out: bool = False, after_s: float = 0.0) -> int:
    """The row of a person who was let in, or out."""
    decision = (
        Decision(Reason.EXIT, Outcome.GRANTED, exit_reader="inside", mode=BADGE)
        if out
        else Decision(Reason.MATCH, Outcome.GRANTED, Evidence(0.9, 0.5, 3, 3))
    )
    at = NOON + timedelta(seconds=after_s)
    transaction = Transaction(at, Credential("h10301", 1, person.id), person, decision, 1.0, door=door)
    with store.audit() as audit, store.places() as places:
        return AREAS.record(audit, places, transaction)


def say(store: Store, event: Event, door: str, detail: str = "", *, after_s: float = 0.0) -> int:
    """The row of something that a door says."""
    row = AuditRow(0, NOON + timedelta(seconds=after_s), event, fault=detail or None, door=door)
    with store.audit() as audit, store.places() as places:
        number = audit.add(row)
        AREAS.heard(places, row, number)
    return number


def refused(store: Store, person: Person, door: str, *, out: bool = False, after_s: float = 60.0) -> Reason | None:
    comer = Comer(door, person, frozenset(), NOON + timedelta(seconds=after_s), is_exit=out)
    with store.places() as places:
        return AREAS.passing(places, comer).reason


def events(store: Store) -> list[Event]:
    with store.audit() as audit:
        return [row.event for row in audit.newest(100)]


def test_grant_becomes_a_passage_when_the_door_opens(store: Store, ann: Person) -> None:
    row = grant(store, ann, "front")
    assert refused(store, ann, "front") is None
    say(store, Event.DOOR_PASSED, "front", f"row {row}")
    assert refused(store, ann, "front") is Reason.PASSED_BACK


@pytest.mark.parametrize(
    ("event", "detail"),
    [
        (Event.DOOR_SECURED, "by the schedule"),
        (Event.DOOR_CLEARED, "evacuation"),
        (Event.DOOR_MENDED, "no longer: the wire of input dps is cut"),
    ],
)
def test_who_came_while_a_door_was_free_may_have_left(store: Store, ann: Person, event: Event, detail: str) -> None:
    row = grant(store, ann, "front")
    say(store, Event.DOOR_PASSED, "front", f"row {row}")
    say(store, event, "front", detail)
    assert refused(store, ann, "front") is None


@pytest.mark.parametrize("detail", ["lockdown", "forced alarm", "found open"])
def test_clearing_anything_else_forgets_no_one(store: Store, ann: Person, detail: str) -> None:
    row = grant(store, ann, "front")
    say(store, Event.DOOR_PASSED, "front", f"row {row}")
    say(store, Event.DOOR_CLEARED, "front", detail)
    assert refused(store, ann, "front") is Reason.PASSED_BACK


def test_person_who_did_not_go_in_may_try_again(store: Store, ann: Person) -> None:
    row = grant(store, ann, "front")
    say(store, Event.DOOR_NOT_ENTERED, "front", f"row {row}")
    assert refused(store, ann, "front") is None


def test_door_without_a_switch_takes_the_grant_for_the_passage(store: Store, ann: Person) -> None:
    grant(store, ann, "lab")
    assert refused(store, ann, "lab") is Reason.PASSED_BACK


def test_person_who_left_may_come_again(store: Store, ann: Person) -> None:
    say(store, Event.DOOR_PASSED, "front", f"row {grant(store, ann, 'front')}")
    grant(store, ann, "front", out=True)
    say(store, Event.DOOR_PASSED, "front")
    assert refused(store, ann, "front") is None


def test_badge_shown_at_the_exit_alone_lets_no_one_in_twice(store: Store, ann: Person) -> None:
    say(store, Event.DOOR_PASSED, "front", f"row {grant(store, ann, 'front')}")
    grant(store, ann, "front", out=True)
    say(store, Event.DOOR_NOT_ENTERED, "front")
    assert refused(store, ann, "front") is Reason.PASSED_BACK


def test_exit_of_a_person_who_never_came_in_is_reported(store: Store, ann: Person) -> None:
    grant(store, ann, "lab")
    grant(store, ann, "lab", out=True)
    assert Event.ANTIPASSBACK_VIOLATED not in events(store)
    grant(store, ann, "lab", out=True)
    assert events(store)[-1] is Event.ANTIPASSBACK_VIOLATED
    assert refused(store, ann, "lab", out=True) is None


def test_area_for_one_is_full_with_another_person(store: Store, ann: Person, bob: Person) -> None:
    grant(store, bob, "lab")
    assert refused(store, ann, "lab") is Reason.AREA_FULL
    grant(store, bob, "lab", out=True)
    assert refused(store, ann, "lab") is None


@pytest.mark.parametrize(
    "event", [Event.DOOR_FORCED, Event.DOOR_RELEASED, Event.DOOR_EXIT_REQUESTED, Event.DOOR_EVACUATION]
)
def test_opening_without_a_badge_frees_everyone_inside(store: Store, ann: Person, event: Event) -> None:
    grant(store, ann, "lab")
    say(store, event, "lab")
    assert refused(store, ann, "lab") is None


def test_opening_at_one_door_says_nothing_of_other_areas(store: Store, ann: Person) -> None:
    say(store, Event.DOOR_PASSED, "front", f"row {grant(store, ann, 'front')}")
    say(store, Event.DOOR_EXIT_REQUESTED, "lab")
    assert refused(store, ann, "front") is Reason.PASSED_BACK


def test_place_survives_a_restart(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        with store.people() as people:
            ann = people.add("Ann", NOON)
        grant(store, ann, "lab")
    with Store(tmp_path) as store:
        say(store, Event.SERVICE_STARTED, "lab")
        assert refused(store, ann, "lab") is Reason.PASSED_BACK


def test_grant_cut_off_by_a_restart_makes_the_place_unknown(store: Store, ann: Person) -> None:
    say(store, Event.DOOR_PASSED, "front", f"row {grant(store, ann, 'front')}")
    grant(store, ann, "front", out=True)
    say(store, Event.SERVICE_STARTED, "front")
    assert refused(store, ann, "front") is None


def test_erased_person_is_nowhere(store: Store, ann: Person) -> None:
    grant(store, ann, "lab")
    store.erase(ann, NOON)
    with store.places() as places:
        assert places.everyone() == {}


def test_door_that_leads_nowhere_keeps_no_places(store: Store, ann: Person) -> None:
    grant(store, ann, "gate")
    with store.places() as places:
        assert places.of(ann) is None


def test_place_of_a_person_erased_meanwhile_is_not_kept(store: Store, ann: Person) -> None:
    store.erase(ann, NOON)
    with store.places() as places:
        places.put(ann.id, Place("lab", NOON, 1))
        assert places.everyone() == {}


steps = st.lists(
    st.one_of(
        st.tuples(st.just("in"), st.booleans()),
        st.tuples(st.just("out"), st.booleans()),
        st.tuples(st.sampled_from(["button", "forced", "fire", "restart", "tailgate"]), st.just(value=True)),
    ),
    max_size=12,
)


class Walker:
    """The model: where the doors believe a person to be, None unknown."""

    def __init__(self) -> None:
        self.where: str | None = None

    def may_enter(self) -> bool:
        return self.where != "house"

    def after(self, what: str, *, opened: bool) -> None:
        match what:
            case "in" if opened and self.may_enter():
                self.where = "house"
            case "out" if opened:
                self.where = ""
            case "button" if self.where == "house":
                self.where = None
            case "forced" | "fire":
                self.where = None


@given(steps)
def test_doors_believe_what_the_model_believes(
    tmp_path_factory: pytest.TempPathFactory, script: list[tuple[str, bool]]
) -> None:
    """At the exit nothing is ever refused; at the way in, what the model says."""
    said = {"button": Event.DOOR_EXIT_REQUESTED, "forced": Event.DOOR_FORCED, "fire": Event.DOOR_EVACUATION}
    said |= {"restart": Event.SERVICE_STARTED}
    walker = Walker()
    with Store(tmp_path_factory.mktemp("walk")) as store:
        with store.people() as people:
            ann = people.add("Ann", NOON)
        for number, (what, opened) in enumerate(script):
            assert refused(store, ann, "front", out=True, after_s=number) is None
            assert (refused(store, ann, "front", after_s=number) is None) == walker.may_enter()
            if what in ("in", "out") and (what == "out" or walker.may_enter()):
                row = grant(store, ann, "front", out=what == "out", after_s=number)
                event = Event.DOOR_PASSED if opened else Event.DOOR_NOT_ENTERED
                say(store, event, "front", f"row {row}" if what == "in" else "", after_s=number)
            elif what in said:
                say(store, said[what], "front", after_s=number)
            walker.after(what, opened=opened)


def test_doors_say_of_their_switch_what_is_listened_for() -> None:
    bench = Bench().sense(DoorInput.DPS, Line.CUT)
    bench.told()
    bench.sense(DoorInput.DPS, Line.QUIET)
    assert any(event is Event.DOOR_MENDED and "input dps" in detail for event, detail in bench.told())
