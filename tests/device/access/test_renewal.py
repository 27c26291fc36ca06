"""References by invitation: given at a door, alone, and never farther from the operator's than a close match."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed
from numpy.typing import NDArray

from device.access import Access
from device.clock import Stop
from device.errors import ModelError
from device.policy.modes import Pad
from device.records import (
    BasisKind,
    Embedding,
    Event,
    Factor,
    Frame,
    Grounds,
    Invitation,
    KeyPress,
    PadMode,
    Person,
    Probe,
    Reason,
    Transaction,
)
from device.renewal import renewed
from device.settings.tables import VisionSettings
from device.vision.close_match import close_rule
from device.vision.following import View
from device.vision.manifest import CountedPoint, DecisionRule, DesignCurve
from tests.device.access.test_pins_at_the_door import FakePins
from tests.device.access.test_turns import Person as Visitor
from tests.device.access.world import BADGE, MODEL, REFERENCE, RULE, World, probe

LAX, CLOSE = 0.9, 0.97
"""The thresholds of the curve below, at 1e-4 and at 1e-6."""
_POINTS = tuple(CountedPoint(fmr=fmr, threshold=at, false_matches=20) for fmr, at in ((1e-4, LAX), (1e-6, CLOSE)))
_CURVE = DesignCurve(references=1, probes=1, people=9000, draws=0, non_mated_comparisons=20_000_000, points=_POINTS)
MEASURED = changed(RULE, points=(changed(RULE.points[0], non_mated_comparisons=20_000_000),), curves=(_CURVE,))


class Morph(Visitor):
    """Turns as is shown, with the face that it is given."""

    decision_rule = MEASURED
    face: Embedding = REFERENCE

    def follow(self, frame: Frame, view: View) -> Probe | Reason:
        found = super().follow(frame, view)
        if view.cues is not None and view.cues.embedding is not None:
            view.cues = replace(view.cues, embedding=self.face)
        return replace(found, embedding=self.face) if isinstance(found, Probe) else found


class Renewing:
    """A door with a keypad that asks for a turn, and Ada, who is invited."""

    def __init__(
        self, world: World, rule: DecisionRule = MEASURED, *, invited: bool = True, basis: bool = True
    ) -> None:
        self.world, self.visitor, self.pins = world, Morph([]), FakePins()
        self.visitor.decision_rule = rule
        doorway = replace(world.doorway, pad=Pad(PadMode.TURN, can_prompt=True), analyzer=self.visitor, pins=self.pins)
        self.access = Access(doorway, world.settings, world.log)
        self.visitor.access = self.access
        if basis:
            ada = self.ada
            with world.store.people() as people:
                people.bases.give(ada, Grounds(BasisKind.CONSENT, "1"), world.clock.utc())
        ada = self.ada
        with world.store.pins() as pins:
            pins.keep(ada, bytes(48), world.clock.utc())
        if invited:
            self.invite()

    @property
    def ada(self) -> Person:
        with self.world.store.people() as people:
            person = people.named("Ada")
        assert person is not None
        return person

    def invite(self, days: int = 14) -> None:
        now, ada = self.world.clock.utc(), self.ada
        with self.world.store.people() as people:
            people.invitations.give(ada, Invitation(now - timedelta(days=1), now + timedelta(days=days - 1)))

    def visit(self, keys: str = "2468#") -> Transaction:
        stop, world = Stop(), self.world
        over = self.access.present(world.read(BADGE, "door"), stop)
        for key in keys:
            self.access.hear(KeyPress(key, world.clock.monotonic(), "door"))
        while over is None:
            over = next(iter(self.access.advance(stop, 0.25)), None)
        return over

    def references(self, *, originals: bool = False) -> NDArray[np.float32]:
        ada = self.ada
        with self.world.store.people() as people:
            return people.faces.vectors(ada, MODEL, originals=originals)

    def rows(self, event: Event) -> list[str | None]:
        with self.world.store.audit() as audit:
            return [row.fault for row in audit.newest(1000) if row.event is event]


@pytest.fixture
def door(world_of: Callable[..., World]) -> Renewing:
    return Renewing(world_of())


def face(cosine: float) -> Embedding:
    """Of that similarity to the operator's reference."""
    return np.array([cosine, np.sqrt(1 - cosine**2)], np.float32)


