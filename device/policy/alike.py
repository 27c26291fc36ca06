"""What people show of whom another looks alike: the PIN besides, wherever it can be typed. Pure."""

from dataclasses import replace

from device.policy.demands import strictest
from device.records import BADGE_AND_PIN, Factor, Reason, Ruling


def with_demanded_pin(ruling: Ruling, *, has_keypad: bool, needs_keypad: bool) -> Ruling:
    """The ruling of one of them at a way in. Where no PIN can be typed a face is not enough, unless the owner said that
    it `needs_keypad` not; a mode without a face is not weakened by a look-alike.
    """
    mode = ruling.mode
    if mode is None:
        return ruling
    if has_keypad:
        return replace(ruling, mode=strictest((mode, BADGE_AND_PIN)))
    is_by_face = Factor.FACE in mode.factors | mode.either
    return replace(ruling, mode=None, reason=Reason.NO_KEYPAD) if is_by_face and needs_keypad else ruling
