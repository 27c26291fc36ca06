"""Where a camera sees by infrared, a face has to be more similar; an unknown reader has the strictest of the door."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec
import pytest

from device.records import Reason, Transaction
from device.vision.manifest import CurvePoint
from tests.device.access.world import RULE, World, probe, swiped

CURVE = tuple(CurvePoint(fmr=fmr, threshold=at) for fmr, at in ((1e-3, 0.88), (1e-4, 0.9), (1e-5, 0.97)))


def seen(
    world: World, similarity: float, shares: Mapping[str, float], curve: tuple[CurvePoint, ...] = CURVE
) -> Transaction:
    """What comes of a visit at the reader "front", where a tenth of the rate asks for 0.97 instead of 0.9."""
    world.analyzer.found = [probe(similarity)]
    world.analyzer.decision_rule = msgspec.structs.replace(RULE, curve=curve)
    access = world.access_with(replace(world.doorway, shares=shares))
    return swiped(access, world.read(reader="front"))


@pytest.mark.parametrize(
    ("shares", "threshold"),
    [({}, 0.9), ({"front": 0.1}, 0.97), ({"front": 1.0, "side": 0.1}, 0.9), ({"side": 0.1, "back": 1.0}, 0.97)],
)
def test_threshold_is_that_of_the_readers_light(
    world_of: Callable[..., World], shares: Mapping[str, float], threshold: float
) -> None:
    evidence = seen(world_of(), 0.99, shares).decision.evidence
    assert evidence is not None
    assert evidence.threshold == pytest.approx(threshold)


def test_what_is_similar_enough_by_day_is_not_by_infrared(world_of: Callable[..., World]) -> None:
    assert seen(world_of(), 0.93, {"front": 1.0}).decision.granted
    assert not seen(world_of(), 0.93, {"front": 0.1}).decision.granted


def test_network_without_a_curve_is_the_fault_and_not_the_face(world_of: Callable[..., World]) -> None:
    """No face could be similar enough."""
    by_day, by_infrared = (seen(world_of(), 0.999, {"front": share}, curve=()) for share in (1.0, 0.5))
    assert by_day.decision.granted
    assert (by_infrared.decision.reason, by_infrared.fault) == (
        Reason.VISION_FAULT,
        "The network's thresholds have no curve, which an infrared camera needs: `lintel-convert calibrate`.",
    )
