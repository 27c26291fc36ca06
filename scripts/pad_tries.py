"""Each start of each clip, tried with the door's own policy: what docs/evidence/pad.md counts.

After `pad_clips.py`. Attacks and live people are judged by `device.pad.judging`, as `lintel pad evaluate` does it. Live
clips are tried once more, start by start, to see what became of each request.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pad_clips import Watched, yaws
from pad_turns import Made, made_after

from device.pad.counting import LIVE, Shown, Tried
from device.pad.judging import Clip, TriedDoor, judged
from device.pad.trying import Against, Ended, starts, tried
from device.pad.turns import turns_in
from device.policy.events import FrameSeen
from device.policy.modes import Pad, Terms
from device.policy.turn import WITHIN_S, Direction
from device.records import BADGE_AND_FACE, PadMode
from device.settings.tables import AccessSettings
from device.vision.comparison import Vectors
from device.vision.manifest import DecisionRule

LIVE_THRESHOLD = 0.7
_ACCESS = AccessSettings()


@dataclass(frozen=True, slots=True)
class Policy:
    """What a door does against presentation attacks, and with which network, "" for none."""

    name: str
    mode: PadMode
    network: str = ""

    @property
    def asks(self) -> bool:
        """Whether it asks for a turn."""
        return self.mode is PadMode.TURN

    @property
    def terms(self) -> Terms:
        """Those of a door with the usual settings."""
        pad = Pad(self.mode, can_prompt=self.asks, live_threshold=LIVE_THRESHOLD if self.network else None)
        return Terms(BADGE_AND_FACE, _ACCESS.probes, _ACCESS.face_timeout_s, _ACCESS.max_frame_age_s, pad=pad)


@dataclass(frozen=True, slots=True)
class Start:
    """One try of a live clip: how the transaction ended, and the turn that the person made after a request."""

    at: float
    ended: Ended
    made: Made | None = None
    prompt: float = 0.0
    """Which request that was."""

    @property
    def in_time(self) -> bool:
        """Whether the turn had reached its 25 degrees within 2 s of the request."""
        return self.made is not None and self.made.reached_at - self.prompt <= WITHIN_S


@dataclass(frozen=True, slots=True)
class Presented:
    """All tries of one clip with one policy; `starts` of a live clip alone."""

    watched: Watched = field(repr=False)
    policy: Policy
    shown: Shown
    starts: tuple[Start, ...]

    @property
    def is_live(self) -> bool:
        """Whether it shows a live person."""
        return self.watched.clip.species == LIVE

    @property
    def valid(self) -> tuple[Tried, ...]:
        """The tries of a live clip in which the person did what the door asked, and that came to an answer."""
        able = (one for one in self.shown.tried if one.valid and one.opened is not None)
        return tuple(one for one in able if one.asked or not self.policy.asks)


def present(watched: Watched, policy: Policy, references: Vectors | None, rule: DecisionRule) -> Presented:
    """Tries each start of a clip; without references each face is taken for the holder's."""
    clip, frames = watched.clip, watched.with_cues(policy.network)
    turns = turns_in(frames) if clip.species == LIVE else None
    presentation = Clip(clip.path, clip.path, clip.species, clip.person, "", frames, references, turns=turns)
    shown = judged(presentation, TriedDoor(rule, policy.terms))
    is_tried = clip.species == LIVE and references is not None
    again = starts_of(watched, policy, references, rule) if is_tried and references is not None else ()
    return Presented(watched, policy, shown, again)


def starts_of(watched: Watched, policy: Policy, references: Vectors, rule: DecisionRule) -> tuple[Start, ...]:
    """Each start of a live clip, tried with the person's references."""
    return tuple(_starts(watched.with_cues(policy.network), policy, Against(references, rule)))


def _starts(frames: Sequence[FrameSeen], policy: Policy, comparer: Against) -> Iterator[Start]:
    seen, terms = yaws(frames), policy.terms
    for at in starts(frames):
        for side in Direction if policy.asks else (Direction.LEFT,):
            ended = tried(frames, at, terms=terms, comparer=comparer, direction=side)
            made = {prompt: made_after(prompt, side, seen) for prompt in ended.prompts}
            prompt = next((prompt for prompt, turn in made.items() if turn), 0.0)
            yield Start(at, ended, made.get(prompt), prompt)
