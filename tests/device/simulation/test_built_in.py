"""The packs of scenarios that come with Lintel: a normal day, things break, someone tries to get in."""

import pytest

from device.settings.tables import Settings, VisionSettings
from device.simulation.player import Player
from device.simulation.playing import Played
from device.simulation.scenario import BUILT_IN, built_in_scenario

SETTINGS = Settings(vision=VisionSettings(threads=1))
SHOWN = {
    "a-working-week": {"outside-schedule", "match", "passed-back", "pin", "door-scheduled-lock"},
    "things-break": {
        "camera-fault",
        "store-fault",
        "clock-untrusted",
        "door-fault",
        "badge-unreadable",
        "match",
        "pin",
    },
    "getting-in": {"non-match", "pin-wrong", "pin-disabled", "badge-unknown", "second-awaited", "match", "pin"},
}


@pytest.fixture(scope="module", params=sorted(SHOWN))
def pack(request: pytest.FixtureRequest) -> tuple[str, list[Played]]:
    """Each pack's name, and what came of its steps."""
    played = [event for event in Player(built_in_scenario(request.param), SETTINGS).play() if isinstance(event, Played)]
    return request.param, played


def test_pack_goes_as_it_says(pack: tuple[str, list[Played]]) -> None:
    name, played = pack
    assert [(one.step.title, one.unmet) for one in played if one.unmet] == []
    assert {one.transaction.decision.reason.code for one in played if one.transaction is not None} >= SHOWN[name]


def test_pack_grants_no_face_for_the_picture_it_was_enrolled_with(pack: tuple[str, list[Played]]) -> None:
    """The very same photograph has 0.999."""
    decisions = [one.transaction.decision for one in pack[1] if one.transaction is not None]
    similarities = [one.evidence.similarity for one in decisions if one.granted and one.evidence is not None]
    assert similarities
    assert max(similarities) < 0.99


def test_every_scenario_that_comes_with_lintel_is_tested() -> None:
    assert set(BUILT_IN) == {"front-door", *SHOWN}
