"""Looks at a door's cameras while somebody there has to show a face: between the cameras and the showings of `access`.

Each frame is analyzed once, however many wait for it, and not at all if it is older than all of their badges.
`Beside` looks in a thread for each camera, so that nothing waits for a camera or a network; `InTurn` looks when it is
asked, as on a clock that only moves while somebody waits.
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from device.failures import in_words
from device.policy.events import FrameSeen, LookFailed
from device.ports import Camera, Clock, WatchedCamera
from device.records import Frame, Image, Probe, Reason
from device.vision.attack.scene import Scene
from device.vision.following import View
from device.vision.late import Analyzer

RETRY_S = 0.1
"""Pause before a camera that failed is asked again."""
GLANCE_S = 0.25
"""Longest wait for a camera at a time, so that a request to stop is seen soon."""
MOST_WAITING = 32
"""Looks of one camera that wait to be heard, some 2 s of them. Later ones are dropped, and that breaks the view."""
END_S = 2 * GLANCE_S
"""How long the end waits for a thread that looks."""

_BUSY = "The door was too busy to look at each frame."


class Turns:
    """A lock that goes to whoever has waited longest, so that no camera's frames keep another's from being analyzed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._next = self._served = 0

    @property
    def waiting(self) -> int:
        """How many wait for it."""
        return max(0, self._next - self._served - 1)

    def __enter__(self) -> None:
        with self._changed:
            mine, self._next = self._next, self._next + 1
            self._changed.wait_for(lambda: self._served == mine)

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._served += 1
            self._changed.notify_all()


class Upright(Protocol):
    """What can say how a picture has to be turned."""

    def turn_back_deg(self, image: Image) -> int:
        """As that of an `Analyzer`."""


def report_how_it_hangs(camera: Camera, analyzer: Upright, image: Image, found: Probe | Reason) -> None:
    """Reports what was found in its picture to a camera that listens to it."""
    if not isinstance(camera, WatchedCamera):
        return
    if isinstance(found, Probe):
        camera.saw(0)
    elif found is Reason.PICTURE_TURNED and (back_deg := analyzer.turn_back_deg(image)):
        camera.saw(back_deg)


def reporting(
    look: Callable[[Image], Probe | Reason], camera: Camera, analyzer: Upright
) -> Callable[[Image], Probe | Reason]:
    """The same look, of which the camera hears."""

    def reported(image: Image) -> Probe | Reason:
        found = look(image)
        report_how_it_hangs(camera, analyzer, image, found)
        return found

    return reported


KnownScene = Callable[[], Scene | None]
"""Gives what is known of a camera's empty view now; None if nothing, or if it has changed."""


class Sight:
    """One camera at a door, and the analyzer for its frames."""

    def __init__(
        self, camera: Camera, analyzer: Analyzer, clock: Clock, *, max_age_s: float, scene: KnownScene | None = None
    ) -> None:
        """A frame older than `max_age_s` when it is read isn't analyzed. `scene`: what is known of the empty view."""
        self.camera = camera
        self._analyzer = analyzer
        self._clock = clock
        self._max_age_s = max_age_s
        self._view = View()
        self._scene = scene
        self.embeds_turned = False
        """Whether turned faces are embedded too: while someone there is asked for a turn."""

    def look(self, since: float, within_s: float, turns: Turns) -> FrameSeen | LookFailed | None:
        """What the next frame captured after `since` shows, or what failed; None if none came within `within_s`.

        `turns` are taken at the analyzer, which one thread at a time uses. A frame that became old while it waited for
        its turn is replaced by the newest one.
        """
        try:
            frame = self.camera.read(min(within_s, GLANCE_S))
            if frame is None or not self._is_fresh(frame, since):
                return None
            with turns:
                if not self._is_fresh(frame, since):
                    frame = self.camera.read(0.0)
                if frame is None or not self._is_fresh(frame, since):
                    return None
                return self._analyzed(frame)
        except Exception as error:  # as below
            failed = LookFailed(self._clock.monotonic(), Reason.CAMERA_FAULT, in_words(error))
            self._clock.sleep(min(RETRY_S, within_s))
            return failed

    def _is_fresh(self, frame: Frame, since: float) -> bool:
        return frame.captured_at > since and self._clock.monotonic() - frame.captured_at <= self._max_age_s

    def _analyzed(self, frame: Frame) -> FrameSeen | LookFailed:
        read_at = self._clock.monotonic()
        try:
            self._view.scene = self._scene() if self._scene else None
            self._view.embeds_turned = self.embeds_turned
            found = self._analyzer.follow(frame, self._view)
            report_how_it_hangs(self.camera, self._analyzer, frame.image, found)
        except Exception as error:  # whatever a library comes up with, the next frame may do
            self._view.lost()
            return LookFailed(self._clock.monotonic(), Reason.VISION_FAULT, in_words(error))
        return FrameSeen(self._clock.monotonic(), frame.captured_at, read_at, found, cues=self._view.cues)


