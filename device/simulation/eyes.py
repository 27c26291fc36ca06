"""What the door sees in its camera's newest picture, for the page: each frame is analyzed once, by door or page."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import msgspec
import numpy as np

from device.policy.showing import Showing
from device.records import Cues, Decision, Frame, Image, Reason, Signal
from device.simulation.running import Running
from device.vision.faces import FaceAnalyzer, look_for_attacks
from device.vision.following import View
from device.vision.watched import Watched
from device.web.messages import Point, Seen

DECIDED_S = 4.0
"""How long the page keeps what was decided before the camera's picture."""
EVERY = 6
"""Of the mesh's 468 points every so many are drawn."""
SIDES = {Signal.TURN_LEFT: "left", Signal.TURN_RIGHT: "right"}


@dataclass(frozen=True, slots=True)
class Look:
    """The camera's newest picture, RGB (None while it gives none), what is seen in it, and the aligned face."""

    image: Image | None = field(repr=False)
    seen: Seen
    chip: Image | None = field(default=None, repr=False)


class Eyes:
    """Looks at the picture that the door gets too. One thread uses it."""

    def __init__(self, analyzer: FaceAnalyzer) -> None:
        """To be made before the doors, whose analyzers tell what they saw."""
        self._analyzer = analyzer
        analyzer.watcher = self._saw
        self._view = View()
        self._watched: Watched | None = None
        self._is_looking_for_attacks = False

    def look(self, running: Running) -> Look:
        """What is seen now."""
        now = running.world.clock.monotonic()
        frame = running.world.camera.newest()
        if frame is None:
            trouble = running.world.camera.trouble()
            return Look(None, _with_visit(Seen(at_s=now, sentence=trouble), running))
        watched = self._analyzed(frame, running)
        return Look(frame.image, _with_visit(seen_in(watched, frame), running), self._analyzer.chip_of(watched))

    def _saw(self, watched: Watched) -> None:
        self._watched = watched

    def _analyzed(self, frame: Frame, running: Running) -> Watched:
        if self._watched is None or self._watched.frame.captured_at != frame.captured_at:
            if not self._is_looking_for_attacks:
                look_for_attacks(self._analyzer)
                self._is_looking_for_attacks = True
            self._view.scene = running.world.scene
            self._analyzer.follow(frame, self._view)
        if self._watched is None:  # what follows a frame always says what it saw
            return Watched(frame, Reason.NO_FACE)
        return self._watched


def seen_in(watched: Watched, frame: Frame) -> Seen:
    """What one frame shows, places as shares of its size."""
    height, width = frame.image.shape[:2]
    reason = watched.found if isinstance(watched.found, Reason) else None
    box = watched.box
    return Seen(
        at_s=frame.captured_at,
        box=None if box is None else (box.left / width, box.top / height, box.width / width, box.height / height),
        points=() if watched.landmarks is None else _points(watched.landmarks.points, width, height),
        quality={} if watched.quality is None else _rounded(asdict(watched.quality)),
        reason=reason.code if reason else "",
        sentence=reason.advice if reason and reason is not Reason.NO_FACE else "",
        cues={} if watched.cues is None else _cues(watched.cues),
    )


def _with_visit(seen: Seen, running: Running) -> Seen:
    """With what is known of the badge that is presented, or was last."""
    showing = next((one for loop in running.loops.values() for one in loop.showings), None)
    if showing is not None:
        return msgspec.structs.replace(seen, **_of_showing(showing, seen))
    last, trouble = running.last, running.world.camera.trouble()
    if last is None or running.world.clock.monotonic() - last.at_s > DECIDED_S or last.transaction.decision is None:
        return seen
    return msgspec.structs.replace(
        seen, **_of_decision(last.transaction.decision, last.transaction.frames or 0, trouble)
    )


def _of_showing(showing: Showing, seen: Seen) -> dict[str, object]:
    prompt = showing.prompt
    words = {"left": "Turn your head to the left.", "right": "Turn your head to the right."}
    side = SIDES.get(prompt, "") if prompt else ""
    evidence = showing.evidence
    return {
        "prompt": side,
        "sentence": words.get(side) or seen.sentence or "Look at the camera.",
        "similarity": evidence.similarity if evidence else None,
        "threshold": evidence.threshold if evidence else None,
        "frames": showing.frames,
        "is_showing": True,
    }


def _of_decision(decision: Decision, frames: int, trouble: str) -> dict[str, object]:
    evidence = decision.evidence
    return {
        "sentence": trouble or decision.reason.advice,
        "verdict": "" if trouble else decision.reason.code,
        "similarity": evidence.similarity if evidence else None,
        "threshold": evidence.threshold if evidence else None,
        "frames": frames,
    }


def _points(points: np.ndarray, width: int, height: int) -> tuple[Point, ...]:
    return tuple(Point(round(float(x) / width, 4), round(float(y) / height, 4)) for x, y in points[::EVERY])


def _cues(cues: Cues) -> dict[str, float]:
    values = {"yaw": cues.yaw, "pitch": cues.pitch, "presence": cues.presence, "crop_scale": cues.crop_scale}
    return _rounded(values | {"scene": cues.scene, "live": cues.live})


def _rounded(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: round(float(value), 3) for name, value in values.items() if value is not None}
