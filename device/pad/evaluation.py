"""What a door's attack detection is worth on recorded presentations: for its policy, and for each cue alone.

The library behind `lintel pad evaluate` and docs/evidence/pad.md: clips in (`device.pad.judging.Clip`), error rates
out. Pure, but for `step`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from device.pad.counting import LIVE, Rates, Shown, rates_of
from device.pad.judging import Clip, TriedDoor, judged
from device.pad.threshold import NEEDED_ATTACKS, Proposal, Valued, proposed
from device.pad.trying import EVERY_S, Against, starts, tried
from device.policy.events import FrameSeen
from device.policy.modes import Pad
from device.policy.turn import Direction
from device.records import PadMode

CUES = ("scene", "network", "turn")
"""What is evaluated alone too, the others taken for unknown."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Error rates of a policy and of each cue that there is, and the threshold that the presentations support."""

    pad: Pad
    policy: Rates
    cues: Mapping[str, Rates]
    values: tuple[Valued, ...]
    """What the passive network said of each presentation."""
    proposal: Proposal
    unmatched: tuple[str, ...] = ()
    """Attacks in which the person whose face is shown is never recognized: their IAPAR is that of a bad picture."""

    @property
    def shown_in(self) -> str:
        """The mode in which it shows that of each kind of attack fewer than 7 % are accepted, all that are needed
        among them; "" if it does not.
        """
        by_kind = {rates.species: rates.apcer_shown for rates in self.policy.attacks}
        is_shown = all(by_kind.values()) and all(by_kind.get(kind, False) for kind in NEEDED_ATTACKS)
        return self.pad.mode.value if is_shown else ""


def evaluate(
    clips: Sequence[Clip],
    door: TriedDoor,
    *,
    every_s: float = EVERY_S,
    cues: Iterable[str] = CUES,
    step: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Tries all clips at a door. `step` is called after each of them."""
    alone = {cue: door_by(cue, door) for cue in cues if _has(cue, clips, door)}
    shown: list[Shown] = []
    by_cue: dict[str, list[Shown]] = {cue: [] for cue in alone}
    for clip in clips:
        shown.append(judged(clip, door, every_s=every_s))
        for cue, by in alone.items():
            by_cue[cue].append(judged(only(cue, clip), by, every_s=every_s))
        step()
    values = _values(clips, shown)
    rates = {cue: rates_of(tried) for cue, tried in by_cue.items()}
    unmatched = tuple(clip.name for clip in clips if _is_unmatched(clip, door))
    return Evaluation(door.terms.pad, rates_of(shown), rates, values, proposed(values), unmatched)


def _is_unmatched(clip: Clip, door: TriedDoor) -> bool:
    """Whether an attack that is compared with its person would open no door that looks for no attack either."""
    if clip.species == LIVE or clip.references is None:
        return False
    off, against = replace(door.terms, pad=Pad()), Against(clip.references, door.rule)
    begins = starts(clip.frames)
    ends = (tried(clip.frames, at, terms=off, comparer=against, direction=Direction.LEFT) for at in begins)
    return not any(ended.granted for ended in ends)


def door_by(cue: str, door: TriedDoor) -> TriedDoor:
    """The door that looks at one cue alone."""
    threshold = door.terms.pad.live_threshold if cue == "network" else None
    mode = PadMode.TURN if cue == "turn" else PadMode.PASSIVE
    return replace(door, terms=replace(door.terms, pad=Pad(mode, can_prompt=True, live_threshold=threshold)))


def only(cue: str, clip: Clip) -> Clip:
    """A clip of which one cue is known; no transaction is tried with it."""
    return replace(clip, references=None, frames=tuple(_only(cue, frame) for frame in clip.frames))


def _only(cue: str, frame: FrameSeen) -> FrameSeen:
    if frame.cues is None:
        return frame
    scene = frame.cues.scene if cue == "scene" else None
    live = frame.cues.live if cue == "network" else None
    return replace(frame, cues=replace(frame.cues, scene=scene, live=live))


def _has(cue: str, clips: Sequence[Clip], door: TriedDoor) -> bool:
    """Whether a cue is known of any frame; without a threshold the network says nothing."""
    if cue == "turn":
        return True
    seen = [frame.cues for clip in clips for frame in clip.frames if frame.cues is not None]
    if cue == "network":
        return door.terms.pad.live_threshold is not None and any(cues.live is not None for cues in seen)
    return any(cues.scene is not None for cues in seen)


def _values(clips: Sequence[Clip], shown: Sequence[Shown]) -> tuple[Valued, ...]:
    """Of each clip once, whatever it is called."""
    first = {(clip.species, clip.clip): (clip, tried) for clip, tried in reversed(list(zip(clips, shown, strict=True)))}
    return tuple(_valued(clip, tried) for clip, tried in reversed(first.values()))


def _valued(clip: Clip, shown: Shown) -> Valued:
    """The highest value of an attack's starts; a live person's own."""
    values = [tried.live for tried in shown.tried if tried.live is not None]
    value = None if not values else values[0] if clip.species == LIVE else max(values)
    return Valued(clip.name, clip.species, clip.person, value)