def test_invited_person_gives_new_references_once(door: Renewing) -> None:
    door.visitor.face = face(0.98)
    over = door.visit()
    assert (over.decision.reason, door.world.releases, len(door.references())) == (Reason.MATCH, 1, 2)
    assert door.rows(Event.REFERENCES_RENEWED) == ["1 reference, given at the door"]
    door.visit()
    assert (len(door.references()), len(door.references(originals=True))) == (2, 1)


def test_next_invitation_replaces_what_the_last_one_gave(door: Renewing) -> None:
    door.visit()
    door.invite()
    door.visitor.face = face(0.985)
    door.visit()
    assert len(door.rows(Event.REFERENCES_RENEWED)) == 2
    assert np.allclose(door.references(), [REFERENCE, face(0.985)])


@pytest.mark.parametrize("keys", ["", "24*", "1111#", "9753#"], ids=["no PIN", "cancelled", "wrong PIN", "duress PIN"])
def test_invited_person_passes_as_ever_without_the_pin(door: Renewing, keys: str) -> None:
    over = door.visit(keys)
    assert (over.decision.reason, door.world.releases, len(door.references())) == (Reason.MATCH, 1, 1)


def test_wrong_pin_of_an_invited_person_is_counted(door: Renewing) -> None:
    door.visit("1111#")
    with door.world.store.counters() as counters:
        assert counters.of(BADGE).pin == 1


def test_person_without_an_invitation_gives_no_reference(world_of: Callable[..., World]) -> None:
    door = Renewing(world_of(), invited=False)
    assert (door.visit().decision.reason, len(door.references())) == (Reason.MATCH, 1)
    assert door.pins.asked == []


def test_invitation_that_is_over_takes_no_reference(world_of: Callable[..., World]) -> None:
    door = Renewing(world_of(), invited=False)
    door.invite(days=1)
    assert (door.visit().decision.granted, len(door.references())) == (True, 1)


def test_face_that_matches_but_not_closely_only_passes(door: Renewing) -> None:
    door.visitor.face = face(0.95)
    assert (door.visit().decision.reason, len(door.references())) == (Reason.MATCH, 1)
    assert door.rows(Event.RENEWAL_REFUSED) == ["similarity 0.950 to the operator's references, 0.970 needed"]
    door.visitor.face = face(0.99)
    door.visit()
    assert len(door.references()) == 2


def test_no_reference_without_a_legal_basis(world_of: Callable[..., World]) -> None:
    door = Renewing(world_of(), basis=False)
    assert (door.visit().decision.granted, len(door.references())) == (True, 1)
    assert door.rows(Event.RENEWAL_REFUSED) == ["there is no legal basis for face data"]


def test_network_that_was_not_measured_for_it_takes_none(world_of: Callable[..., World]) -> None:
    door = Renewing(world_of(), rule=RULE)
    assert door.visit().decision.granted
    assert len(door.references()) == 1
    door.world.log.write_down()
    (why,) = door.rows(Event.FAULT)
    assert "9,999,999 comparisons of different people are missing" in str(why)


def test_rule_without_a_curve_says_what_is_missing() -> None:
    bare = changed(RULE, points=MEASURED.points)
    with pytest.raises(ModelError, match="no curve"):
        close_rule(bare)
    with pytest.raises(ModelError, match="9,999,999 comparisons"):
        close_rule(RULE)


def test_door_without_a_turn_takes_no_reference(door: Renewing) -> None:
    """The PIN is not even asked for."""
    access = door.world.access_with(replace(door.world.doorway, analyzer=door.visitor, pins=door.pins))
    door.access = door.visitor.access = access
    assert (door.visit().decision.granted, len(door.references()), door.pins.asked) == (True, 1, [])


def test_chain_of_50_updates_never_leaves_the_operators_reference(door: Renewing) -> None:
    """Each visit is one step nearer to another person, whose face is at a right angle."""
    for step in range(1, 51):
        door.visitor.face = face(float(np.cos(step / 50 * np.pi / 2)))
        door.invite()
        door.visit()
        door.world.clock.sleep(1000.0)
    kept = door.references() @ REFERENCE
    assert (len(kept), float(kept.min()) >= 0.97) == (2, True)
    assert 5 <= len(door.rows(Event.REFERENCES_RENEWED)) <= 10


