"""Records presentations at a camera: between its frames and a folder, guided by `device.pad.protocol`.

Each presentation is in memory until it is complete, and then kept as a whole. What ends it before, a camera that fails,
a request to stop or a full disk, leaves nothing of it behind.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from device.errors import CameraError
from device.pad.counting import LIVE
from device.pad.folder import Kept, PadStore
from device.pad.manifest import FrameRecord, Prompt, Recorded
from device.pad.protocol import REMIND_S, Ask, Course, Glimpse, Phase, begun, has_face
from device.pad.sealing import Sealer, Still, still
from device.pad.values import frame_record, similarity_of
from device.policy.events import FrameSeen
from device.ports import Camera, Clock
from device.records import Embedding, Frame, Image, Reason
from device.vision.manifest import DecisionRule

GLANCE_S = 0.25
"""Longest wait for a frame at a time."""
CAMERA_S = 5.0
"""How long a camera may give no frame."""
PATIENCE_S = 120.0
"""How long a presentation is waited for."""
REFERENCES = 3
"""Pictures of the person that the others are compared with."""
REFERENCE_PAUSE_S = 0.3
"""Between two of them."""
EMPTY_VIEW_S, MOST_EMPTY = 2.0, 20
"""How long the empty view is looked at to learn it, and from how many of its last pictures."""
_RUN_AGAIN = "What was complete is kept. Run the command again to go on."

Look = Callable[[Frame], FrameSeen]
"""What a frame shows, with its cues."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A presentation to record."""

    species: str
    person: str
    hand: str
    device: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the frames are compared with: float32 [n, length], empty for nobody."""

    references: NDArray[np.float32] = field(repr=False)
    rule: DecisionRule


@dataclass(frozen=True, slots=True)
class Finished:
    """A presentation that is complete, and not kept yet."""

    wanted: Wanted
    recorded_at: datetime
    references: int
    prompts: tuple[Prompt, ...]
    frames: tuple[FrameRecord, ...]
    stills: tuple[Still, ...] = field(default=(), repr=False)


@dataclass(slots=True)
class _Taken:
    """The frames of a recording so far."""

    stills: list[Still] = field(default_factory=list)
    seen: list[FrameSeen] = field(default_factory=list)


class Recorder:
    """Records one presentation after the other. One thread uses it."""

    def __init__(
        self,
        camera: Camera,
        look: Look,
        clock: Clock,
        *,
        with_clips: bool = False,
        is_paused: Callable[[], bool] = lambda: False,
    ) -> None:
        """`with_clips`: the pictures are held too, until a presentation is finished. `is_paused`: whether the camera
        gives no frame because another needs it.
        """
        self._camera = camera
        self._look = look
        self._clock = clock
        self._with_clips = with_clips
        self._is_paused = is_paused

    def empty_view(self) -> Iterator[Ask | list[Image] | None]:
        """What is asked for until no face is in view, and at last pictures of the empty view, to learn it from. In
        between None, a few times a second, as by the others.

        They are never written. Raises `CameraError` if a face is always in view.
        """
        pictures: list[Image] = []
        since, said_at = None, -np.inf
        for frame in self._frames():
            yield None
            if frame is None:
                continue
            seen = self._look(frame)
            if has_face(seen.found, seen.cues):
                pictures, since = [], None
                if frame.captured_at - said_at >= REMIND_S:
                    said_at = frame.captured_at
                    yield Ask.LEAVE
                continue
            since = frame.captured_at if since is None else since
            pictures = [*pictures, frame.image][-MOST_EMPTY:]
            if frame.captured_at - since >= EMPTY_VIEW_S:
                yield pictures
                return

    def references(self) -> Iterator[Reason | NDArray[np.float32] | None]:
        """What is in the way of pictures of the person straight ahead, each once, and at last the pictures' embeddings.

        They are never written. Raises `CameraError` if they do not come within `PATIENCE_S`.
        """
        good: list[Embedding] = []
        last_at, said = -np.inf, None
        for frame in self._frames():
            yield None
            if frame is None:
                continue
            found = self._look(frame).found
            if isinstance(found, Reason):
                if found is not said:
                    said = found
                    yield found
            elif frame.captured_at - last_at >= REFERENCE_PAUSE_S:
                good, last_at = [*good, found.embedding], frame.captured_at
            if len(good) >= REFERENCES:
                yield np.stack(good)
                return

    def presentation(self, wanted: Wanted, person: Person, turn: Ask | None = None) -> Iterator[Ask | Finished | None]:
        """What is asked for until the presentation is finished, which comes last, or was none: `Ask.AGAIN`.

        Raises `CameraError` if the camera fails or nothing is presented.
        """
        course = begun(wanted.species, turn or secrets.choice((Ask.TURN_LEFT, Ask.TURN_RIGHT)), self._clock.monotonic())
        taken = _Taken()
        for frame in self._frames():
            yield None
            if frame is None:
                continue
            seen = self._look(frame)
            before, course = course, course.saw(Glimpse(frame.captured_at, has_face(seen.found, seen.cues)))
            if course.phase in (Phase.RECORDING, Phase.DONE):
                taken.seen.append(seen)
                if self._with_clips:
                    taken.stills.append(still(frame, course.recording_at))
            if course.said_at != before.said_at and course.said is not None:
                yield course.said
            if course.phase is Phase.DONE:
                yield self._finished(wanted, person, course, taken)
            if course.is_over:
                return

    def _frames(self) -> Iterator[Frame | None]:
        """Each frame, None where none came. Raises `CameraError` if that lasts for `CAMERA_S`, or after `PATIENCE_S`.

        While it is paused no time passes.
        """
        last_at = began_at = self._clock.monotonic()
        while (now := self._clock.monotonic()) - began_at < PATIENCE_S:
            frame = self._camera.read(GLANCE_S)
            if self._is_paused():
                began_at, last_at = began_at + (self._clock.monotonic() - now), self._clock.monotonic()
            elif frame is not None:
                last_at = now
            elif now - last_at > CAMERA_S:
                why = self._camera.trouble() or f"It gave no frame for {CAMERA_S:.0f} s."
                raise CameraError(f"The camera stopped. {why}", hint=_RUN_AGAIN)
            yield frame
        raise CameraError(f"Nothing was presented to the camera for {PATIENCE_S:.0f} s.", hint=_RUN_AGAIN)

    def _finished(self, wanted: Wanted, person: Person, course: Course, taken: _Taken) -> Finished:
        began_at, references, rule = course.recording_at, person.references, person.rule
        frames = tuple(frame_record(seen, began_at, similarity_of(seen, references, rule)) for seen in taken.seen)
        now = self._clock.utc()
        return Finished(wanted, now, len(references), _prompts(course), frames, tuple(taken.stills))


def keep(finished: Finished, store: PadStore, sealer: Sealer | None) -> None:
    """Keeps a presentation; its clip only encrypted. Raises `OSError`, and then nothing of it is kept."""
    wanted, name = finished.wanted, store.next_name(finished.wanted.species)
    recorded = Recorded(
        name=name,
        species=wanted.species,
        person=wanted.person,
        hand=wanted.hand,
        device="" if wanted.species == LIVE else wanted.device,
        recorded_at=finished.recorded_at.isoformat(timespec="seconds"),
        references=finished.references,
        prompts=finished.prompts,
        frames_sha256="",
    )
    clip = sealer.sealed(name, finished.stills) if sealer is not None else b""
    store.add(recorded, Kept(finished.frames, clip))


def _prompts(course: Course) -> tuple[Prompt, ...]:
    if course.prompted_at is None:
        return ()
    at = course.prompted_at - course.recording_at
    return (Prompt(at=at, ask="turn-left" if course.turn is Ask.TURN_LEFT else "turn-right"),)
