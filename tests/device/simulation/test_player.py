"""A scenario operates a door: every wire, an operator, a reader, a relay; what goes otherwise is told."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from device.settings.tables import Settings, VisionSettings
from device.simulation.player import Player
from device.simulation.playing import Played
from device.simulation.scenario import built_in_scenario

SETTINGS = Settings(vision=VisionSettings(threads=1))


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., list[Played]]:
    """Plays steps, and gives what came of each."""

    def played(content: str, head: str = "") -> list[Played]:
        path = tmp_path / "scenario.toml"
        path.write_text(f'title = "A day"\n{head}\n{content}')
        return [event for event in Player(path, SETTINGS).play() if isinstance(event, Played)]

    return played


def step(expect: str, *happenings: str, lasts_s: float = 2.0, more: str = "") -> str:
    happen = "".join(f"[[step.happen]]\n{happening}\n" for happening in happenings)
    return f'[[step]]\ntitle = "A step"\nlasts_s = {lasts_s}\n{more}\nexpect = {{ {expect} }}\n{happen}'


ROUNDS = {
    "forced": ('state = "forced", events = ["door-forced"], outputs = ["siren"]', 'input = "dps"'),
    "tampered with": ('state = "locked", events = ["door-tampered"], outputs = ["siren"]', 'input = "tamper"'),
    "mains gone": ('state = "locked", events = ["door-power-failed"]', 'input = "power-fail"'),
    "fire": ('state = "evacuation", strike = "released", events = ["door-evacuation"]', 'input = "fire"'),
    "lockdown by a switch": ('state = "lockdown", strike = "secure"', 'input = "lockdown"'),
    "door switch cut": ('state = "fault", strike = "secure", events = ["door-fault"]', 'input = "dps"\nline = "cut"'),
    "door switch bridged": ('state = "fault", events = ["door-fault"]', 'input = "dps"\nline = "short"'),
    "released by an operator": (
        'state = "locked", strike = "released", outputs = ["shunt", "led", "lamp"]',
        'at_s = 1.0\ncommand = "release"',
    ),
    "evacuated by an operator": ('state = "evacuation", strike = "released"', 'command = "evacuate"'),
    "reader tampered with": ('events = ["reader-tampered"]', 'reader = "tampered"'),
}


@pytest.mark.parametrize(("expect", "happening"), ROUNDS.values(), ids=ROUNDS.keys())
def test_what_happens_is_seen_by_the_door(play: Callable[..., list[Played]], expect: str, happening: str) -> None:
    (played,) = play(step(expect, happening))
    assert played.unmet == ()


def test_lock_that_stays_open_is_a_fault(play: Callable[..., list[Played]]) -> None:
    (played,) = play(step('state = "fault"', 'input = "strike-feedback"', lasts_s=10.0))
    assert played.unmet == ()


def test_lock_that_was_jammed_follows_its_relay_in_the_next_step(play: Callable[..., list[Played]]) -> None:
    _, mended = play(
        step('state = "fault"', 'input = "strike-feedback"', lasts_s=10.0) + step('state = "locked"', lasts_s=5.0)
    )
    assert mended.unmet == ()


def test_relay_that_breaks_is_a_fault_and_ends_with_being_mended(play: Callable[..., list[Played]]) -> None:
    broken, mended = play(
        step('state = "fault", strike = "secure"', 'relay = "broken"', 'at_s = 0.5\ncommand = "release"')
        + step('state = "locked", events = ["door-mended"]', 'relay = "mended"')
    )
    assert (broken.unmet, mended.unmet) == ((), ())


def test_what_was_expected_and_did_not_come_is_told(play: Callable[..., list[Played]]) -> None:
    (played,) = play(step('state = "forced", events = ["door-forced"], outputs = ["siren"]'))
    assert played.unmet == (
        "expected state forced, received locked",
        "expected event door-forced, received none",
        "expected output siren, received none",
    )


MANTRAP = """
[settings.access]
interlock = true
[[settings.doors]]
name = "outer"
[[settings.doors.inputs]]
signal = "dps"
channel = 0
[[settings.doors]]
name = "inner"
pin = 22
camera = "inner"
[[settings.doors.readers]]
name = "inside"
[[settings.doors.inputs]]
signal = "dps"
channel = 1
[[settings.cameras]]
[[settings.cameras]]
name = "inner"
source = "1"
"""


def test_mantrap_holds_one_door_while_the_other_is_open(play: Callable[..., list[Played]]) -> None:
    release, release_later = (f'at_s = {at_s}\ncommand = "release"' for at_s in (0.5, 20.0))
    outer = 'door = "outer"\ninput = "dps"'
    held, free = play(
        step('strike = "secure", events = ["door-interlocked"]', outer, release, more='door = "inner"')
        + step('strike = "released"', f'{outer}\nline = "quiet"', release_later, more='door = "inner"'),
        MANTRAP,
    )
    assert (held.unmet, free.unmet) == ((), ())


@pytest.mark.slow(small="tests/device/readers/conformance.py::test_plays_a_scenario_at_a_door")
def test_built_in_scenario_goes_the_same_over_wiegands_wires(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    head, *steps = built_in_scenario().read_text().replace('via = "wiegand"\n', "").split("[[step]]\n")
    short = [step for step in steps if not re.search('reason = "(no-face|several-faces|face-.*)"', step)]
    path.write_text(
        "[[step]]\n".join([head, *(re.sub(r'badge = "17:\d+"', r'\g<0>\nvia = "wiegand"', step) for step in short)])
    )
    played = [event for event in Player(path, SETTINGS).play() if isinstance(event, Played)]
    assert [(step.step.title, step.unmet) for step in played if step.unmet] == [
        # wires have no line to lose: the badge is read
        (
            "The reader loses its line: no badge is read",
            ("expected strike secure, received released",),
        )
    ]


def test_fire_at_one_door_of_a_mantrap_lets_people_out_of_the_other(play: Callable[..., list[Played]]) -> None:
    (played,) = play(
        step(
            'strike = "released"',
            'input = "fire"\ndoor = "outer"',
            'at_s = 1.0\ncommand = "release"',
            more='door = "inner"',
        ),
        MANTRAP,
    )
    assert played.unmet == ()


def test_mantrap_door_that_may_be_opening_holds_the_other(
    play: Callable[..., list[Played]],
) -> None:
    """The strike is secure again, and the switch has not said anything yet."""
    (played,) = play(
        step(
            'strike = "secure", events = ["door-interlocked"]',
            'command = "release"\ndoor = "outer"',
            'at_s = 3.05\ncommand = "release"',
            more='door = "inner"',
            lasts_s=6.0,
        ),
        MANTRAP,
    )
    assert played.unmet == ()


EILEEN = """
[images]
eileen = "portrait:eileen-collins"
[[enroll]]
name = "Eileen Collins"
badge = "17:1001"
images = ["eileen"]
"""
IN_VIEW = '[[step.view]]\nimage = "eileen"\nto = { x = 0.5, y = 0.9, size = 1.5 }\n'


@pytest.mark.parametrize("via", ["reader", "wiegand"])
def test_badge_that_stays_for_a_minute_releases_once(play: Callable[..., list[Played]], via: str) -> None:
    """And is served again in the next step."""
    held = f'badge = "17:1001"\nbadge_lasts_s = 60.0\nvia = "{via}"'
    expect = 'outcome = "granted", strike = "released"'
    both = play((step(expect, more=held) + IN_VIEW) * 2, EILEEN)
    pulses = [[b.at - a.at for a, b in pairwise(played.levels) if a.high] for played in both]
    assert [[round(pulse, 6) for pulse in one] for one in pulses] == [[3.0], [3.0]]
