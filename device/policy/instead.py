"""What is enough at a way in where no face can be shown: the owner's choice, never the result of a failed look. Pure.

A camera that is covered, turned, dark, frozen or shows another view is not missing: `device.missing` says what is. A
person without face data, or whose face was disabled, is another matter, with a setting of its own.
"""

from dataclasses import dataclass, replace

from device.records import BADGE, BADGE_AND_PIN, Factor, Mode, Ruling


@dataclass(frozen=True, slots=True)
class Instead:
    """A door's choice of what is enough; None, nothing: BADGE_AND_PIN, and while a part is missing also BADGE.

    Raises `ValueError` for any other mode.
    """

    when_missing: Mode | None = None
    without_face: Mode | None = None

    def __post_init__(self) -> None:
        if self.when_missing not in (None, BADGE_AND_PIN, BADGE) or self.without_face not in (None, BADGE_AND_PIN):
            raise ValueError("only a PIN or, while a part is missing, the badge alone can stand in for a face")


@dataclass(frozen=True, slots=True)
class Lacking:
    """Why no face can be shown: a part that has been missing for long enough, by its name, or what the person lacks."""

    part: str = ""
    has_no_face: bool = False


NOTHING = Lacking()


def instead_of(ruling: Ruling, choice: Instead, lacking: Lacking) -> Ruling:
    """The ruling where a face is demanded and can't be shown. It names why; a PIN that was demanded stays demanded.

    What stands in while a part is missing begins no first-in release: that takes all factors.
    """
    mode = ruling.mode
    if mode is None or Factor.FACE not in mode.factors | mode.either:
        return ruling
    if lacking.part and choice.when_missing is not None:
        weaker = _at_least(mode, choice.when_missing)
        if weaker is None:
            return ruling
        return replace(ruling, mode=weaker, rule=f"when_missing: {lacking.part}", leads=False)
    if lacking.has_no_face and choice.without_face is not None and Factor.FACE in mode.factors:
        return replace(ruling, mode=choice.without_face, rule="without_face")
    return ruling


def _at_least(mode: Mode, weaker: Mode) -> Mode | None:
    """What is enough then; None where the mode has a way without the face that is not weaker."""
    if weaker == BADGE_AND_PIN and Factor.FACE in mode.either:
        return None
    return BADGE_AND_PIN if Factor.PIN in mode.factors else weaker
