"""The one table of what a face's picture must be like: each measure with its unit, its limits and its reason.

A reference is kept for years and each visit is compared with it, so its limits are stricter than those of a probe. How
the limits were set, and what each condition costs at them, is in docs/evidence/quality.md.
"""

import math
from dataclasses import dataclass
from enum import Enum

from device.records import Quality, Reason
from device.settings.tables import VisionSettings


class Purpose(Enum):
    """What a picture is wanted for."""

    PROBE = "probe"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Range:
    """From `least` to `most`, both included."""

    least: float = -math.inf
    most: float = math.inf

    def holds(self, value: float) -> bool:
        """Whether a value is within; what isn't a number never is."""
        return self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class Limit:
    """One row: a field of `Quality`, its unit, the reason for a refusal, and the ranges for probes and references."""

    measure: str
    unit: str
    reason: Reason
    probe: Range
    reference: Range

    def range_for(self, purpose: Purpose) -> Range:
        """The range for that purpose."""
        return self.reference if purpose is Purpose.REFERENCE else self.probe

    def value_in(self, quality: Quality) -> float:
        """What was measured."""
        return float(getattr(quality, self.measure))


def limits(settings: VisionSettings) -> tuple[Limit, ...]:
    """The table, what matters most first; six rows have their limits from the settings."""
    return (
        _both("face_px", "pixels", Reason.FACE_TOO_SMALL, _least(settings.min_face_px)),
        Limit("eyes_px", "pixels", Reason.FACE_TOO_SMALL, _least(20), _least(24)),
        _both("in_view", "share", Reason.FACE_CUT_OFF, _least(settings.min_share_in_view)),
        Limit("margin", "face widths", Reason.FACE_CUT_OFF, _least(-0.15), _least(-0.05)),
        _both("motion", "face widths a second", Reason.FACE_MOVED, _most(2.5)),
        _both("brightness", "luma", Reason.FACE_TOO_DARK, _least(settings.min_brightness)),
        _both("brightness", "luma", Reason.FACE_TOO_BRIGHT, _most(settings.max_brightness)),
        Limit("white", "share", Reason.FACE_TOO_BRIGHT, _most(0.35), _most(0.25)),
        Limit("black", "share", Reason.FACE_HALF_DARK, _most(0.25), _most(0.20)),
        Limit("side_light", "share", Reason.FACE_HALF_DARK, Range(), _most(0.60)),
        Limit("contrast", "gray levels", Reason.FACE_FOGGY, _least(28), _least(40)),
        Limit("noise", "gray levels", Reason.FACE_NOISY, _most(8), _most(6)),
        Limit("blocks", "ratio", Reason.FACE_COMPRESSED, _most(2.2), _most(1.8)),
        _both("blur", "share", Reason.FACE_BLURRED, _most(settings.max_blur)),
        _both("turn", "share", Reason.FACE_TURNED, Range(-settings.max_turn, settings.max_turn)),
        _both("yaw", "degrees", Reason.FACE_TURNED, Range(-50, 50)),
        Limit("pitch", "degrees", Reason.FACE_TURNED, Range(-40, 40), Range(-35, 35)),
        Limit("roll", "degrees", Reason.FACE_TILTED, Range(-40, 40), Range(-35, 35)),
        Limit("eyes_bright", "share", Reason.EYES_COVERED, _least(0.35), _least(0.38)),
        Limit("mouth", "share", Reason.FACE_COVERED, _least(0.020), _least(0.025)),
        Limit("forehead", "share", Reason.BROWS_COVERED, _least(0.35), _least(0.50)),
        Limit("eyes_open", "share", Reason.EYES_CLOSED, Range(), _least(0.10)),
        Limit("presence", "probability", Reason.FACE_UNCLEAR, _least(0.90), _least(0.99)),
        Limit("score", "probability", Reason.FACE_UNCLEAR, _least(0.70), _least(0.75)),
    )


def _both(measure: str, unit: str, reason: Reason, limit: Range) -> Limit:
    """A row with one range for both purposes."""
    return Limit(measure, unit, reason, limit, limit)


def _least(value: float) -> Range:
    return Range(least=value)


def _most(value: float) -> Range:
    return Range(most=value)
