"""What a grant at a door that looks for presentation attacks rests on, read off all that was heard, afterwards.

Written apart from `device.policy.attack`: it walks back from the last frame instead of going along with each.
"""

from statistics import fmean, median

from device.policy.events import Compared, FrameSeen, ShowingEvent, TurnAsked
from device.records import Cues, PadMode, Probe, Reason
from tests.device.policy.presenters import Lane

BROKEN = {"several-faces", "picture-turned"}


def objections(lane: Lane) -> list[str]:
    """What is missing of a grant's evidence; nothing, if the grant is right."""
    may_ask = lane.terms.pad.mode in (PadMode.TURN, PadMode.TURN_IN_DOUBT)
    track = last_track(lane.heard, *((0.25, 0.5) if may_ask else (1.0, 1.0)))
    matches = [event for event in track if isinstance(event, Compared) and event.evidence.matches]
    if not matches:
        return ["no match on the last track"]
    after = track[track.index(matches[-1]) :]
    pad = lane.terms.pad
    asked = next((event for event in reversed(after) if isinstance(event, TurnAsked)), None)
    views = [
        (event.captured_at, event.cues) for event in seen_in(track) if event.cues and is_frontal_view(event, asked)
    ]
    wrong = [*of_scene(views), *of_network(views, pad.live_threshold), *of_identity(after, asked)]
    is_sure = bool(lane.showing.presented and not lane.showing.presented.is_first_use and not lane.asked)
    sure = is_sure and is_beyond_doubt(views)
    if pad.mode is PadMode.TURN or (pad.mode is PadMode.TURN_IN_DOUBT and not sure):
        wrong += of_turn(track, asked, 30.0 if pad.live_threshold is None else 25.0)
    return wrong


def last_track(heard: list[ShowingEvent], longest_s: float, widths: float) -> list[ShowingEvent]:
    """The events from the first frame of the face in view at the end, of which it was never out of sight."""
    track: list[ShowingEvent] = []
    later: FrameSeen | None = None
    for event in reversed(heard):
        if isinstance(event, FrameSeen):
            if not isinstance(event.found, Probe) and event.found.code in BROKEN:
                break
            if event.cues is not None and event.found is not Reason.NO_FACE:
                if later is not None and not is_next(event, later, longest_s, widths):
                    break
                later = event
        track.append(event)
    return track[: track.index(later) + 1][::-1] if later is not None else []


def seen_in(track: list[ShowingEvent]) -> list[FrameSeen]:
    return [event for event in track if isinstance(event, FrameSeen)]


def is_next(before: FrameSeen, now: FrameSeen, longest_s: float, widths: float) -> bool:
    assert before.cues is not None
    assert now.cues is not None
    step = abs(now.cues.box.center[0] - before.cues.box.center[0])
    return now.captured_at - before.captured_at <= longest_s and step <= before.cues.box.width * widths


def is_frontal_view(event: ShowingEvent, asked: TurnAsked | None, *, is_judged: bool = True) -> bool:
    """Good frames, and those that are turned while a turn is under way."""
    if not isinstance(event, FrameSeen) or event.cues is None:
        return False
    is_during = asked is not None and event.captured_at >= asked.at
    is_good = isinstance(event.found, Probe) or (is_during and event.found is Reason.FACE_TURNED)
    has_room = event.cues.box_share >= 0.16 and event.cues.crop_scale >= 1.2 and event.cues.presence >= 0.5
    return is_good and (has_room or not is_judged)


Views = list[tuple[float, Cues]]


def of_scene(views: Views) -> list[str]:
    known = [cues.scene for _, cues in views if cues.scene is not None]
    return ["scene"] if known and median(known) < 0.6 else []


def of_network(views: Views, threshold: float | None) -> list[str]:
    """Frontal frames alone count; here, people look straight at the camera."""
    if threshold is None:
        return []
    values = [(at, cues.live) for at, cues in views if cues.live is not None and abs(cues.yaw) <= 25.0]
    if len(values) < 8 or values[-1][0] - values[0][0] < 1.0 - 1e-9:
        return ["too few frames for the network"]
    return ["network"] if fmean(live for _, live in values) < threshold - 1e-9 else []


def is_beyond_doubt(views: Views) -> bool:
    scenes = [cues.scene for _, cues in views if cues.scene is not None]
    lives = [cues.live for _, cues in views if cues.live is not None]
    roomy = median(cues.crop_scale for _, cues in views) >= 1.5
    return bool(scenes) and median(scenes) >= 0.75 and fmean(lives) >= 0.9 and roomy


def of_identity(after: list[ShowingEvent], asked: TurnAsked | None) -> list[str]:
    """Each good frame after the match has to match by itself, but those farther round than 35 degrees in the turn."""
    found = []
    for event in after:
        if isinstance(event, FrameSeen) and isinstance(event.found, Probe) and event.cues is not None:
            is_far = asked is not None and event.captured_at >= asked.at and abs(event.cues.yaw) > 35.0
            if not is_far and not (event.identity and event.identity.matches):
                found.append("another person's frame")
    return found


def of_turn(track: list[ShowingEvent], asked: TurnAsked | None, needed: float) -> list[str]:
    """The last request was fulfilled: from where the person looked before it, within 2 s, to that side."""
    if asked is None:
        return ["no turn"]
    first = next(event for event in track if isinstance(event, TurnAsked))
    before = [
        event.cues.yaw for event in seen_in(track[: track.index(first)]) if event.cues and is_frontal_view(event, None)
    ]
    turned = [
        (event, (event.cues.yaw - median(before)) * asked.direction.value)
        for event in seen_in(track[track.index(asked) :])
        if event.cues and asked.at <= event.captured_at <= asked.at + 2.0
    ]
    seen = [degrees for _, degrees in turned]
    held = [degrees for event, degrees in turned if event.identity and event.identity.matches]
    near = [event for event, degrees in turned if abs(degrees) <= 35.0]
    others = [event for event in near if event.identity and not event.identity.matches]
    wrong = [] if max(seen, default=0.0) >= needed - 1e-9 else ["not far enough"]
    wrong += ["not compared on the way"] if max(held, default=0.0) < needed - 1e-9 or len(held) < 2 else []
    wrong += ["another person's head"] if others else []
    wrong += ["the other way"] if min(seen, default=0.0) < -10.0 - 1e-9 else []
    early = [degrees for event, degrees in turned if event.captured_at - asked.at < 0.15]
    return wrong + (["too soon"] if max(map(abs, early), default=0.0) > 6.0 + 1e-9 else [])
