"""What the renderer needs of the door's own eyes: heads with depth out of photographs, a room as it is learned."""

from collections.abc import Iterable
from pathlib import Path

from device.errors import ScenarioError
from device.images import read_image
from device.records import Image
from device.simulation.scenario import PORTRAIT, SECOND, Scenario, figures_of
from device.simulation.second_pictures import second_picture
from device.virtual.figures import Figure, Room, Thing
from device.virtual.scene import Clip, Head, Live, Moving, Scene, is_clip
from device.vision.attack.learning import LEAST
from device.vision.attack.scene import Scene as EmptyView
from device.vision.attack.scene import learnt, small
from device.vision.faces import FaceAnalyzer, size_of
from device.vision.models import shipped_models_dir

_WITHOUT_DEPTH = (Thing.PORTRAIT, Thing.PRINT, Thing.BENT_PRINT, Thing.CLIP)


class Cast:
    """Everyone and everything that may come before the camera of a scenario."""

    def __init__(self, scenario: Scenario, path: Path, analyzer: FaceAnalyzer) -> None:
        """Reads the pictures that the scenario at `path` names. Raises `ScenarioError`, `ImageError`."""
        self._analyzer = analyzer
        self._room = scenario.room
        files = {name: _file(source, path) for name, source in scenario.images.items()}
        self._clips: dict[str, Moving] = {name: Clip(file) for name, file in files.items() if is_clip(file.name)}
        photographs = {name: read_image(file) for name, file in files.items() if not is_clip(file.name)}
        self.images: dict[str, Image] = photographs | {name: clip.at(0.0) for name, clip in self._clips.items()}
        """By name: photographs, and each clip's first picture."""
        self._heads: dict[str, Head] = {}
        for name in scenario.rendered:
            head = head_of(self.images[name], analyzer, name)
            self.images[name] = second_picture(head)
            photographs_of_it = [other for other, file in files.items() if file == files[name]]
            self._heads |= dict.fromkeys({*photographs_of_it} - {*scenario.rendered}, head)
        for step in scenario.step:
            self.prepare(figures_of(step))

    def show_live(self, name: str, image: Image) -> None:
        """A frame of another camera, RGB, shown as the clip of that name from now on."""
        clip = self._clips.get(name)
        if isinstance(clip, Live):
            clip.show(image)
        else:
            self._clips[name] = Live(image)
        self.images[name] = image

    def add(self, name: str, image: Image) -> None:
        """Another picture, RGB; one of the same name is replaced."""
        self.images[name] = image
        self._heads.pop(name, None)

    def prepare(self, figures: Iterable[Figure]) -> None:
        """Has the heads of those figures that have depth. Raises `ScenarioError` for an unknown picture, or one in
        which no face is found.
        """
        for figure in figures:
            if figure.image not in self.images:
                known = ", ".join(sorted(self.images))
                raise ScenarioError(f"There is no picture {figure.image!r}.", hint=f"Take one of: {known}.")
            if figure.thing is Thing.CLIP and figure.image not in self._clips:
                raise ScenarioError(f"{figure.image!r} is not a clip.", hint="Show it as a person or a print.")
            if _has_depth(figure) and figure.image not in self._heads:
                self._heads[figure.image] = head_of(self.images[figure.image], self._analyzer, figure.image)

    def scene(self) -> Scene:
        """The room and all pictures there are, without anyone."""
        return Scene((), self.images, self._heads, self._clips, self._room)


def _file(source: str, path: Path) -> Path:
    kind, _, name = source.rpartition(":")
    if f"{kind}:" not in (PORTRAIT, SECOND):
        return path.parent / source
    found = shipped_models_dir() / "portraits" / f"{name}.jpg"
    if not found.is_file():
        names = ", ".join(sorted(path.stem for path in found.parent.glob("*.jpg")))
        raise ScenarioError(f"There is no portrait {name!r}.", hint=f"Take one of: {names}.")
    return found


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
