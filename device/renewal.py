"""Which faces of a visit may become references of an invited person, or why none. Pure.

Each has to match the references that an operator enrolled, closely and by itself: never those that the person gave
alone. So however many times references are renewed, all of them lie within one threshold of the originals.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from device.policy.guidance import differ
from device.records import Decision, Evidence, Factor, PinAnswer, Probe, Reason
from device.settings.tables import VisionSettings
from device.vision.close_match import closely
from device.vision.manifest import DecisionRule
from device.vision.quality.judging import issues
from device.vision.quality.limits import Purpose

MOST_KEPT = 3
"""References of one renewal; the next one takes their place."""


def is_renewing(decision: Decision) -> bool:
    """Whether a person showed all that a renewal takes: face, PIN and a turn of the head, and not under duress."""
    has_all = {Factor.FACE, Factor.PIN} <= decision.shown and decision.reason is Reason.MATCH
    is_own = decision.pin is PinAnswer.RIGHT and not decision.duress
    return decision.granted and has_all and is_own and decision.presentation.is_turned


def renewed(
    track: Sequence[Probe],
    originals: NDArray[np.float32],
    rule: DecisionRule,
    settings: VisionSettings,
    *,
    share: float = 1.0,
) -> tuple[tuple[Probe, ...], Evidence] | str:
    """The faces to keep, of a track of one person, and how all of it compares; or why none, in words.

    `originals` are the references of an operator, float32 [n, length]; `rule` is a `close_rule`.
    """
    if not len(originals):
        return "no reference of the present model was enrolled by an operator"
    if not track:
        return "the face was not looked at"
    evidence = closely([one.embedding for one in track], originals, rule, share=share)
    if not evidence.matches:
        return f"similarity {evidence.similarity:.3f} to the operator's references, {evidence.threshold:.3f} needed"
    kept: list[Probe] = []
    for probe in track:
        is_close = closely([probe.embedding], originals, rule, share=share).matches
        is_good = is_close and not issues(probe.quality, settings, Purpose.REFERENCE)
        if is_good and all(differ(probe, other) for other in kept):
            kept.append(probe)
    return (tuple(kept[:MOST_KEPT]), evidence) if kept else "no picture was good enough for a reference"