@dataclass(frozen=True, slots=True)
class Look:
    """What came of looking through one camera."""

    sight: Sight
    event: FrameSeen | LookFailed


Wanted = Mapping[Sight, float]
"""Where somebody has to be seen, and since when: the time of the oldest badge there, on the monotonic clock."""


class Looking(Protocol):
    """Looks where it is wanted."""

    def looks(self, wanted: Wanted, within_s: float) -> Iterable[Look]:
        """What was seen since this was asked last, oldest first; waits `within_s` at most. Elsewhere nothing is
        looked at any more.
        """

    @property
    def last_beat(self) -> float:
        """When it last came round, in seconds on the monotonic clock; infinite while it rests."""

    def close(self) -> None:
        """Ends it; harmless when repeated."""


class InTurn:
    """`Looking` when it is asked, through one camera after the other."""

    last_beat = math.inf

    def __init__(self) -> None:
        self._turns = Turns()

    def looks(self, wanted: Wanted, within_s: float) -> Iterable[Look]:
        """One look through each camera, `within_s` each at most."""
        for sight, since in wanted.items():
            if (event := sight.look(since, within_s, self._turns)) is not None:
                yield Look(sight, event)

    def close(self) -> None:
        """Nothing runs."""


class Beside:
    """`Looking` in a thread for each camera, which begins when somebody is to be seen there, and rests in between."""

    def __init__(self, clock: Clock, wake: Callable[[], None]) -> None:
        """`wake` is called from those threads when there is something to ask for."""
        self._clock = clock
        self._wake = wake
        self._turns = Turns()
        self._watches: dict[Sight, _Watch] = {}

    def looks(self, wanted: Wanted, within_s: float) -> Iterable[Look]:  # noqa: ARG002 - it never waits
        """All that was seen meanwhile; without a thread to look in, that."""
        failed = [look for sight in wanted.keys() - self._watches.keys() if (look := self._begun(sight)) is not None]
        for sight, watch in self._watches.items():
            watch.want(wanted.get(sight))
        seen = [Look(sight, event) for sight, watch in self._watches.items() for event in watch.take()]
        return [*failed, *sorted(seen, key=lambda look: look.event.at)]

    @property
    def last_beat(self) -> float:
        """That of the thread that is late, if one is."""
        return min((watch.last_beat for watch in tuple(self._watches.values())), default=math.inf)

    def close(self) -> None:
        """Ends the threads; one that hangs in a camera or a network is left to itself."""
        for watch in self._watches.values():
            watch.close()
        for watch in self._watches.values():
            watch.thread.join(END_S)

    def _begun(self, sight: Sight) -> Look | None:
        watch = _Watch(sight, self._clock, self._turns, self._wake)
        try:
            watch.thread.start()
        except RuntimeError:
            why = "No thread could be started to look through the camera."
            return Look(sight, LookFailed(self._clock.monotonic(), Reason.CAMERA_FAULT, why))
        self._watches[sight] = watch
        return None


class _Watch:
    """One camera's thread."""

    def __init__(self, sight: Sight, clock: Clock, turns: Turns, wake: Callable[[], None]) -> None:
        self._sight = sight
        self._clock = clock
        self._turns = turns
        self._wake = wake
        self._since: float | None = None
        self._is_wanted = threading.Event()
        self._is_closing = False
        self._seen: deque[FrameSeen | LookFailed] = deque()
        self._is_missing = False
        self.last_beat = math.inf
        self.thread = threading.Thread(target=self._run, name="look", daemon=True)

    def want(self, since: float | None) -> None:
        """Looks for frames captured after that; with None it rests."""
        self._since = since
        if since is None:
            self._is_wanted.clear()
        else:
            self._is_wanted.set()

    def take(self) -> Iterable[FrameSeen | LookFailed]:
        """What was seen and not taken yet, oldest first."""
        while self._seen:
            yield self._seen.popleft()

    def close(self) -> None:
        """Has the thread end."""
        self._is_closing = True
        self._is_wanted.set()

    def _run(self) -> None:
        while not self._is_closing:
            self._is_wanted.wait()
            since = self._since
            if since is not None and not self._is_closing:
                self.last_beat = self._clock.monotonic()
                self._tell(self._sight.look(since, GLANCE_S, self._turns))
                self.last_beat = math.inf

    def _tell(self, event: FrameSeen | LookFailed | None) -> None:
        if event is None:
            return
        if len(self._seen) >= MOST_WAITING:
            self._is_missing = True
            return
        if self._is_missing:
            self._is_missing = False
            self._seen.append(LookFailed(event.at, Reason.CAMERA_FAULT, _BUSY))
        self._seen.append(event)
        self._wake()
