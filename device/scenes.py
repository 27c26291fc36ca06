"""What is known of each camera's empty view: learnt from glances while no one is there, kept over restarts.

Between `idle`, whose glances it takes, and the looks of `looking`, which ask what is known. A view that has changed is
an alarm and is learnt again; meanwhile nothing is known of it, so that no one is refused for it.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from device.failures import in_words
from device.files import make_private, write_whole
from device.idle import Glance
from device.settings.tables import CameraSettings
from device.vision.attack.learning import SceneLearner
from device.vision.attack.scene import Scene, small
from device.vision.attack.scene_file import MOST_BYTES, decoded, encoded

FOLDER = "scenes"
KEPT_EVERY_S = 3600.0
"""Between two writes of a scene that goes on changing with the daylight: a memory card wears."""
CHANGED = "The camera's view has changed: it was moved, or the place was. Its empty view is learnt again, for a minute."


class CameraScene:
    """The empty view of one camera. `saw_empty` is for one thread, the rest for any."""

    def __init__(self, settings: CameraSettings, folder: Path, report: Callable[[str], None]) -> None:
        """`report` takes a line for the journal. The file in `folder` is read at the first glance."""
        self._name = settings.name
        self._camera = _identity(settings)
        self._path = folder / f"{settings.name}.scene"
        self._report = report
        self._learner: SceneLearner | None = None
        self._written: Scene | None = None
        self._written_at = float("-inf")
        self._known: Scene | None = None
        self._has_changed = False
        self._unwritten = ""

    def known(self) -> Scene | None:
        """What a face can be judged by now; None if nothing, or if the view has changed."""
        return self._known

    def trouble(self) -> str:
        """That the view has changed and isn't learnt yet, or that it can't be kept; "" if neither."""
        return CHANGED if self._has_changed else self._unwritten

    def saw_empty(self, glance: Glance) -> bool:
        """Learns from a glance without a face; whether the view has changed."""
        if self._learner is None:
            self._written = self._read()
            self._learner = SceneLearner(self._written)
        learner, at = self._learner, glance.frame.captured_at
        if changed := learner.saw_empty(small(glance.frame.image), at):
            self._has_changed, self._written_at = True, float("-inf")
        self._known = learner.known
        if learner.scene is not None:
            self._has_changed = False
            self._keep(learner.scene, at)
        return changed

    def _read(self) -> Scene | None:
        try:
            with self._path.open("rb") as file:
                content = file.read(MOST_BYTES)
            return decoded(content, self._camera)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            why = in_words(error) if isinstance(error, OSError) else str(error)
            self._report(
                f"The scene of the camera {self._name} in {self._path} can't be used: {why}. It is learnt again."
            )
            return None

    def _keep(self, scene: Scene, at: float) -> None:
        """Writes the first scene, that of a changed view, and then one an hour; a disk that fails is tried again."""
        if scene is self._written or (at - self._written_at < KEPT_EVERY_S and not self._unwritten):
            return
        self._written_at = at
        try:
            make_private(self._path.parent)
            write_whole(self._path, encoded(scene, self._camera), durable=True, mode=0o600)
        except OSError as error:
            unwritten = f"The camera's empty view can't be kept over a restart, in {self._path}: {in_words(error)}."
            if not self._unwritten:
                self._report(f"Camera {self._name}: {unwritten}")
            self._unwritten = unwritten
        else:
            self._written, self._unwritten = scene, ""


class CameraScenes:
    """Those of all cameras at ways in where pictures of faces are looked for."""

    def __init__(
        self,
        cameras: Iterable[CameraSettings],
        state_dir: Path,
        *,
        report: Callable[[str], None],
        changed: Callable[[str], None],
    ) -> None:
        """`changed` takes the name of a camera whose view has changed, when that is found."""
        folder = state_dir / FOLDER
        self.by_camera: Mapping[str, CameraScene] = {one.name: CameraScene(one, folder, report) for one in cameras}
        self._changed = changed

    def known(self, camera: str) -> Callable[[], Scene | None]:
        """What gives the scene of a camera now, from any thread; of one at doors that don't look, None."""
        scene = self.by_camera.get(camera)
        return scene.known if scene is not None else lambda: None

    def saw(self, glance: Glance) -> None:
        """Takes a glance; one with a face in it is of no empty view."""
        scene = self.by_camera.get(glance.camera)
        if scene is not None and not glance.faces and scene.saw_empty(glance):
            self._changed(glance.camera)


def _identity(settings: CameraSettings) -> str:
    """By what a scene is known to be of this camera's pictures; another source or size has to be learnt."""
    parts = (settings.source, settings.width, settings.height, settings.rotate, settings.light)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
