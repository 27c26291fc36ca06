"""The scenarios that come with Lintel about who may pass: each goes as it says."""

import pytest

from device.records import Reason
from device.settings.tables import Settings
from device.simulation.player import Player
from device.simulation.playing import Played
from device.simulation.scenario import BUILT_IN, built_in_scenario

SHOWN = {
    "a-working-week": {"outside-schedule", "match", "passed-back", "pin", "door-scheduled-lock"},
    "getting-in": {"non-match", "pin-wrong", "pin-disabled", "badge-unknown", "second-awaited", "match", "pin"},
}


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_scenario_goes_as_it_says(name: str) -> None:
    played = [event for event in Player(built_in_scenario(name), Settings()).play() if isinstance(event, Played)]
    assert [(one.step.title, one.unmet) for one in played if one.unmet] == []
    reasons: set[Reason] = {one.transaction.decision.reason for one in played if one.transaction is not None}
    assert {reason.code for reason in reasons} >= SHOWN[name]


def test_every_scenario_that_comes_with_lintel_is_tested() -> None:
    assert set(BUILT_IN) == {"front-door", *SHOWN}
