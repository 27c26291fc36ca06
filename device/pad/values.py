"""What a frame said, as numbers that can be kept, and back as what a showing hears. Pure.

A kept frame has no template: only how similar its face was to the references. For a showing it becomes a vector of two
numbers that is as similar to a stand-in reference, so that a comparison of several frames is the mean of theirs, as it
is of frames of one visit, which are alike.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from device.pad.manifest import FrameRecord
from device.policy.events import FrameSeen
from device.records import Box, Cues, Embedding, Probe, Quality, Reason
from device.vision.comparison import Vectors, fused_similarity, newest
from device.vision.manifest import DecisionRule

STAND_IN = np.array([1.0, 0.0], np.float32)
"""What a stand-in reference is."""


def frame_record(seen: FrameSeen, began_at: float, similarity: float | None) -> FrameRecord:
    """What is kept of a frame, its time counted from `began_at`."""
    found, cues = seen.found, seen.cues
    box = found.box if isinstance(found, Probe) else cues.box if cues is not None else None
    kept = FrameRecord(
        at=max(0.0, seen.captured_at - began_at),
        reason=found.code if isinstance(found, Reason) else "",
        box=None if box is None else (box.left, box.top, box.width, box.height),
        similarity=similarity,
    )
    return kept if cues is None else _with_cues(kept, cues)


def similarity_of(seen: FrameSeen, references: Vectors, rule: DecisionRule) -> float | None:
    """That of a frame's face alone with a person's references; None without a face or a reference."""
    embedding = embedding_of(seen)
    if embedding is None or len(references) == 0:
        return None
    return fused_similarity([embedding], newest(references, rule.most_references), rule.fusion)


def embedding_of(seen: FrameSeen) -> Embedding | None:
    """The face of a frame as the network sees it, if it was embedded."""
    if isinstance(seen.found, Probe):
        return seen.found.embedding
    return None if seen.cues is None else seen.cues.embedding


def frames_seen(frames: Sequence[FrameRecord]) -> tuple[FrameSeen, ...]:
    """The same frames as a showing hears them. Raises `ValueError` for an unknown reason, or a face without a box."""
    return tuple(map(_frame_seen, frames))


def stand_ins(count: int) -> NDArray[np.float32]:
    """So many stand-in references, float32 [count, 2]."""
    return np.tile(STAND_IN, (count, 1))


def embedding_as_similar(similarity: float) -> Embedding:
    """A unit vector that is as similar to a stand-in reference, float32 [2]."""
    within = min(1.0, max(-1.0, similarity))
    return np.array([within, math.sqrt(1.0 - within * within)], np.float32)


def _with_cues(kept: FrameRecord, cues: Cues) -> FrameRecord:
    box = cues.box
    return FrameRecord(
        at=kept.at,
        reason=kept.reason,
        box=(box.left, box.top, box.width, box.height),
        yaw=cues.yaw,
        pitch=cues.pitch,
        crop_scale=cues.crop_scale,
        presence=cues.presence,
        box_share=cues.box_share,
        scene=cues.scene,
        live=cues.live,
        similarity=kept.similarity,
    )


def _frame_seen(kept: FrameRecord) -> FrameSeen:
    similar = None if kept.similarity is None else embedding_as_similar(kept.similarity)
    cues = _cues_of(kept, similar)
    return FrameSeen(kept.at, kept.at, kept.at, _found(kept, similar), cues=cues)


def _found(kept: FrameRecord, similar: Embedding | None) -> Probe | Reason:
    if kept.reason:
        return Reason.from_code(kept.reason)
    if kept.box is None:
        raise ValueError(f"the frame at {kept.at:.2f} s has a face and no box")
    box = Box(*kept.box)
    quality = Quality(face_px=max(box.width, box.height), brightness=120.0, blur=0.0, turn=0.0)
    return Probe(STAND_IN if similar is None else similar, quality, box)


def _cues_of(kept: FrameRecord, similar: Embedding | None) -> Cues | None:
    if kept.yaw is None or kept.box is None:
        return None
    return Cues(
        yaw=kept.yaw,
        pitch=kept.pitch,
        crop_scale=kept.crop_scale,
        presence=kept.presence,
        box_share=kept.box_share,
        box=Box(*kept.box),
        scene=kept.scene,
        live=kept.live,
        embedding=similar,
    )
