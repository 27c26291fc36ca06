"""docs/evidence/pad.md as text: tables of what was counted, every figure with its count. Pure."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pad_clips import Watched, yaws
from pad_tries import Presented, Start
from pad_turns import moments

from device.pad.counting import Share, Tried, rates_of
from device.policy.turn import Direction
from device.vision.manifest import Turned

WIDTH = 150
PERCENT = 100
INTRODUCTION = """
Written by `make pad` from clips that are not part of Lintel. The door's own code looks at each frame, and the door's
own transaction (`device/policy/hearing.py`) decides, as in `lintel pad evaluate`: nothing of the policy is copied for
the measurement, and none of its limits was set on these clips. A badge is presented at every half second of a clip;
where the door asks for a turn, both sides are tried, for a second request too, and the luckiest outcome of an attack
counts. All tries of one clip are one presentation. Rates in brackets are exact 95 % intervals (Clopper and Pearson).
With so few clips they are wide: no error in five clips leaves a rate of up to 52 %.
"""
REFERENCES = """
References of p4 and p5 are pictures of other days and cameras. Those of the others are three frames out of the first
two seconds of their live clip: tries of that clip that begin in these seconds are compared with pictures of the same
moments. Of p7, p8 and the stills there is no other picture: each face was taken for the holder's, which is the
attacker's best case. A still is held before the camera for 8 s, with a sensor's noise; the print that fills the view
gets no answer where geometry counts, as its face is too near.
"""
LABELS = """
At which moments a request for a turn would be met, by the yaw alone (`scripts/pad_turns.py`), compared with the
pictures by eye: the head leaves its place between 0.15 s and 2 s later, and moves 25 degrees to that side. Sooner, it
was turning already. Clips that are not named show no turn.
"""
LIVES = """
Two labels of a valid try. *From ahead*: a turn of 25 degrees or more to the asked side begins within 2 s of the
door's request, from where the person looks straight ahead (`device/pad/turns.py`). *From the request*: as in the
table above, wherever the head was, so that one that was turned aside and comes back to the front is among them, which
the policy refuses; the column *in time* has those that reached 25 degrees within 2 s, as the policy demands. Where no
turn is asked for, every try that came to an answer is valid. No one in the clips was asked by a door, so that few
tries are valid: in most the person did not turn, or turned at another time, and was rightly refused.
"""
PEOPLE = """
The defaults are fixed, so that leaving a person out changes nothing of them: the tables above have each person's own
rates. The rule by which a door sets its own threshold (`device/pad/threshold.py`) was tried on the live clips of all
others, and its threshold on the person left out:
"""
SCENE = """
No clip shows its empty view, and most cameras were held in a hand: in all tries above the scene was unknown, which is
a doubt and no refusal. Beside the heads before fixed cameras the first second shows the empty view's edges, which
were looked for in the whole clip, and in the replay that was recorded by the same camera:
"""
FRAMES = """
Frames of the live clips after their first two seconds that match the person's own references, each alone, at the
network's threshold for a false match rate of 1e-3 (`lintel-convert turned`). A door asks for a turn only with a
network whose manifest says this. Of OpenFace's nn4.small2 and of FaceNet not all weights were at hand.
"""
LIMITS = (
    """
    Five replays and five stills by a handful of hands show no rate below 7 %: that takes 42 error-free
    presentations of each kind, by different hands. `lintel pad record` and `lintel pad evaluate` measure at your
    own door.
    """,
    """
    Not stopped: a recording prepared for both sides and chosen after the request, masks, deep-fakes that react, and
    anything in darkness. A worn face of paper was tried as a still alone. The badge stays the first factor.
    """,
    """
    The turn alone is weak against recordings that contain turns. With a network none was granted here; the network
    alone took one still of five for live.
    """,
)


@dataclass(frozen=True, slots=True)
class SceneSeen:
    """The scene beside the heads of one clip, by an empty view that could be had: the shares of all frames."""

    clip: str
    view: str
    species: str
    frames: int
    lowest: float
    median: float
    refused: int
    doubtful: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One person's clips at the threshold that the others' would have set: refused live tries, accepted attacks."""

    person: str
    threshold: float
    live: Share
    attacks: Share


@dataclass(frozen=True, slots=True)
class Page:
    """All that is on it. `presented` is by the policy's name, `turned` by the network's; `simulated` are lines."""

    watched: tuple[Watched, ...]
    sizes: Mapping[str, tuple[int, int]]
    presented: Mapping[str, tuple[Presented, ...]]
    scenes: tuple[SceneSeen, ...]
    left_out: tuple[LeftOut, ...]
    turned: Mapping[str, Turned]
    timing: tuple[tuple[str, str], ...]
    simulated: tuple[str, ...]


