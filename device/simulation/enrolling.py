"""Who is known to a virtual world before its first step: people with badges, faces, groups and PINs, and the rules."""

from collections.abc import Callable, Iterator

from device.administration import Administration
from device.credentials import parse_badge
from device.enrollment import Candidate, Enrollment, EnrollmentReport
from device.errors import ScenarioError
from device.people.pins import PinOffice
from device.ports import Clock
from device.simulation.scenario import Enrollee, Scenario
from device.store.store import Store


def prepared(
    scenario: Scenario,
    store: Store,
    clock: Clock,
    *,
    enrollment: Enrollment,
    candidates: Callable[[Enrollee], list[Candidate]],
) -> Iterator[EnrollmentReport]:
    """Enrolls everyone, each with a report of the pictures, and applies the rules. Raises `ScenarioError`."""
    for enrollee in scenario.enroll:
        if enrollee.images:
            yield enrollment.enroll(parse_badge(enrollee.badge), enrollee.name, candidates(enrollee))
        else:
            _add_without_a_face(enrollee, store, clock)
        _give_the_rest(enrollee, store, clock)
    if scenario.rules:
        _apply(scenario.rules, store, clock)


def _add_without_a_face(enrollee: Enrollee, store: Store, clock: Clock) -> None:
    with store.people() as people:
        person = people.add(enrollee.name, clock.utc())
        people.issue(parse_badge(enrollee.badge), person, clock.utc())


def _give_the_rest(enrollee: Enrollee, store: Store, clock: Clock) -> None:
    if enrollee.groups:
        with store.people() as people:
            person = people.held(parse_badge(enrollee.badge)).person
            people.groups.put(person, enrollee.groups)
    office = PinOffice(store, clock)
    if enrollee.pin:
        office.give(enrollee.name, enrollee.pin)
    if enrollee.duress_pin:
        office.give_duress(enrollee.name, enrollee.pin, enrollee.duress_pin)
    if enrollee.duress_badge:
        badge = parse_badge(enrollee.duress_badge)
        Administration(store, clock).add_badge(enrollee.name, badge, duress=True)


def _apply(text: str, store: Store, clock: Clock) -> None:
    try:
        with store.rules() as book:
            book.apply(text, clock.utc())
    except ValueError as error:
        raise ScenarioError(f"The scenario's `rules` are wrong: {error}.", hint="docs/rules.md has examples.") from None
