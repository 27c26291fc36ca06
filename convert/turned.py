"""How well a network knows people whose heads turn: their own frames on clips, by the angle, at the door's threshold.

Each clip shows one person, who looks at the camera first. References are frames of the first two seconds that look
ahead; all later frames are compared with them, each on its own, as a door does while it asks for a turn.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.measuring.clips import clips_in, frames_of
from device.errors import ImageError
from device.records import Embedding, Image
from device.vision.alignment import align
from device.vision.attack.pose import MeanFace, mean_face_of
from device.vision.faces import MIN_PRESENCE, FaceAnalyzer
from device.vision.manifest import DecisionRule, OwnFrames, Turned
from device.vision.turned_faces import REFERENCES, frame_threshold, identity

ANGLES = (0.0, 10.0, 20.0, 25.0, 30.0, 35.0)
"""Ends of the ranges of angles, degrees."""
AHEAD_S = 0.5
"""How long the person looks ahead at least: the median yaw of that time is their own 0."""
REFERENCES_S = 2.0
AHEAD_DEG = 10.0
"""How far from it a reference may be turned."""
MOST_PITCH_DEG = 25.0
"""A head that nods is not judged."""


@dataclass(frozen=True, slots=True)
class Held:
    """A frame with one face: its time in seconds, how the head is held in degrees, and the embedding."""

    at: float
    yaw: float
    pitch: float
    embedding: Embedding


def measured(
    clips: Sequence[Path], analyzer: FaceAnalyzer, dataset: str
) -> tuple[Turned, tuple[tuple[OwnFrames, ...], ...]]:
    """What is measured on all clips, and on each. Raises `ImageError` for a clip without references."""
    rule, mean = analyzer.embedder.decision_rule, mean_face_of(analyzer.detector, analyzer.mesh)
    each = tuple(own_frames(held_in(clip, analyzer, mean), rule, clip) for clip in clips)
    both = tuple(
        OwnFrames(
            from_deg=ranges[0].from_deg,
            to_deg=ranges[0].to_deg,
            frames=sum(one.frames for one in ranges),
            matching=sum(one.matching for one in ranges),
            clips=sum(one.clips for one in ranges),
        )
        for ranges in zip(*each, strict=True)
    )
    return Turned(dataset=dataset, clips=len(clips), threshold=frame_threshold(rule, REFERENCES), own_frames=both), each


def clips_of(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The clips themselves, and those in folders. Raises `ImageError` if a folder holds none."""
    return tuple(clip for path in paths for clip in (clips_in(path) if path.is_dir() else (path,)))


def held_in(clip: Path, analyzer: FaceAnalyzer, mean: MeanFace) -> list[Held]:
    """The frames of a clip that show exactly one face. Raises `ImageError` if it can't be decoded."""
    return [held for at, image in frames_of(clip) if (held := _held(at, image, analyzer, mean)) is not None]


def own_frames(held: Sequence[Held], rule: DecisionRule, clip: Path) -> tuple[OwnFrames, ...]:
    """How many frames of each range match the references of the same clip. Raises `ImageError` if it has none."""
    ahead = [one.yaw for one in held if one.at < AHEAD_S]
    frontal = float(np.median(ahead)) if ahead else 0.0
    able = [one.embedding for one in held if one.at < REFERENCES_S and abs(one.yaw - frontal) < AHEAD_DEG]
    if not ahead or len(able) < REFERENCES:
        raise ImageError(
            f"{clip} does not begin with one person who looks at the camera: {len(able)} frames can be references, "
            f"expected {REFERENCES}.",
            hint="Take a clip in which one person looks ahead for two seconds, and then turns the head to both sides.",
        )
    references = np.stack([able[place] for place in np.linspace(0, len(able) - 1, REFERENCES).astype(int)])
    later = [one for one in held if one.at >= REFERENCES_S and abs(one.pitch) <= MOST_PITCH_DEG]
    return tuple(_counted(later, frontal, references, rule))


def _counted(
    held: Sequence[Held], frontal: float, references: NDArray[np.float32], rule: DecisionRule
) -> Iterator[OwnFrames]:
    for low, high in itertools.pairwise(ANGLES):
        within = [one for one in held if low <= abs(one.yaw - frontal) < high]
        matching = sum(identity(one.embedding, references, rule).matches for one in within)
        yield OwnFrames(from_deg=low, to_deg=high, frames=len(within), matching=matching, clips=1 if within else 0)


def _held(at: float, image: Image, analyzer: FaceAnalyzer, mean: MeanFace) -> Held | None:
    located = [(face, analyzer.mesh.locate(image, face)) for face in analyzer.detector.detect(image)[:2]]
    meshes = [mesh for _, mesh in located if mesh.presence >= MIN_PRESENCE]
    if len(meshes) != 1:
        return None
    (mesh,) = meshes
    yaw, pitch = mean.pose(mesh)
    embedder = analyzer.embedder
    return Held(at, yaw, pitch, embedder.embed(align(image, mesh, embedder.alignment)))
