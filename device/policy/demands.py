"""Which of several modes counts: the weakest of those that are enough, the strictest of those that are all demanded.

Above the badge a mode is a monotone statement about face and PIN. The five modes are all of these there are but
"never", so that both answers are always one of the five. Pure.
"""

from collections.abc import Iterable
from itertools import chain, combinations

from device.records import MODES, Factor, Mode

_ABOVE = (Factor.FACE, Factor.PIN)
_Accepted = frozenset[frozenset[Factor]]


def weakest(modes: Iterable[Mode]) -> Mode:
    """The mode that is met whenever one of these is. Raises `ValueError` without one."""
    return _BY_ACCEPTED[_nonempty(frozenset[frozenset[Factor]]().union(*map(_accepted, modes)))]


def strictest(modes: Iterable[Mode]) -> Mode:
    """The mode that is met only when all of these are; a badge alone where there are none."""
    return _BY_ACCEPTED[frozenset(_SHOWABLE).intersection(*map(_accepted, modes))]


def is_weaker(mode: Mode, than: Mode) -> bool:
    """Whether a mode is met with less than another: never if they are equal, or each is met without the other."""
    return _accepted(mode) > _accepted(than)


def name_of(mode: Mode) -> str:
    """What settings and commands call a mode."""
    accepted = _accepted(mode)
    return next(name for name, known in MODES.items() if _accepted(known) == accepted)


def _accepted(mode: Mode) -> _Accepted:
    """With what beside the badge it is met."""
    return frozenset(shown for shown in _SHOWABLE if not mode.missing(shown | {Factor.BADGE}))


def _nonempty(accepted: _Accepted) -> _Accepted:
    if not accepted:
        raise ValueError("the weakest of no modes")
    return accepted


_SHOWABLE = tuple(map(frozenset, chain.from_iterable(combinations(_ABOVE, count) for count in range(len(_ABOVE) + 1))))
_BY_ACCEPTED = {_accepted(mode): mode for mode in MODES.values()}
