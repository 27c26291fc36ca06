"""Whether a live person stands before the camera or a picture of one: a verdict of its own, beside the match. Pure.

`Showing` holds it: it hears each frame of the track that is compared, and says what is still needed once the face has
matched. Steps, limits and their evidence are those of ISO/IEC 30107-3 tests described in docs/evidence/pad.md: geometry
(without which there is no verdict), the scene beside the head, a passive network if there is one, a turn of the head.
"""

import math
from dataclasses import dataclass, field, replace
from enum import Enum
from statistics import fmean, median

from device.policy.events import FrameSeen, TurnAsked
from device.policy.modes import Pad
from device.policy.turn import DEGREES, DEGREES_ALONE, LONGEST_GAP_S, WITHIN_S, Turn, TurnSeen
from device.records import Box, Cues, PadMode, Presentation, Probe, Reason, TurnEnd
from device.records.attacks import LEAST_SCENE

LEAST_PRESENCE = 0.5
LEAST_BOX_SHARE = 0.16
"""Of the frame's longer side that a face's box takes at least."""
LEAST_CROP_SCALE, ROOMY_CROP_SCALE = 1.2, 1.5
"""Face boxes across what the frame shows of a face: with less than the first no verdict, with less than the other a
doubt.
"""
FRONTAL_DEGREES = 25.0
"""How far a face may be turned from its own view straight ahead."""
FARTHEST_JUMP = 0.5
"""How far a face moves between two frames, in widths of its box; another's may be farther."""
OF_A_MATCH = 1.0, 1.0
"""The longest gap between two frames, seconds, and the farthest jump, in widths, where no turn is asked for."""
GOOD_SCENE = 0.75
LEAST_FRAMES, LEAST_S = 8, 1.0
"""Of one track, for a mean that says something."""
SURELY_NOT, SURELY = 0.30, 0.90
"""Mean probability of a live face below which no more frames are looked at, and from which on there is no doubt."""
LOOK_ON_S = 2.0
"""How much longer is looked where the mean lies between `SURELY_NOT` and the threshold."""
MOST_TURNS = 2
STILL_DEGREES, STILL_FRAMES = 4.0, 3
"""How near to its own view straight ahead a face is when it is asked to turn, and how many frames say where that is."""
PAUSE_S = 0.5
"""From the end of a turn to the next request."""
MOST_EXTRA_S = 10.0
"""By how much all this may put off the end of a transaction."""
LAG_S = 0.5
"""By when a frame has been looked at."""


_NOT_ONE_FACE = (Reason.NO_FACE, Reason.SEVERAL_FACES, Reason.PICTURE_TURNED)


class Next(Enum):
    """What a transaction whose face has matched needs."""

    FRAMES = "frames"
    TURN = "turn"
    """The person has to be asked for one."""
    NOTHING = "nothing"
    ATTACK = "attack"
    NO_TURN = "no turn"


@dataclass(frozen=True, slots=True)
class _View:
    """A frontal frame of the track."""

    at: float
    cues: Cues


