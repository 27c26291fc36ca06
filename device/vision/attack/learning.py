"""Learns a camera's empty view, notices when it has changed, and learns it again. Values and a time; no I/O.

Given what `Scene` needs: small gray pictures taken while no face is in view. It follows daylight and a chair that was
moved; a camera that was turned is an alarm, as nothing can be said of its view meanwhile. A view without edges, as in
darkness, says nothing: it is neither learnt nor an alarm.
"""

from collections import deque

from device.vision.attack.scene import BLOCK, Gray, Scene, learnt

EVERY_S = 9.0
"""Between two pictures that are learnt from, at least: glances come each 10 s, give or take a frame."""
LEAST = 6
"""Pictures that make a scene, a minute's."""
MOST = 30
"""Pictures that a scene is made of, five minutes' while nobody comes; the newest count."""
CHANGED = 0.6
"""Share of the known blocks below which the empty view isn't the one that was learnt."""
CHANGED_S = 300.0
"""How long that has to last until the view has changed, and is learnt again."""
LEAST_EDGES = 20
"""Blocks with edges below which a picture says nothing of the view: it is dark there, or covered."""


class SceneLearner:
    """What is known of one camera's empty view."""

    def __init__(self, scene: Scene | None = None) -> None:
        """`scene` is what was learnt before the last start; it counts once an empty view was seen to match it."""
        self.scene = scene
        self._grays: deque[Gray] = deque(maxlen=MOST)
        self._taken_at = float("-inf")
        self._differs_since: float | None = None
        self._is_seen = scene is None

    @property
    def known(self) -> Scene | None:
        """What a face can be judged by now; None while nothing is learnt, or the empty view is another or dark."""
        return self.scene if self._is_seen and not self.differs else None

    @property
    def differs(self) -> bool:
        """Whether the empty view is not the one that was learnt; then nothing can be said of what is beside a face."""
        return self._differs_since is not None

    def saw_empty(self, gray: Gray, at: float) -> bool:
        """Learns from a picture without a face, at a time in seconds on the monotonic clock.

        Whether the view has changed: it has been another for five minutes, and is learnt again from then on.
        """
        if at - self._taken_at < EVERY_S:
            return False
        self._taken_at = at
        if self.scene is not None and not _fits(self.scene, gray):
            self._forget()
        self._is_seen = int(learnt([gray]).textured.sum()) >= LEAST_EDGES
        if not self._is_seen:
            self._differs_since = None
            return False
        if self.scene is not None and self.scene.match(gray).share < CHANGED:
            return self._differed(at)
        self._differs_since = None
        self._grays.append(gray)
        if len(self._grays) >= LEAST:
            self.scene = learnt(list(self._grays))
        return False

    def _differed(self, at: float) -> bool:
        """Another view than was learnt: people who pass, or a camera that was turned."""
        self._differs_since = at if self._differs_since is None else self._differs_since
        if at - self._differs_since < CHANGED_S:
            return False
        self._forget()
        return True

    def _forget(self) -> None:
        self.scene, self._differs_since = None, None
        self._grays.clear()


def _fits(scene: Scene, gray: Gray) -> bool:
    """Whether a picture has the size of those that a scene was learnt from; the settings may have changed it."""
    rows, columns = gray.shape
    return (rows // BLOCK, columns // BLOCK) == scene.gradients.shape[:2]