def page(found: Page) -> str:
    """The page."""
    parts = {
        "# Presentation attacks on clips: what is stopped, and what is not": _wrapped(INTRODUCTION),
        "## The clips": _clips(found),
        "## Turns in the clips": _labels(found),
        "## Attacks": _attacks(found),
        "## Live people": _lives(found),
        "## Each person, left out": _people(found),
        "## The scene": _scene(found),
        "## Own frames by angle": _frames(found),
        "## Simulated presentations": found.simulated or ("Left out.",),
        "## Time": table(("what", "time"), found.timing),
        "## What this does not show": [line for limit in LIMITS for line in _wrapped(f"- {limit}")],
    }
    lines = (line for title, body in parts.items() for line in (title, "", *body, ""))
    return "\n".join(lines).rstrip() + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table in Markdown."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def share(counted: Share) -> str:
    """Errors of trials, and between which rates that is with 95 % confidence."""
    if not counted.trials:
        return "-"
    low, high = counted.bounds
    return f"{counted.errors} of {counted.trials} ({PERCENT * low:.0f} to {PERCENT * high:.0f} %)"


def plain(counted: Share) -> str:
    """The same without its bounds."""
    return f"{counted.errors} of {counted.trials}" if counted.trials else "-"


def _wrapped(text: str) -> list[str]:
    after = "  " if text.startswith("- ") else ""
    return textwrap.wrap(" ".join(text.split()), WIDTH, subsequent_indent=after, break_long_words=False)


def _clips(found: Page) -> Iterator[str]:
    yield from _wrapped("Each was looked at from begin to end: none changes from a live person to a picture, or back.")
    yield ""
    yield from table(
        ("clip", "what", "face", "size", "frames a second", "seconds", "seen"),
        map(_clip, found.watched, found.sizes.values()),
    )
    yield from ("", *_wrapped(REFERENCES))


def _clip(one: Watched, size: tuple[int, int]) -> Sequence[str]:
    rate, seconds = ("still", "-") if one.clip.is_still else (f"{one.rate:.1f}", f"{one.seconds:.1f}")
    return one.clip.path, one.clip.species, one.clip.person, f"{size[0]}x{size[1]}", rate, seconds, one.clip.seen


def _labels(found: Page) -> Iterator[str]:
    yield from (*_wrapped(LABELS), "")
    met = {one.clip: {way: moments(way, yaws(one.frames)) for way in Direction} for one in found.watched}
    rows = [(clip.path, clip.species, *map(_spans, ways.values())) for clip, ways in met.items() if any(ways.values())]
    yield from table(("clip", "what", "left, seconds", "right, seconds"), rows)


def _spans(moments_met: Sequence[tuple[float, float]]) -> str:
    return "; ".join(f"{begin:.1f} to {end:.1f}" for begin, end in moments_met) or "-"


def _attacks(found: Page) -> Iterator[str]:
    head = ("policy", "replays taken for live, clips", "tries", "stills taken for live", "tries")
    yield from table(head, (_summary(name, presented) for name, presented in found.presented.items()))
    yield ""
    yield from _wrapped(
        "By species. APCER: attack detection alone takes it for a live person. IAPAR: the whole transaction "
        "opens the door with the badge of whose face is shown, where there are references. "
    )
    yield ""
    yield from table(("policy", "species", "APCER, clips", "tries", "IAPAR, clips", "tries"), _by_species(found))


def _by_species(found: Page) -> Iterator[Sequence[str]]:
    for name, presented in found.presented.items():
        for one in rates_of(each.shown for each in presented).attacks:
            apcer, iapar = one.apcer, one.iapar
            counts = (share(apcer.presentations), plain(apcer.starts), share(iapar.presentations), plain(iapar.starts))
            yield name, one.species, *counts


def _summary(name: str, presented: Sequence[Presented]) -> Sequence[str]:
    cells = [name]
    for is_still in (False, True):
        attacks = [one for one in presented if not one.is_live and one.watched.clip.is_still is is_still]
        passed = [[bool(tried.accepted) for tried in one.shown.tried] for one in attacks]
        cells.append(share(Share(sum(map(any, passed)), len(passed))))
        cells.append(share(Share(sum(map(sum, passed)), sum(map(len, passed)))))
    return cells


