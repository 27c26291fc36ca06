"""What the renderer needs of the door's own eyes: heads with depth out of photographs, a room as it is learned."""

from collections.abc import Mapping

from device.errors import ScenarioError
from device.records import Image
from device.simulation.scenario import Scenario
from device.virtual.figures import Figure, Room, Thing
from device.virtual.scene import Head, Scene
from device.vision.attack.learning import LEAST
from device.vision.attack.scene import Scene as EmptyView
from device.vision.attack.scene import learnt, small
from device.vision.faces import FaceAnalyzer, size_of

_WITHOUT_DEPTH = (Thing.PORTRAIT, Thing.PRINT, Thing.BENT_PRINT)


def heads_of(scenario: Scenario, images: Mapping[str, Image], analyzer: FaceAnalyzer) -> dict[str, Head]:
    """Of each image that a figure needs with depth. Raises `ScenarioError` for one without a face."""
    names = {figure.image for step in scenario.step for figure in step.view if _has_depth(figure)}
    return {name: head_of(images[name], analyzer, name) for name in sorted(names)}


def head_of(image: Image, analyzer: FaceAnalyzer, name: str = "picture") -> Head:
    """The head of the largest face in an RGB image. Raises `ScenarioError` if there is none."""
    faces = analyzer.detector.detect(image)
    if not faces:
        raise ScenarioError(
            f"In the image {name!r} of the scenario no face was found, and a person or a screen is to show it.",
            hint="Take a picture in which the face is at least 80 pixels high and looks ahead.",
        )
    landmarks = analyzer.mesh.locate(image, max(faces, key=size_of))
    return Head(image, landmarks.points, landmarks.depths)


def empty_view(room: Room) -> EmptyView:
    """What a door learns of a room in the first minute in which no one is there."""
    return learnt([small(Scene((), {}, room=room).draw(10.0 * number, number)) for number in range(LEAST)])


def _has_depth(figure: Figure) -> bool:
    return figure.thing not in _WITHOUT_DEPTH
