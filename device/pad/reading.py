"""Presentations to judge from a folder: one that `lintel pad record` wrote, or one of clips by species."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from device.errors import ImageError
from device.pad.clips import Source, empty_pictures, frames_of, reference_pictures, sources_in
from device.pad.counting import LIVE
from device.pad.folder import read_clip, read_frames, read_manifest
from device.pad.judging import Clip
from device.pad.looking import CuedLook
from device.pad.sealing import Sealer
from device.pad.turns import turns_in
from device.pad.values import frames_seen, stand_ins
from device.records import Embedding, Probe
from device.vision.quality.limits import Purpose

Bar = Callable[[int], AbstractContextManager[Callable[[], None]]]
"""Takes a number of steps and shows their progress; what it gives is called after each."""
FIRST_S, APART_S = 2.0, 0.4
"""Of a live clip the part that references are taken from, and the least time between two of them."""
MOST_REFERENCES = 5


def recorded_clips(folder: Path) -> list[Clip]:
    """The presentations of a folder with a manifest. Raises `ImageError`."""
    clips = []
    for one in read_manifest(folder).presentations:
        try:
            frames = frames_seen(read_frames(folder, one))
        except ValueError as error:
            raise ImageError(
                f"The frames of {one.name} in {folder} contradict themselves: {error}.",
                hint="Record it again, in another folder.",
            ) from None
        references = stand_ins(one.references) if one.references else None
        known_by = one.clip_sha256 or one.frames_sha256
        clips.append(
            Clip(one.name, known_by, one.species, one.person, one.hand, frames, references, prompts=one.prompts)
        )
    return clips


def reviewed_clips(folder: Path, look: CuedLook, sealer: Sealer, bar: Bar) -> list[Clip]:
    """The encrypted clips of a folder with a manifest, looked at again, as with another network.

    Of the scene nothing is known, and a person's references are of another live clip of theirs. Raises `LintelError`.
    """
    kept = [one for one in read_manifest(folder).presentations if one.clip_sha256]
    if not kept:
        raise ImageError(f"No clips were kept in {folder}.", hint="Record with `--keep-clips`.")
    clips: list[Clip] = []
    with bar(len(kept)) as step:
        for one in kept:
            look.begin()
            frames = tuple(map(look, sealer.opened(one.name, read_clip(folder, one))))
            clip = Clip(one.name, one.clip_sha256, one.species, one.person, one.hand, frames, prompts=one.prompts)
            clips.append(clip)
            step()
    return [replace(clip, references=_references(clip, clips, {})) for clip in clips]


def seen_clips(folder: Path, look: CuedLook, bar: Bar) -> list[Clip]:
    """The clips of a plain folder, each looked at as a door does.

    A person's references are their pictures in `references/`, or the first two seconds of another live clip of theirs;
    without either, attack detection alone is tried. Raises `LintelError`.
    """
    sources = sources_in(folder)
    look.learn(list(empty_pictures(folder)))
    clips: list[Clip] = []
    with bar(len(sources)) as step:
        for source in sources:
            clips.append(_seen(folder, source, look))
            step()
    pictured = {one.person: _pictured(folder, one.person, look) for one in sources}
    return [replace(clip, references=_references(clip, clips, pictured)) for clip in clips]


def _seen(folder: Path, source: Source, look: CuedLook) -> Clip:
    look.begin()
    frames = tuple(map(look, frames_of(source.path)))
    name = source.path.relative_to(folder).as_posix()
    turns = turns_in(frames) if source.species == LIVE else None
    return Clip(name, source.sha256, source.species, source.person, "", frames, turns=turns)


def _pictured(folder: Path, person: str, look: CuedLook) -> tuple[Embedding, ...]:
    pictures = reference_pictures(folder, person)
    found = (look.analyzer.analyze_largest(picture, Purpose.REFERENCE) for picture in pictures)
    return tuple(one.embedding for one in found if isinstance(one, Probe))[:MOST_REFERENCES]


def _references(
    clip: Clip, clips: Sequence[Clip], pictured: Mapping[str, tuple[Embedding, ...]]
) -> tuple[Embedding, ...] | None:
    """Never from the clip itself, under whatever name."""
    if known := pictured.get(clip.person):
        return known
    others = (one for one in clips if one.species == LIVE and one.person == clip.person and one.clip != clip.clip)
    return next((taken for other in others if (taken := tuple(_first(other)))), None)


def _first(clip: Clip) -> Iterator[Embedding]:
    """Good frames of its first seconds, apart from one another."""
    last_at, count = -APART_S, 0
    for frame in clip.frames:
        if frame.captured_at > FIRST_S or count >= MOST_REFERENCES:
            return
        if isinstance(frame.found, Probe) and frame.captured_at - last_at >= APART_S:
            last_at, count = frame.captured_at, count + 1
            yield frame.found.embedding