def _lives(found: Page) -> Iterator[str]:
    yield from (*_wrapped(LIVES), "")
    head = (
        "policy",
        "clip",
        "valid from ahead, granted",
        "valid from the request, granted",
        "in time",
        "all tries",
        "why not, from ahead",
    )
    yield from table(head, _live_rows(found))
    yield from ("", "By clip, which counts as refused if half of its valid tries from ahead were:", "")
    rows = []
    for name, presented in found.presented.items():
        live = rates_of(one.shown for one in presented).live
        refused, bpcer = live.refused, live.bpcer
        rows.append((name, share(refused.presentations), share(bpcer.presentations)))
    yield from table(("policy", "refused, clips", "BPCER, attack detection alone, clips"), rows)


def _live_rows(found: Page) -> Iterator[Sequence[str]]:
    for name, presented in found.presented.items():
        live = [one for one in presented if one.is_live]
        able = [one for one in live if one.valid or any(start.made for start in one.starts)]
        yield name, "**all**", *_live_cells(live)
        if any(one.valid for one in live if len(one.valid) < len(one.shown.tried)):
            yield from ((name, one.watched.clip.path, *_live_cells([one])) for one in able)


def _live_cells(presented: Sequence[Presented]) -> Sequence[str]:
    valid = [tried for one in presented for tried in one.valid]
    starts = [start for one in presented for start in one.starts]
    made = [start for start in starts if start.made]
    missed = Counter(_why(tried) for tried in valid if not tried.opened)
    return (
        rate(sum(bool(tried.opened) for tried in valid), len(valid)),
        _granted(made),
        _granted([start for start in made if start.in_time]),
        plain(Share(sum(start.ended.granted for start in starts), len(starts))),
        ", ".join(f"{why} {count}" for why, count in missed.items()) or "-",
    )


def _why(tried: Tried) -> str:
    """Why a try of a live person did not open the door."""
    return "no match" if tried.accepted else tried.reason or "the clip was over"


def _granted(starts: Sequence[Start]) -> str:
    return rate(sum(start.ended.granted for start in starts), len(starts))


def rate(granted: int, tries: int) -> str:
    """A count with its share."""
    return f"{granted} of {tries} ({PERCENT * granted / tries:.0f} %)" if tries else "-"


def _people(found: Page) -> Iterator[str]:
    yield from (*_wrapped(PEOPLE), "")
    head = ("person", "threshold by the others", "own live tries refused", "tries with their face replayed, accepted")
    yield from table(
        head, ((one.person, f"{one.threshold:.2f}", plain(one.live), plain(one.attacks)) for one in found.left_out)
    )


def _scene(found: Page) -> Iterator[str]:
    yield from (*_wrapped(SCENE), "")
    head = ("clip", "what", "view of", "frames", "lowest share", "median", "below 0.60: refused", "0.60 to 0.75: doubt")
    yield from table(head, map(_scene_row, found.scenes))


def _scene_row(one: SceneSeen) -> Sequence[str]:
    shares = (f"{one.lowest:.2f}", f"{one.median:.2f}")
    return one.clip, one.species, one.view, str(one.frames), *shares, str(one.refused), str(one.doubtful)


def _frames(found: Page) -> Iterator[str]:
    yield from (*_wrapped(FRAMES), "")
    ranges = next((turned.own_frames for turned in found.turned.values()), ())
    head = ("network", "threshold", *(f"{one.from_deg:g} to {one.to_deg:g}°" for one in ranges))
    yield from table(head, (_frames_row(name, turned) for name, turned in found.turned.items()))


def _frames_row(name: str, turned: Turned) -> Sequence[str]:
    cells = (f"{one.matching} of {one.frames} ({one.clips} clips)" for one in turned.own_frames)
    return name, f"{turned.threshold:.3f}", *cells


def line(found: Page) -> str:
    """The figures in a line."""
    return "; ".join(_figures(name, presented) for name, presented in found.presented.items())


def _figures(name: str, presented: Sequence[Presented]) -> str:
    attacks = [one for one in presented if not one.is_live]
    passed = sum(any(tried.accepted for tried in one.shown.tried) for one in attacks)
    valid = [tried for one in presented if one.is_live for tried in one.valid]
    granted = sum(bool(tried.opened) for tried in valid)
    return (
        f"{name}: {passed} of {len(attacks)} attacks taken for live, {granted} of {len(valid)} valid live tries granted"
    )
