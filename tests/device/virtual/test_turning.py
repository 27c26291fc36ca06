"""The renderer against the door's own eyes: a head that turns is seen to turn and stays the person; a print is not."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.images import read_image
from device.records import Image
from device.simulation.casting import head_of
from device.virtual.figures import Figure, Place, Room, Thing
from device.virtual.scene import Head, Prompt, Scene, Side
from device.virtual.scene.motion import turn_at
from device.vision.attack.pose import mean_face_of
from device.vision.comparison import compare
from device.vision.faces import FaceAnalyzer
from device.vision.landmarks import Landmarks
from device.vision.models import shipped_models_dir

PLACES = {"eileen-collins": Place(x=0.5, y=0.95, size=1.7), "grace-hopper": Place(x=0.5, y=0.65, size=1.0)}
HELD = [thing for thing in Thing if thing not in (Thing.PERSON, Thing.PORTRAIT, Thing.CLIP)]


@pytest.fixture(scope="module")
def heads(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> Mapping[str, Head]:
    return {name: head_of(image, analyzer) for name, image in portraits.items()}


@pytest.fixture(scope="module")
def stage(heads: Mapping[str, Head], portraits: Mapping[str, Image]) -> "Stage":
    return Stage(heads, portraits)


class Stage:
    """Draws a figure that has turned by so many degrees, still and without a shaking hand."""

    def __init__(self, heads: Mapping[str, Head], portraits: Mapping[str, Image]) -> None:
        self._heads, self._portraits = heads, portraits

    def turned(self, who: str, thing: Thing, yaw: float) -> Image:
        figure = Figure(image=who, thing=thing, end=PLACES[who], turns="when-asked", turn_deg=abs(yaw), shake_px=0.0)
        prompts = (Prompt(0.0, Side.LEFT if yaw > 0 else Side.RIGHT),)
        return Scene((figure,), self._portraits, self._heads, room=Room.HALL, prompts=prompts).draw(1.2, 7)


def yaw_of(analyzer: FaceAnalyzer, ahead: Image, turned: Image) -> float:
    """Degrees to the person's left between two pictures, as the door measures them."""
    mean = mean_face_of(analyzer.detector, analyzer.mesh)
    before, after = (mean.pose(seen(analyzer, image))[0] for image in (ahead, turned))
    return after - before


def seen(analyzer: FaceAnalyzer, image: Image) -> Landmarks:
    (face,) = analyzer.detector.detect(image)
    return analyzer.mesh.locate(image, face)


@pytest.mark.parametrize("who", PLACES)
@pytest.mark.parametrize("yaw", [30.0, -30.0])
def test_turn_of_a_head_is_measured_as_one(stage: Stage, analyzer: FaceAnalyzer, who: str, yaw: float) -> None:
    ahead, turned = stage.turned(who, Thing.PERSON, 0.0), stage.turned(who, Thing.PERSON, yaw)
    assert yaw_of(analyzer, ahead, turned) == pytest.approx(yaw, abs=6.0)


@pytest.mark.parametrize("who", PLACES)
@pytest.mark.parametrize("yaw", [0.0, 20.0, -20.0, 35.0, -35.0])
def test_turned_head_is_still_the_person(
    stage: Stage, analyzer: FaceAnalyzer, portraits: Mapping[str, Image], who: str, yaw: float
) -> None:
    image, portrait = stage.turned(who, Thing.PERSON, yaw), portraits[who]
    (face,), (reference,) = analyzer.detector.detect(image), analyzer.detector.detect(portrait)
    probes = (
        analyzer.probe(image, face, seen(analyzer, image)),
        analyzer.probe(portrait, reference, seen(analyzer, portrait)),
    )
    verdict = compare([probes[0].embedding], [probes[1].embedding], analyzer.embedder.decision_rule)
    assert verdict.similarity >= 0.939


@pytest.mark.parametrize("thing", HELD)
def test_picture_that_is_turned_shows_no_turn(stage: Stage, analyzer: FaceAnalyzer, thing: Thing) -> None:
    ahead, turned = (stage.turned("grace-hopper", thing, yaw) for yaw in (0.0, 45.0))
    assert abs(yaw_of(analyzer, ahead, turned)) < 20.0


def test_recording_turns_to_both_sides_by_itself(
    analyzer: FaceAnalyzer, stage: Stage, heads: Mapping[str, Head]
) -> None:
    figure = Figure(
        image="grace-hopper", thing=Thing.MONITOR, end=PLACES["grace-hopper"], plays="turning", shake_px=0.0
    )
    scene = Scene((figure,), {}, heads)
    ahead = stage.turned("grace-hopper", Thing.MONITOR, 0.0)
    yaws = [yaw_of(analyzer, ahead, scene.draw(at / 2, 0)) for at in range(12)]
    assert min(yaws) < -25.0
    assert max(yaws) > 25.0


@given(st.integers(0, 10_000), st.sampled_from(Side), st.floats(0, 5))
def test_person_turns_the_asked_way_after_reacting(seed: int, side: Side, asked_at: float) -> None:
    figure, prompts = Figure(image="x", thing=Thing.PERSON, turns="when-asked"), (Prompt(asked_at, side),)
    assert turn_at(figure, asked_at + 0.19, prompts, seed) == 0.0
    assert max(turn_at(figure, asked_at + at / 15, prompts, seed) * side.value for at in range(30)) > 40.0
    assert turn_at(figure, asked_at + 4.0, prompts, seed) == pytest.approx(0.0)


def test_person_who_is_not_asked_does_not_turn() -> None:
    figure = Figure(image="x", thing=Thing.PERSON, turns="when-asked")
    assert [turn_at(figure, at / 4, (), 0) for at in range(40)] == [0.0] * 40


@settings(max_examples=12)
@given(
    thing=st.sampled_from([Thing.PERSON, Thing.PORTRAIT, *HELD]),
    place=st.builds(Place, x=st.floats(0, 1), y=st.floats(0, 1), size=st.floats(0.05, 3)),
    yaw=st.floats(0, 60),
    more=st.tuples(st.floats(0, 150), st.floats(0, 50), st.floats(0, 3), st.sampled_from(Room)),
)
def test_anything_can_be_held_anywhere(
    heads: Mapping[str, Head], thing: Thing, place: Place, yaw: float, more: tuple[float, float, float, Room]
) -> None:
    bend_deg, shake_px, light, room = more
    figure = Figure(
        image="x", thing=thing, end=place, turns="left", turn_deg=yaw, bend_deg=bend_deg, shake_px=shake_px, light=light
    )
    portrait = read_image(shipped_models_dir() / "portraits" / "grace-hopper.jpg")
    scene = Scene((figure,), {"x": portrait}, {"x": heads["grace-hopper"]}, room=room)
    assert np.array_equal(scene.draw(1.3, 3), scene.draw(1.3, 3))