@dataclass(frozen=True, slots=True)
class Presented:
    """What the frames of one transaction say. Times are seconds on the monotonic clock."""

    pad: Pad
    is_first_use: bool = True
    """Whether the badge was never granted at this door."""
    views: tuple[_View, ...] = field(default=(), repr=False)
    """The frontal frames of the track in view."""
    box: Box | None = None
    """Where its face was last, None without a track."""
    seen_at: float = -math.inf
    ahead: tuple[float, float] | None = None
    """Yaw and pitch of the person's own view straight ahead, degrees, from the first request for a turn on."""
    turn: Turn | None = None
    """The one that is under way."""
    turns: tuple[Turn, ...] = ()
    """Those that have ended, of all tracks."""
    ended_at: float = -math.inf
    """When the last of them did."""
    is_turned: bool = False
    """Whether the last one was made, on the track in view."""

    @property
    def may_ask(self) -> bool:
        """Whether a turn may be asked for."""
        return self.pad.mode in (PadMode.TURN, PadMode.TURN_IN_DOUBT)

    @property
    def missed_turn(self) -> bool:
        """Whether a turn was asked for and not made."""
        return any(turn.end is not TurnEnd.TURNED for turn in self.turns)

    def objection(self, frame: FrameSeen) -> Reason | None:
        """What is wrong with how a face stands before the camera, where a network or a turn has to judge it.

        A passive door without a network judges by the scene alone: how far away a face may be is up to the match there,
        or a door that worked before it looked for attacks would refuse all who stand where they always stood.
        """
        if not isinstance(frame.found, Probe):
            return frame.found
        if frame.cues is None:
            return Reason.FACE_UNCLEAR
        if not self.may_ask and self.pad.live_threshold is None:
            return None
        if wrong := _room_objection(frame.cues):
            return wrong
        return None if self._is_frontal(frame.cues) else Reason.FACE_TURNED

    def continues(self, frame: FrameSeen) -> bool:
        """Whether what is seen may be the face of the track. Where no turn is asked for it may move as for a match."""
        if self.box is None:
            return True
        if frame.found in (Reason.SEVERAL_FACES, Reason.PICTURE_TURNED):
            return False
        longest_s, farthest = (LONGEST_GAP_S, FARTHEST_JUMP) if self.may_ask else OF_A_MATCH
        is_soon = 0 <= frame.captured_at - self.seen_at <= longest_s
        return is_soon and (frame.cues is None or _distance(self.box, frame.cues.box) <= farthest)

    def is_others(self, frame: FrameSeen) -> bool:
        """Whether a good frame after the match does not match the claim by itself. A turn judges its own frames."""
        if not isinstance(frame.found, Probe) or (self.turn and frame.captured_at >= self.turn.prompted_at):
            return False
        return frame.identity is None or not frame.identity.matches

    def saw(self, frame: FrameSeen) -> "Presented":
        """After a frame that `continues` the track, or begins one."""
        if self.turn is not None:
            return self._turning(self.turn, frame)
        cues = frame.cues
        if cues is None or frame.found in _NOT_ONE_FACE:
            return self
        seen = replace(self, box=cues.box, seen_at=frame.captured_at)
        return _with_view(seen, frame.captured_at, cues) if self.objection(frame) is None else seen

    def asked(self, event: TurnAsked) -> "Presented":
        """After the person was asked for a turn."""
        needed = DEGREES_ALONE if self.pad.live_threshold is None else DEGREES
        ahead = self._ahead
        return replace(self, ahead=ahead, turn=Turn(event.direction, ahead[0], event.at, needed))

    def without_track(self) -> "Presented":
        """After the track broke: what was seen is of a face that may be another's. A turn under way has failed."""
        lost = self if self.turn is None else self._ended(replace(self.turn, end=TurnEnd.LOST), self.turn.seen_at)
        return replace(lost, views=(), box=None, seen_at=-math.inf, ahead=None, is_turned=False)

    def passed_by(self, now: float) -> "Presented":
        """After a time without a frame."""
        return self if self.turn is None else self._after(self.turn.passed_by(now - LAG_S), now)

    def next(self, now: float) -> Next:
        """What is needed `now` that the face has matched."""
        if self.turn is not None:
            return Next.FRAMES
        for asked in (self._scene_needs(), self._network_needs()):
            if asked is not Next.NOTHING:
                return asked
        return self._turn_needs(now) if self._needs_turn else Next.NOTHING

    def until(self, matched_at: float) -> float:
        """When it is over at the latest, unless something else is asked for, after a match at that time."""
        times = [matched_at + LEAST_S + LOOK_ON_S + LAG_S]
        if self.turn is not None:
            times.append(self.turn.prompted_at + WITHIN_S + 2 * LAG_S)
        elif 0 < len(self.turns) < MOST_TURNS:
            times.append(self.turns[-1].prompted_at + WITHIN_S + LOOK_ON_S)
        return max(times)

    @property
    def evidence(self) -> Presentation:
        """What was seen, for the decision and the audit."""
        last = self.turn or (self.turns[-1] if self.turns else None)
        return Presentation(
            scene=self._scene,
            live=self._live,
            live_threshold=self.pad.live_threshold,
            turns=tuple(turn.end for turn in self.turns if turn.end is not None),
            turned=last.farthest if last else None,
            is_turned=self.is_turned,
            is_sure=not self._is_in_doubt,
        )

    @property
    def _ahead(self) -> tuple[float, float]:
        """Yaw and pitch of the person's own view straight ahead; NaN without a frontal frame."""
        if self.ahead is not None or not self.views:
            return self.ahead or (math.nan, math.nan)
        return median(view.cues.yaw for view in self.views), median(view.cues.pitch for view in self.views)

    def _is_frontal(self, cues: Cues) -> bool:
        """Relative to the person's own view; the first frame says what that is."""
        yaw, pitch = self._ahead if self.views else (cues.yaw, cues.pitch)
        return abs(cues.yaw - yaw) <= FRONTAL_DEGREES and abs(cues.pitch - pitch) <= FRONTAL_DEGREES

    def _turning(self, turn: Turn, frame: FrameSeen) -> "Presented":
        """After a frame while a turn is under way. Another person's, or a face out of sight, breaks the track."""
        cues, matches = frame.cues, frame.identity.matches if frame.identity is not None else None
        then = self._after(
            turn.saw(TurnSeen(frame.captured_at, cues.yaw if cues else None, matches)), frame.captured_at
        )
        if then.turn is None and then.turns[-1].end in (TurnEnd.LOST, TurnEnd.OTHER_PERSON):
            return then.without_track()
        if cues is None:
            return then
        seen = replace(then, box=cues.box, seen_at=frame.captured_at)
        is_good = isinstance(frame.found, Probe) or frame.found is Reason.FACE_TURNED
        counts = is_good and _room_objection(cues) is None and self._is_frontal(cues)
        return _with_view(seen, frame.captured_at, cues) if counts else seen

    def _after(self, turn: Turn, at: float) -> "Presented":
        return replace(self, turn=turn) if turn.end is None else self._ended(turn, at)

    def _ended(self, turn: Turn, at: float) -> "Presented":
        is_turned = turn.end is TurnEnd.TURNED
        return replace(self, turn=None, turns=(*self.turns, turn), ended_at=at, is_turned=is_turned)

    @property
    def _scene(self) -> float | None:
        shares = [view.cues.scene for view in self.views if view.cues.scene is not None]
        return median(shares) if shares else None

    @property
    def _live(self) -> float | None:
        """The mean over all frames, None before there are enough."""
        values = self._asked_views
        return fmean(live for _, live in values) if _first_enough([at for at, _ in values]) else None

    @property
    def _first_live(self) -> float:
        """The first mean that says something, 0 before."""
        values = self._asked_views
        count = _first_enough([at for at, _ in values])
        return fmean(live for _, live in values[:count]) if count else 0.0

    @property
    def _asked_views(self) -> list[tuple[float, float]]:
        """When the network was asked, and its answers."""
        return [(view.at, view.cues.live) for view in self.views if view.cues.live is not None]

    def _scene_needs(self) -> Next:
        """A few frames accuse no one."""
        if self._scene is None or self._scene >= LEAST_SCENE:
            return Next.NOTHING
        is_enough = _first_enough([view.at for view in self.views if view.cues.scene is not None])
        return Next.ATTACK if is_enough else Next.FRAMES

    def _network_needs(self) -> Next:
        """The first mean that says something decides, unless it is in doubt: then that of all frames after `LOOK_ON_S`,
        not the first of many that would do.
        """
        threshold, values = self.pad.live_threshold, self._asked_views
        if threshold is None:
            return Next.NOTHING
        count = _first_enough([at for at, _ in values])
        if not count:
            return Next.FRAMES
        first, mean = self._first_live, fmean(live for _, live in values)
        if first < SURELY_NOT:
            return Next.ATTACK
        is_over = values[-1][0] - values[count - 1][0] >= LOOK_ON_S
        if mean >= threshold and (first >= threshold or is_over):
            return Next.NOTHING
        return Next.ATTACK if is_over else Next.FRAMES

    @property
    def _needs_turn(self) -> bool:
        match self.pad.mode:
            case PadMode.TURN:
                return True
            case PadMode.TURN_IN_DOUBT:
                return self._is_in_doubt
            case PadMode.PASSIVE | PadMode.OFF:
                return False

    @property
    def _is_in_doubt(self) -> bool:
        """Whether anything but a turn leaves a doubt. One that a turn was asked for does not go by looking on."""
        scene, live = self._scene, min(self._first_live, self._live or 0.0)
        is_seen = scene is not None and scene >= GOOD_SCENE and live >= SURELY
        is_left = self.is_first_use or bool(self.turns) or not is_seen
        return is_left or median(view.cues.crop_scale for view in self.views) < ROOMY_CROP_SCALE

    def _turn_needs(self, now: float) -> Next:
        if self.is_turned:
            return Next.NOTHING
        if len(self.turns) >= MOST_TURNS:
            return Next.NO_TURN
        return Next.TURN if now - self.ended_at >= PAUSE_S and self._is_still else Next.FRAMES

    @property
    def _is_still(self) -> bool:
        last = self.views[-1].cues.yaw if self.views else math.nan
        return len(self.views) >= STILL_FRAMES and abs(last - self._ahead[0]) <= STILL_DEGREES


def _with_view(presented: Presented, at: float, cues: Cues) -> Presented:
    """With one more frontal frame, of which no embedding is kept."""
    return replace(presented, views=(*presented.views, _View(at, replace(cues, embedding=None))))


def _room_objection(cues: Cues) -> Reason | None:
    """What is wrong with where a face is."""
    if not cues.presence >= LEAST_PRESENCE:
        return Reason.FACE_UNCLEAR
    if not cues.box_share >= LEAST_BOX_SHARE:
        return Reason.FACE_TOO_SMALL
    return None if cues.crop_scale >= LEAST_CROP_SCALE else Reason.FACE_TOO_CLOSE


def _distance(before: Box, now: Box) -> float:
    """Between the middles of a face in two frames, in widths of the first."""
    (x, y), (was_x, was_y) = now.center, before.center
    return math.hypot(x - was_x, y - was_y) / max(before.width, 1e-9)


def _first_enough(times: list[float]) -> int:
    """How many of the first frames, at these times, say something: the least that do; 0 if not even all."""
    return next((n for n, at in enumerate(times, 1) if n >= LEAST_FRAMES and at - times[0] >= LEAST_S), 0)
