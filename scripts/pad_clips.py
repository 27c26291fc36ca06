"""The clips behind docs/evidence/pad.md as the door's own code sees them, frame by frame.

Between the table `pad_clips.toml` and the tries of `pad_tries.py`. Nothing that is seen is kept on the disk.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from device.images import SUFFIXES, read_image
from device.pad.clips import frames_of, shrunk
from device.policy.events import FrameSeen
from device.records import Cues, Image, Probe
from device.vision.attack.cues import LEAST_KNOWN
from device.vision.attack.passive import PassiveNetwork
from device.vision.attack.scene import Gray, Scene, learnt, small
from device.vision.faces import FaceAnalyzer
from device.vision.following import View

TABLE = Path(__file__).with_name("pad_clips.toml")
FIRST_S = 2.0
"""Of a live clip, from which its person's references are taken."""
AHEAD_S, AHEAD_DEG = 0.5, 10.0
"""The median yaw of so long is the person's view ahead; references are at most so far from it."""
REFERENCES = 3
VIEW_S = 1.0
"""Of a clip of a fixed camera, from which the edges beside the head are learnt."""


class Clip(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A row of the table."""

    path: str
    species: str
    person: str
    references: str
    seen: str
    view_of: str = ""

    @property
    def is_still(self) -> bool:
        """Whether it is a picture, which is held before the camera."""
        return Path(self.path).suffix.lower() in SUFFIXES


@dataclass(frozen=True, slots=True)
class Watched:
    """What a clip showed: its frames, `lives` of each network by name, and the size of its pictures.

    Of `frames` the cues have neither a network's answer nor a scene; `with_cues` puts them in.
    """

    clip: Clip
    frames: tuple[FrameSeen, ...] = field(repr=False)
    lives: dict[str, tuple[float | None, ...]] = field(repr=False)
    grays: tuple[Gray, ...] = field(repr=False)
    size: tuple[int, int]
    rate: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.frames[-1].captured_at + 1 / self.rate

    def with_cues(self, network: str = "", scenes: Sequence[float | None] = ()) -> tuple[FrameSeen, ...]:
        """The frames with the answers of a network, "" for none, and with shares of the scene, if there are any."""
        lives = self.lives[network] if network else (None,) * len(self.frames)
        shares = scenes or (None,) * len(self.frames)
        return tuple(map(_with, self.frames, lives, shares))


def clips_in(folder: Path) -> tuple[Clip, ...]:
    """The rows of the table whose files are there."""
    rows = msgspec.convert(tomllib.loads(TABLE.read_text(encoding="utf-8"))["clips"], tuple[Clip, ...])
    return tuple(row for row in rows if (folder / row.path).is_file())


def watch(clip: Clip, folder: Path, analyzer: FaceAnalyzer, networks: Mapping[str, PassiveNetwork]) -> Watched:
    """Looks at a clip from begin to end. Raises `LintelError`."""
    view, frames, grays = View(), list[FrameSeen](), list[Gray]()
    view.embeds_turned = True
    lives: dict[str, list[float | None]] = {name: [] for name in networks}
    size = (0, 0)
    for frame in frames_of(folder / clip.path):
        found = analyzer.follow(frame, view)
        frames.append(FrameSeen(frame.captured_at, frame.captured_at, frame.captured_at, found, cues=view.cues))
        grays.append(small(frame.image))
        size = (frame.image.shape[1], frame.image.shape[0])
        for name, network in networks.items():
            lives[name].append(network.live(frame.image, view.cues.box) if view.cues else None)
    rate = (len(frames) - 1) / max(frames[-1].captured_at, 1e-9)
    return Watched(clip, tuple(frames), {name: tuple(of) for name, of in lives.items()}, tuple(grays), size, rate)


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a clip's own pictures."""
    if path.suffix.lower() in SUFFIXES:
        image = read_image(path)
        return image.shape[1], image.shape[0]
    capture = cv2.VideoCapture(str(path))
    try:
        return int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    finally:
        capture.release()


def ahead_of(frames: Sequence[FrameSeen]) -> float:
    """The yaw of a person's own view ahead, who looks there first: the median of the first half second, degrees."""
    return float(np.median([yaw for at, yaw in yaws(frames) if at < AHEAD_S]))


def yaws(frames: Sequence[FrameSeen]) -> list[tuple[float, float]]:
    """When the face was seen, seconds, and its yaw, degrees."""
    return [(frame.captured_at, frame.cues.yaw) for frame in frames if frame.cues is not None]


def references_in(frames: Sequence[FrameSeen]) -> NDArray[np.float32]:
    """References out of the first two seconds of a live clip, float32 [3, n]."""
    ahead = ahead_of(frames)
    able = [probe.embedding for probe, cues in _good(frames) if abs(cues.yaw - ahead) < AHEAD_DEG]
    return np.stack([able[place] for place in np.linspace(0, len(able) - 1, REFERENCES).astype(int)])


def references_of(pictures: str, folder: Path, analyzer: FaceAnalyzer) -> NDArray[np.float32]:
    """References from a person's own pictures that show one good face, float32 [count, n]."""
    looked = (analyzer.analyze(_picture(path)) for path in sorted(folder.glob(pictures)))
    return np.stack([found.embedding for found in looked if isinstance(found, Probe)])


def shares_of(watched: Watched, scene: Scene) -> tuple[float | None, ...]:
    """The share of the known blocks beside the head that are seen, in each frame; None where too few are known."""
    return tuple(
        _share(gray, frame, scene, watched.size[0]) for gray, frame in zip(watched.grays, watched.frames, strict=True)
    )


def view_of(watched: Watched) -> Scene:
    """The edges that the first second of a clip shows; those beside the head are the empty view's."""
    return learnt(
        [gray for gray, frame in zip(watched.grays, watched.frames, strict=True) if frame.captured_at < VIEW_S]
    )


def _share(gray: Gray, frame: FrameSeen, scene: Scene, width: int) -> float | None:
    if frame.cues is None:
        return None
    match = scene.match_around(gray, frame.cues.box, width)
    return match.share if match.known >= LEAST_KNOWN else None


def _good(frames: Sequence[FrameSeen]) -> Iterator[tuple[Probe, Cues]]:
    for frame in frames:
        if frame.captured_at < FIRST_S and isinstance(frame.found, Probe) and frame.cues is not None:
            yield frame.found, frame.cues


def _picture(path: Path) -> Image:
    return shrunk(read_image(path))


def _with(frame: FrameSeen, live: float | None, scene: float | None) -> FrameSeen:
    return frame if frame.cues is None else replace(frame, cues=replace(frame.cues, live=live, scene=scene))
