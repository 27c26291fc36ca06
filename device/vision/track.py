"""Which probes of one look belong to one face: between the analyzer, which sees single frames, and the comparison."""

from device.records import Probe, Track
from device.vision.comparison import compare
from device.vision.manifest import DecisionRule


def follows(track: Track, probe: Probe, rule: DecisionRule) -> bool:
    """Whether a probe may be of the same face as the track; with no track yet it is not.

    The face is within a face's width of the last one, and matches the first at the threshold of single pairs. Without
    the match, frames of two people are fused, and two of the holder's carry one of another person's over the threshold.
    """
    if not track or not _is_near(track[-1], probe):
        return False
    return compare([probe.embedding], [track[0].embedding], rule).matches


def _is_near(before: Probe, probe: Probe) -> bool:
    a, b = before.box, probe.box
    return abs(a.center[0] - b.center[0]) <= a.width and abs(a.center[1] - b.center[1]) <= a.height
