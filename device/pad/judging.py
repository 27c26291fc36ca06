"""Judges a presentation by a door's own policy: each start of an attack, in both directions, the second turn included.

Between the frames of a clip and `device.pad.counting`; `device.pad.trying` tries one start. Pure. A start counts as
accepted if any second turn would be, as the attacker may have luck. Attack detection alone is the same transaction with
each face taken for the badge's holder.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from device.pad.counting import LIVE, Shown, Tried
from device.pad.manifest import Prompt
from device.pad.trying import EVERY_S, Against, Anyone, Comparer, Ended, starts, tried
from device.policy.events import FrameSeen
from device.policy.modes import Terms
from device.policy.turn import WITHIN_S, Direction
from device.records import Embedding, Evidence, Reason
from device.vision.comparison import Vectors
from device.vision.manifest import DecisionRule

ALIGNED_S = 0.15
"""A recorded turn is tried at the start from which the door asks within this time of when the person was asked."""
ALIGN_EVERY_S, ALIGN_STEPS = 0.05, 3
"""How that start is looked for, around where the door should ask."""
BOTH = (Direction.LEFT, Direction.RIGHT)
ANSWERS = {
    Reason.MATCH: True,
    Reason.PRESENTATION_ATTACK: False,
    Reason.TURN_NOT_MADE: False,
}
"""The reasons that are an answer. All others say that there was no face to judge."""
_ASKS = {"turn-left": Direction.LEFT, "turn-right": Direction.RIGHT}


@dataclass(frozen=True, slots=True)
class TurnMade:
    """A turn of the head that a live clip shows: when it begins, seconds, and to which side of the person."""

    begins_at: float
    direction: Direction


@dataclass(frozen=True, slots=True)
class Clip:
    """A presentation to try. `clip` is what it is known by: a hash of the file.

    `frames` have their times in seconds from the clip's begin. `references` are those of the person whose face is
    shown, float32 [n, length]; None, and only attack detection is tried. `prompts`: what the person was asked for when
    it was recorded. `turns`: those that a live clip shows; None, every start counts as one at which the person did as
    asked.
    """

    name: str
    clip: str
    species: str
    person: str
    hand: str
    frames: tuple[FrameSeen, ...] = field(repr=False)
    references: Vectors | None = field(default=None, repr=False)
    prompts: tuple[Prompt, ...] = ()
    turns: tuple[TurnMade, ...] | None = None


@dataclass(frozen=True, slots=True)
class TriedDoor:
    """What presentations are tried at: a network's thresholds, and a door's terms with its `pad`."""

    rule: DecisionRule
    terms: Terms


@dataclass(frozen=True, slots=True)
class _Asked:
    """A start that was tried, and the side of the first turn that was asked for, None if none was."""

    ended: Ended
    first: Direction | None

    @property
    def answer(self) -> bool | None:
        """Whether it is taken for a live person; None if there was no face to judge.

        A face that is taken away when it was asked to turn is refused.
        """
        if self.ended.verdict is None:
            return False if self.ended.prompts else None
        return ANSWERS.get(self.ended.verdict.reason)

    @property
    def badness(self) -> int:
        """How bad it is if it is an attack."""
        return {True: 2, False: 1, None: 0}[self.answer]


class _Remembered:
    """`Comparer` that compares each frame once, however many starts it belongs to."""

    def __init__(self, comparer: Comparer) -> None:
        self.rule = comparer.rule
        self.compared = comparer.compared
        self._comparer = comparer
        self._known: dict[int, Evidence] = {}

    def alone(self, embedding: Embedding) -> Evidence:
        """As that of the other; the clip holds the embedding meanwhile, so that its place in memory names it."""
        if (known := self._known.get(id(embedding))) is None:
            known = self._known[id(embedding)] = self._comparer.alone(embedding)
        return known


def judged(clip: Clip, door: TriedDoor, *, every_s: float = EVERY_S) -> Shown:
    """What comes of a presentation at a door, at each of its starts."""
    alone: Comparer = _Remembered(Anyone(door.rule))
    whole = None if clip.references is None else _Remembered(Against(clip.references, door.rule))
    if clip.species == LIVE and clip.prompts:
        answers = [_as_prompted(clip, door, alone, whole)]
    else:
        answers = [
            one for start in starts(clip.frames, every_s) for one in _tried_at(clip, door, start, (alone, whole))
        ]
    return Shown(clip.clip, clip.species, clip.person, clip.hand, tuple(answers))


def _tried_at(
    clip: Clip, door: TriedDoor, start: float, comparers: tuple[Comparer, Comparer | None]
) -> Iterator[Tried]:
    """What comes of one start, for each first direction; the worst of what the second may be."""
    alone = _worst(clip, door, start, comparers[0])
    whole = None if comparers[1] is None else _worst(clip, door, start, comparers[1])
    for direction, ended in alone.items():
        opened = None if whole is None else whole.get(direction, max(whole.values(), key=lambda one: one.badness))
        yield _tried(clip, start, ended, opened)


def _worst(clip: Clip, door: TriedDoor, start: float, comparer: Comparer) -> dict[Direction | None, _Asked]:
    """For each first direction, the worst transaction; under None, the only one, where no turn is asked for."""
    found: dict[Direction | None, _Asked] = {}
    for first in BOTH:
        for second in BOTH:
            one = _transacted(clip, door, start, comparer, (first, second))
            if one.first is None:
                return {None: one}
            found[first] = max(found.get(first, one), one, key=lambda each: each.badness)
            if len(one.ended.prompts) < 2:
                break
    return found


def _transacted(clip: Clip, door: TriedDoor, start: float, comparer: Comparer, sides: tuple[Direction, ...]) -> _Asked:
    frames = clip.frames[bisect_left(clip.frames, start, key=lambda one: one.captured_at) :]
    ended = tried(frames, start, terms=door.terms, comparer=comparer, direction=sides)
    return _Asked(ended, sides[0] if ended.prompts else None)


def _tried(clip: Clip, start: float, alone: _Asked, whole: _Asked | None) -> Tried:
    ended = alone.ended
    return Tried(
        start,
        alone.first.name.lower() if alone.first is not None else "",
        alone.answer,
        None if whole is None or alone.answer is None else whole.ended.granted,
        valid=_is_as_asked(clip, alone),
        reason=ended.verdict.reason.code if ended.verdict is not None else "",
        live=ended.live,
    )


def _is_as_asked(clip: Clip, asked: _Asked) -> bool:
    """Whether a live person begins to turn the asked way in time, when they are asked first."""
    if clip.turns is None or not asked.ended.prompts:
        return True
    at = asked.ended.prompts[0]
    return any(turn.direction is asked.first and 0 <= turn.begins_at - at <= WITHIN_S for turn in clip.turns)


def _as_prompted(clip: Clip, door: TriedDoor, alone: Comparer, whole: Comparer | None) -> Tried:
    """A live person was asked once, at a time: the door has to ask at that time too, or the turn says nothing."""
    prompt = clip.prompts[0]
    sides = (_ASKS[prompt.ask],)
    start = _aligned(clip, door, alone, sides)
    if start is None:
        return Tried(0.0, "", None, None, valid=False)
    opened = None if whole is None else _transacted(clip, door, start, whole, sides)
    return _tried(clip, start, _transacted(clip, door, start, alone, sides), opened)


def _aligned(clip: Clip, door: TriedDoor, comparer: Comparer, sides: tuple[Direction, ...]) -> float | None:
    """The start from which a door asks for a turn nearest to the recorded request; the begin where it asks for none."""
    at, first = clip.prompts[0].at, _transacted(clip, door, 0.0, comparer, sides).ended.prompts
    if not first:
        return 0.0
    apart: dict[float, float] = {}
    for step in range(-ALIGN_STEPS, ALIGN_STEPS + 1):
        start = max(0.0, at - first[0] + step * ALIGN_EVERY_S)
        if prompts := _transacted(clip, door, start, comparer, sides).ended.prompts:
            apart[start] = abs(prompts[0] - at)
    nearest = min(apart, key=apart.__getitem__, default=None)
    return nearest if nearest is not None and apart[nearest] <= ALIGNED_S else None
