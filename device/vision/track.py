"""Which probes of one look belong to one face: between the analyzer, which sees single frames, and the comparison."""

from device.records import Box, Probe, Track
from device.vision.comparison import compare
from device.vision.manifest import DecisionRule

MAX_GROWTH = 1.5
"""How many times as large, or as small, a face may be as in the frame before."""


def follows(track: Track, probe: Probe, rule: DecisionRule) -> bool:
    """Whether a probe may be of the same face as the track; with no track yet it is not.

    The face is within a face's width of the last one, about as large, and matches the first at the threshold of single
    pairs. Without the match, frames of two people are fused, and two of the holder's carry one of another person's over
    the threshold. How long the frames may lie apart, the showing knows.
    """
    if not track or not _is_near(track[-1].box, probe.box) or not _is_as_large(track[-1].box, probe.box):
        return False
    return compare([probe.embedding], [track[0].embedding], rule).matches


def _is_near(before: Box, now: Box) -> bool:
    (x0, y0), (x1, y1) = before.center, now.center
    return abs(x0 - x1) <= before.width and abs(y0 - y1) <= before.height


def _is_as_large(before: Box, now: Box) -> bool:
    sizes = max(before.width, before.height), max(now.width, now.height)
    return max(sizes) <= MAX_GROWTH * min(sizes)