@given(
    target=st.lists(st.floats(-1, 1), min_size=8, max_size=8).filter(lambda one: np.linalg.norm(one) > 0.1),
    steps=st.integers(2, 50),
)
def test_morph_towards_anyone_stops_within_the_close_match(target: list[float], steps: int) -> None:
    """For all other people: what was kept before is no help, as it is compared with nothing."""
    rule, original = close_rule(MEASURED), np.eye(8, dtype=np.float32)[:1]
    other = np.array(target, np.float32) / np.float32(np.linalg.norm(target))
    for step in range(steps + 1):
        mixed = (1 - step / steps) * original[0] + step / steps * other
        if np.linalg.norm(mixed) < 1e-3:
            continue
        morph = (mixed / np.linalg.norm(mixed)).astype(np.float32)
        found = renewed([replace(probe(1.0), embedding=morph)] * 3, original, rule, VisionSettings())
        similarity = float(morph @ original[0])
        assert isinstance(found, str) == (similarity < 0.97) or abs(similarity - 0.97) < 1e-4


def disabled(world: World) -> None:
    with world.store.counters() as counters:
        for _ in range(10):
            counters.decided(BADGE, failed=frozenset({Factor.PIN}))


def pins_failed(world: World) -> int:
    with world.store.counters() as counters:
        return counters.of(BADGE).pin


def resetting(world: World, similarity: float, *, allowed: bool = True, mode: str = "badge+face") -> Access:
    (settings,) = world.settings.doors
    world.settings = changed(world.settings, doors=(changed(settings, face_resets_pin=allowed, mode=mode),))
    world.analyzer.found = [probe(similarity)]
    world.analyzer.decision_rule = MEASURED
    return world.access_with(replace(world.doorway, pins=FakePins()))


@pytest.mark.parametrize(
    ("similarity", "allowed", "left"), [(0.99, True, 0), (0.95, True, 10), (0.99, False, 10)], ids=str
)
def test_close_match_resets_the_pin_where_the_owner_allows_it(
    world_of: Callable[..., World], similarity: float, allowed: bool, left: int
) -> None:
    world = world_of()
    disabled(world)
    access, stop = resetting(world, similarity, allowed=allowed), Stop()
    over = access.present(world.read(), stop)
    while over is None:
        over = next(iter(access.advance(stop, 0.25)), None)
    assert (over.decision.reason, pins_failed(world)) == (Reason.MATCH, left)
    with world.store.audit() as audit:
        assert len([row for row in audit.newest(50) if row.event is Event.PIN_RESET_BY_FACE]) == (left == 0)


def test_look_alike_resets_no_pin(world_of: Callable[..., World]) -> None:
    """The other of the two could reset the PIN with their own face, where none can be typed, and go on guessing it."""
    world = world_of()
    disabled(world)
    with world.store.people() as people:
        ada = people.named("Ada")
        assert ada is not None
        people.demand_pin(ada, demanded=True)
    (settings,) = world.settings.doors
    world.settings = changed(world.settings, doors=(changed(settings, demanded_pin="with-keypad"),))
    access, stop = resetting(world, 0.99), Stop()
    over = access.present(world.read(), stop)
    while over is None:
        over = next(iter(access.advance(stop, 0.25)), None)
    assert (over.decision.granted, pins_failed(world)) == (True, 10)


def test_disabled_pin_is_not_shown_beside_the_face_that_resets_it(world_of: Callable[..., World]) -> None:
    """The law, for all that is typed, is in `test_mode_laws`."""
    world = world_of()
    disabled(world)
    access, stop = resetting(world, 0.99, mode="badge+face-or-pin"), Stop()
    over = access.present(world.read(), stop)
    access.hear(KeyPress("2468#", world.clock.monotonic(), ""))
    while over is None:
        over = next(iter(access.advance(stop, 0.25)), None)
    assert (Factor.PIN in over.decision.shown, over.decision.reason, pins_failed(world)) == (False, Reason.MATCH, 0)
