"""A scenario types PINs: at the reader or as bursts on two wires, right, wrong, for duress, and too often."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device.errors import ScenarioError
from device.records import Reason
from device.settings.tables import Settings, VisionSettings
from device.simulation.player import Player
from device.simulation.playing import Played
from device.simulation.scenario import read_scenario

SETTINGS = Settings(vision=VisionSettings(threads=1))
HEAD = """title = "PINs"
[[settings.doors]]
mode = "badge+pin"
[images]
eileen = "portrait:eileen-collins"
[[enroll]]
name = "Eileen Collins"
badge = "17:1001"
images = ["eileen"]
pin = "471147"
duress_pin = "926626"
duress_badge = "17:1009"
"""


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., list[Played]]:
    def played(*steps: str) -> list[Played]:
        path = tmp_path / "scenario.toml"
        path.write_text(HEAD + "\n".join(f'[[step]]\ntitle = "A step"\n{step}' for step in steps))
        return [event for event in Player(path, SETTINGS).play() if isinstance(event, Played)]

    return played


def step(keys: str, expect: str, badge: str = "17:1001", more: str = "") -> str:
    return f'badge = "{badge}"\nkeys = "{keys}"\n{more}\nexpect = {{ {expect} }}'


def test_typed_pin_opens_and_a_wrong_one_does_not(play: Callable[..., list[Played]]) -> None:
    granted = 'outcome = "granted", reason = "pin", strike = "released", within_s = 4.0'
    played = play(
        step("471147#", granted),
        step("926626#", granted),
        step("471147#", granted, badge="17:1009"),
        step("47*471147#", 'reason = "pin", strike = "released"'),
        step("471148#", 'outcome = "denied", reason = "pin-wrong", strike = "secure"'),
        step("47#", 'outcome = "denied", reason = "pin-wrong"'),
        step("471147", 'outcome = "denied", reason = "pin-missing"'),
        step("471147#", granted, more='via = "wiegand"'),
    )
    assert [one.unmet for one in played] == [()] * 8
    duress = [one.transaction is not None and one.transaction.decision.duress for one in played]
    assert duress == [False, True, True, False, False, False, False, False]


def test_eleventh_wrong_pin_is_not_compared_and_the_right_one_neither(play: Callable[..., list[Played]]) -> None:
    wrong = step("000111#", 'reason = "pin-wrong", strike = "secure"')
    refused = 'outcome = "denied", reason = "pin-disabled", strike = "secure"'
    played = play(*[wrong] * 10, step("000111#", refused), step("471147#", refused))
    assert [one.unmet for one in played] == [()] * 12
    assert Reason.PIN_DISABLED.code == "pin-disabled"


@pytest.mark.parametrize(
    ("before", "after"),
    [('pin = "471147"', 'pin = "123456"'), ('duress_pin = "926626"', 'duress_pin = "471148"'), ("17:1009", "x")],
)
def test_pin_that_no_one_could_have_is_refused(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(HEAD.replace(before, after) + '[[step]]\ntitle = "A step"\n')
    with pytest.raises(ScenarioError):
        read_scenario(path)


def test_only_keys_of_a_pad_are_typed(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(HEAD + '[[step]]\ntitle = "A step"\nkeys = "12a"\n')
    with pytest.raises(ScenarioError):
        read_scenario(path)
