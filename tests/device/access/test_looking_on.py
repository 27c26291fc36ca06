"""A person who does not match at once: looked at again at a real door, and out of the way of whoever comes next."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.clock import Stop
from device.credentials import parse_badge
from device.records import BadgeRead, Credential, Probe, Reason
from device.settings.tables import AccessSettings
from device.vision.manifest import CurvePoint
from tests.device.access.world import BADGE, MODEL, RULE, ScriptedAnalyzer, World, probe, swiped

HOLDER, OTHER = probe(0.99), probe(0.2)
CURVE = tuple(CurvePoint(fmr=10.0**-power, threshold=0.5 + power / 10) for power in (3, 4, 5))
"""A tenth of the rate is 0.1 stricter: half of it 0.03, a twentieth of it 0.13."""


def test_holder_is_granted_after_another_face_in_a_shared_camera(world_of: Callable[..., World]) -> None:
    world = world_of(*[OTHER] * 8, HOLDER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptedAnalyzer, "decision_rule", msgspec.structs.replace(RULE, curve=flat()))
        transaction = world.swipe()
    assert (transaction.decision.reason, transaction.frames, world.releases) == (Reason.MATCH, 11, 1)


def flat() -> tuple[CurvePoint, ...]:
    """A curve on which a stricter rate has nearly the same threshold."""
    return tuple(CurvePoint(fmr=10.0**-power, threshold=0.5 + power / 1000) for power in (3, 4, 5))


def test_cards_of_two_people_at_one_camera_are_both_granted(world_of: Callable[..., World]) -> None:
    """Each presents a badge at a reader of their own before either stands before the camera."""
    graces, world = parse_badge("17:1002"), world_of(*[OTHER] * 8, HOLDER)
    with world.store.people() as people:
        grace = people.add("Grace", world.clock.utc())
        people.issue(graces, grace, world.clock.utc())
        people.add_references(grace, np.stack([OTHER.embedding]), MODEL, world.clock.utc())
    over: dict[str, Reason] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptedAnalyzer, "decision_rule", msgspec.structs.replace(RULE, curve=flat()))
        world.access.present(world.read(BADGE, "front"), Stop())
        world.access.present(world.read(graces, "side"), Stop())
        while world.access.busy:
            over |= {one.reader: one.decision.reason for one in world.access.advance(Stop(), 0.25)}
    assert over == {"side": Reason.MATCH, "front": Reason.MATCH}


shown = st.lists(
    st.sampled_from([HOLDER, HOLDER, HOLDER, OTHER, Reason.NO_FACE, Reason.SEVERAL_FACES, Reason.FACE_BLURRED]),
    max_size=25,
)


@settings(max_examples=30)
@given(shown)
def test_grant_while_looking_on_has_three_frames_in_a_row(
    world_of: Callable[..., World], found: list[Probe | Reason]
) -> None:
    """Whoever else was seen before: no frame of another, and no empty view, is among them."""
    world = world_of(*found, Reason.NO_FACE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptedAnalyzer, "decision_rule", msgspec.structs.replace(RULE, curve=flat()))
        transaction = world.swipe()
    views = [one for one in found[: transaction.frames] if one is not Reason.FACE_BLURRED]
    assert not transaction.decision.granted or views[-3:] == [HOLDER] * 3
    assert world.releases == int(transaction.decision.granted)


@pytest.mark.parametrize(("later", "granted"), [(0.96, False), (0.97, True)])
def test_second_comparison_is_stricter_as_the_curve_says(
    world_of: Callable[..., World], later: float, granted: bool
) -> None:
    """The mean of three is below 0.9, that of six has to reach 0.9301."""
    world = world_of(*[probe(0.895)] * 3, *[probe(later)] * 3, Reason.NO_FACE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptedAnalyzer, "decision_rule", msgspec.structs.replace(RULE, curve=CURVE))
        assert world.swipe().decision.granted is granted


def test_model_without_a_curve_is_not_looked_on_with(world_of: Callable[..., World]) -> None:
    """What a further comparison costs is not known: only the very same picture would do."""
    world = world_of(*[probe(0.895)] * 3, *[HOLDER] * 3, Reason.NO_FACE)
    assert (world.swipe().decision.reason, world.last_row().threshold) == (Reason.NON_MATCH, 1.0)


def test_matching_person_is_granted_after_three_frames(world_of: Callable[..., World]) -> None:
    transaction = world_of(HOLDER).swipe()
    assert (transaction.frames, round(transaction.waited_s, 6)) == (3, 0.3)


def test_face_that_does_not_match_is_refused_at_48_frames(world_of: Callable[..., World]) -> None:
    transaction = world_of(OTHER).swipe()
    assert (transaction.decision.reason, round(transaction.waited_s, 6)) == (Reason.NON_MATCH, 4.8)


def test_face_at_a_slow_camera_is_refused_at_the_time_out(world_of: Callable[..., World]) -> None:
    """With ten frames a comparison, the next one is due at 20, 40 and 80: the time is up before that."""
    world = world_of(OTHER)
    settings = msgspec.structs.replace(world.settings, access=AccessSettings(probes=10))
    transaction = swiped(world.access_with(settings=settings), world.read())
    assert (transaction.decision.reason, round(transaction.waited_s, 6)) == (Reason.NON_MATCH, 6.0)


def test_audit_keeps_the_last_comparison(world_of: Callable[..., World]) -> None:
    world = world_of(*[OTHER] * 7, Reason.NO_FACE)
    world.swipe()
    row = world.last_row()
    assert (row.reason, row.probes, row.frames) == (Reason.NON_MATCH, 6, 23)


def test_audit_keeps_the_comparison_of_one_who_turned_away(world_of: Callable[..., World]) -> None:
    world = world_of(*[OTHER] * 3, Reason.FACE_TURNED)
    world.swipe()
    row = world.last_row()
    assert (row.reason, row.probes, row.threshold) == (Reason.FACE_TURNED, 3, 0.9)


@pytest.mark.parametrize(("credential", "gives_way"), [(parse_badge("17:9"), True), (BADGE, False)])
def test_reader_is_free_for_another_badge_after_a_non_match(
    world_of: Callable[..., World], credential: Credential, gives_way: bool
) -> None:
    world = world_of(OTHER)
    world.access.present(world.read(reader="front"), Stop())
    for _ in range(3):
        assert not world.access.gives_way(BadgeRead(parse_badge("17:9"), world.clock.monotonic(), "front"))
        world.access.advance(Stop(), 0.25)
    badge = BadgeRead(credential, world.clock.monotonic(), "front")
    assert [world.access.gives_way(badge) for _ in range(2)] == [gives_way, False]
