"""Scenarios: read from TOML, or refused with the place and the mistake."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import device.simulation.scenario
from device.errors import ConfigError, ScenarioError
from device.settings.tables import Settings, VisionSettings
from device.simulation.player import Player
from device.simulation.scenario import Expect, built_in_scenario, read_scenario
from device.virtual.figures import Figure, Place

WHOLE = """
title = "A door"
[images]
eileen = "portrait:eileen-collins"
[[enroll]]
name = "Eileen Collins"
badge = "17:1001"
images = ["eileen"]
[[step]]
title = "Her own badge"
badge = "17:1001"
[[step.view]]
image = "eileen"
"""
STEP = '[[step]]\ntitle = "A step"\n'
MARKED = [WHOLE.encode("utf-8-sig"), WHOLE.replace("\n", "\r\n").encode("utf-8-sig")]
WRONG = {
    "no TOML": ("title is a door", "wrong: "),
    "nothing": ("", "missing required field `title`"),
    "no step": ('title = "A door"', "missing required field `step`"),
    "empty steps": ('title = "A door"\nstep = []', "length >= 1 - at `$.step`"),
    "step without title": ('title = "A door"\n[[step]]', "missing required field `title` - at `$.step[0]`"),
    "unknown field": (WHOLE + 'colour = "red"', "unknown field `colour` - at `$.step[0].view[0]`"),
    "unknown table": (WHOLE + "[weather]", "unknown field `weather`"),
    "unknown camera": (
        WHOLE.replace("[[step.view]]", 'camera = "broken"\n[[step.view]]'),
        "'broken' - at `$.step[0].camera`",
    ),
    "unknown outcome": (WHOLE + STEP + 'expect = { outcome = "ok" }', "'ok' - at `$.step[1].expect.outcome`"),
    "unknown strike": (WHOLE + STEP + 'expect = { strike = "open" }', "'open' - at `$.step[1].expect.strike`"),
    "unknown place": (WHOLE + "to = { z = 1 }", "unknown field `z` - at `$.step[0].view[0].to`"),
    "place outside": (WHOLE + "to = { x = 1.5 }", "<= 1.0 - at `$.step[0].view[0].to.x`"),
    "figure of no size": (WHOLE + "to = { size = 0 }", ">= 0.05 - at `$.step[0].view[0].to.size`"),
    "unknown thing": (WHOLE + 'as = "mask"', "'mask' - at `$.step[0].view[0].as`"),
    "clip that is none": (WHOLE + 'as = "clip"', '"Her own badge" is not a video'),
    "unknown turn": (WHOLE + 'turns = "around"', "'around' - at `$.step[0].view[0].turns`"),
    "unknown room": (WHOLE.replace("[images]", 'room = "street"\n[images]'), "'street' - at `$.room`"),
    "light that is no number": (WHOLE + "light = nan", "at `$.step[0].view[0].light`"),
    "walk without end": (WHOLE + "walk_s = inf", "<= 60.0 - at `$.step[0].view[0].walk_s`"),
    "badge before the step": (WHOLE + STEP + "badge_at_s = -1", ">= 0.0 - at `$.step[1].badge_at_s`"),
    "image without a name": (WHOLE + '[[step.view]]\nimage = "grace"', "does not name under [images]: grace"),
    "enrolled image without a name": (WHOLE.replace('["eileen"]', '["grace"]'), "does not name under [images]: grace"),
    "person with neither face nor PIN": (WHOLE.replace('["eileen"]', "[]"), "neither `images` nor a `pin`: Eileen"),
    "duress PIN alone": (
        WHOLE.replace('images = ["eileen"]', 'images = ["eileen"]\nduress_pin = "7305"'),
        "as long as the ordinary one",
    ),
    "keys that no pad has": (WHOLE + STEP + 'keys = "12A#"', "at `$.step[1].keys`"),
    "time without an offset": (WHOLE + STEP + "at = 2026-01-01T08:00:00", "a time without its offset"),
    "time without a beginning": (WHOLE + STEP + "at = 2026-01-01T08:00:00Z", "does not say when it begins"),
    "time that goes back": (
        "begins = 2026-01-02T08:00:00Z\n" + WHOLE + STEP + "at = 2026-01-01T08:00:00Z",
        "goes back in time",
    ),
    "badge that is none": (
        WHOLE.replace('badge = "17:1001"\nimages', 'badge = "card"\nimages'),
        "'card' is not in a known format",
    ),
    "revoked badge that is none": (WHOLE + STEP + 'revoke = "card"', "'card' is not in a known format"),
    "revoked badge of nobody": (WHOLE + STEP + 'revoke = "17:1002"', "revokes badges it does not enroll: 17:1002"),
    "flipped bits without wires": (WHOLE + STEP + 'badge = "17:1001"\nflip = [1]', "does not come as bits"),
    "nothing that happens": (WHOLE + STEP + "[[step.happen]]\nat_s = 1", "names no kind, or several"),
    "two things at once": (
        WHOLE + STEP + '[[step.happen]]\ninput = "dps"\ncommand = "clear"',
        "names no kind, or several",
    ),
    "unknown wire": (WHOLE + STEP + '[[step.happen]]\ninput = "bell"', "'bell' - at `$.step[1].happen[0].input`"),
    "unknown line": (WHOLE + STEP + '[[step.happen]]\ninput = "dps"\nline = "open"', "'open' - at `$.step[1]"),
    "unknown event": (WHOLE + STEP + 'expect = { events = ["door-fell-off"] }', "at `$.step[1].expect.events[0]`"),
    "settings that contradict each other": (
        WHOLE + "[[settings.doors]]\n[[settings.doors]]\npin = 4",
        "2 doors are called 'main'",
    ),
    "unknown setting": (WHOLE + "[settings.dor]\npin = 4", "unknown field `dor` - in [settings]"),
    "too deep": ("a = " + "[" * 100_000, "wrong: "),
    "too many digits": ("a = " + "9" * 5000, "wrong: "),
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def written(content: str | bytes) -> Path:
        path = tmp_path / "scenario.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def test_scenario_is_read(write: Callable[[str | bytes], Path]) -> None:
    assert read_scenario(write(WHOLE)).title == "A door"


def test_what_is_left_out_has_a_default(write: Callable[[str | bytes], Path]) -> None:
    (step,) = read_scenario(write(WHOLE)).step
    assert (step.view, step.badge_at_s, step.expect) == ((Figure(image="eileen"),), 0.5, Expect())


def test_way_of_a_figure_is_read(write: Callable[[str | bytes], Path]) -> None:
    scenario = read_scenario(write(WHOLE + "from = { x = 0.1 }\nto = { y = 0.2, size = 2 }"))
    (figure,) = scenario.step[0].view
    assert (figure.start, figure.end) == (Place(x=0.1), Place(y=0.2, size=2.0))


@pytest.mark.parametrize("content", MARKED, ids=["LF", "CRLF"])
def test_scenario_with_a_byte_order_mark_is_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scenario.toml").write_bytes(content)
    assert read_scenario(tmp_path / "scenario.toml").title == "A door"


@pytest.mark.parametrize(("content", "said"), WRONG.values(), ids=WRONG.keys())
def test_mistake_is_told_with_its_place(write: Callable[[str | bytes], Path], content: str, said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        read_scenario(write(content))
    assert said in refused.value.message


def test_scenario_that_is_not_utf_8_is_refused(write: Callable[[str | bytes], Path]) -> None:
    with pytest.raises(ScenarioError, match="byte 0xe9 in line 1 is not UTF-8"):
        read_scenario(write(b'title = "caf\xe9"'))


@pytest.mark.parametrize(("name", "said"), [("none.toml", "No such file"), ("", "Is a directory")])
def test_scenario_that_cannot_be_read_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        read_scenario(tmp_path / name)


@given(st.text(max_size=100))
def test_anything_is_a_scenario_or_refused(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(content, "utf-8", "surrogateescape")
    with pytest.raises(ScenarioError):
        read_scenario(path)


def test_example_in_the_docstring_is_a_scenario(write: Callable[[str | bytes], Path]) -> None:
    _, _, example = (device.simulation.scenario.__doc__ or "").partition("\n\n")
    enrolled = example.replace('revoke = "17:1002"', 'revoke = "17:1001"')
    assert read_scenario(write(enrolled)).title == "A door in an office"


def test_built_in_scenario_is_one() -> None:
    assert len(read_scenario(built_in_scenario()).step) > 8


def rehearse(path: Path) -> Player:
    return Player(path, Settings(vision=VisionSettings(threads=1)))


def test_unknown_reason_is_told_with_those_that_exist(write: Callable[[str | bytes], Path]) -> None:
    with pytest.raises(ScenarioError, match="do not exist: no-luck") as refused:
        rehearse(write(WHOLE + STEP + 'expect = { reason = "no-luck" }'))
    assert "no-face" in refused.value.hint


def test_unknown_door_is_told_with_those_that_exist(write: Callable[[str | bytes], Path]) -> None:
    with pytest.raises(ScenarioError, match="There is no door 'back' for \"A step\"") as refused:
        rehearse(write(WHOLE + STEP + 'door = "back"'))
    assert refused.value.hint == "Take one of: main."


def test_more_doors_than_there_are_pins_for_are_refused(write: Callable[[str | bytes], Path]) -> None:
    doors = "".join(
        f'[[settings.doors]]\nname = "{name}"\npin = {pin}\ncamera = "{name}"\n'
        f'[[settings.doors.readers]]\nname = "{name}"\n'
        f'[[settings.cameras]]\nname = "{name}"\nsource = "{pin}"\n'
        for name, pin in (("front", 0), ("back", 1), ("side", 2))
    )
    with pytest.raises(ConfigError, match="3 doors with every wire that they can have need more than 28 pins"):
        rehearse(write(WHOLE + doors))


def test_unknown_portrait_is_told_with_those_that_exist(write: Callable[[str | bytes], Path]) -> None:
    with pytest.raises(ScenarioError, match="no portrait 'nobody'") as refused:
        rehearse(write(WHOLE.replace("portrait:eileen-collins", "portrait:nobody")))
    assert "eileen-collins, grace-hopper" in refused.value.hint


@pytest.mark.parametrize("name", ["../eileen-collins", "/etc/hostname", "eileen-collins.jpg"])
def test_portrait_is_a_name_and_no_path(write: Callable[[str | bytes], Path], name: str) -> None:
    with pytest.raises(ScenarioError, match="no portrait"):
        rehearse(write(WHOLE.replace("portrait:eileen-collins", f"portrait:{name}")))


def test_images_lie_beside_the_scenario(
    tmp_path: Path, write: Callable[[str | bytes], Path], portrait_files: dict[str, Path]
) -> None:
    (tmp_path / "face.jpg").write_bytes(portrait_files["eileen-collins"].read_bytes())
    player = rehearse(write(WHOLE.replace("portrait:eileen-collins", "face.jpg")))
    assert player.scenario.images["eileen"] == "face.jpg"


def test_person_of_an_image_without_a_face_is_refused(tmp_path: Path, write: Callable[[str | bytes], Path]) -> None:
    cv2.imwrite(str(tmp_path / "gray.png"), np.full((200, 200, 3), 128, np.uint8))
    with pytest.raises(ScenarioError, match="In the image 'eileen' of the scenario no face was found"):
        rehearse(write(WHOLE.replace("portrait:eileen-collins", "gray.png") + 'as = "person"\n'))
