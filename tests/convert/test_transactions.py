"""`lintel-convert transactions`: strangers on clips with everybody's badge, counted as a door decides."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convert.cli.main import cli
from convert.measuring.clips import Seen, Visit, clips_in, seen_in, visits
from convert.measuring.comparisons import Templates
from convert.transactions import accepted, at_rate, compares, measure, references_of
from device.commandline import run_command
from device.errors import ImageError
from device.images import read_image
from device.policy.events import BadgeClaimed, Compared, FrameSeen
from device.policy.hearing import begun, hear
from device.policy.modes import Terms
from device.records import (
    BADGE_AND_FACE,
    BadgeRead,
    Box,
    Claim,
    Credential,
    DoorState,
    Person,
    Probe,
    Quality,
    Reason,
)
from device.settings.tables import VisionSettings
from device.vision.comparison import compare
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.manifest import CurvePoint, DecisionRule, Fusion, OperatingPoint
from device.vision.models import shipped_models_dir
from device.vision.track import follows

TERMS = Terms(BADGE_AND_FACE, probes=3, timeout_s=6.0, max_age_s=0.5)
RULE = DecisionRule(
    metric="cosine-similarity",
    direction="higher-is-closer",
    target_fmr=1e-2,
    dataset="none",
    fusion=Fusion(least_probe_length=0.9, least_reference_length=0.9),
    points=(OperatingPoint(references=1, probes=1, threshold=0.6, non_mated_comparisons=1),),
    curve=tuple(CurvePoint(fmr=10.0**-power, threshold=0.4 + power / 10) for power in (1, 2, 3)),
)
"""A tenth of the rate is 0.1 stricter."""


def unit(*values: float) -> NDArray[np.float32]:
    vector = np.array(values, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def probe(*values: float) -> Probe:
    return Probe(unit(*values), Quality(face_px=150, brightness=120, blur=0.3, turn=0.0), Box(100, 100, 100, 100))


def visit_of(*found: Probe | Reason) -> Visit:
    """A frame each 50 ms."""
    return tuple(Seen(0.05 * number, one) for number, one in enumerate(found))


def test_stranger_is_compared_at_3_6_12_24_and_48_frames() -> None:
    made = compares(visit_of(*[probe(1, 0)] * 60), RULE, TERMS)
    assert [(len(one.probes), one.share) for one in made] == [(3, 1.0), (6, 0.5), (12, 0.5), (24, 0.5), (48, 0.5)]


def test_stranger_who_turns_is_compared_more_strictly() -> None:
    made = compares(visit_of(*[probe(1, 0)] * 4, *[probe(0, 1)] * 20), RULE, TERMS)
    assert [(len(one.probes), one.share) for one in made] == [(3, 1.0), (3, 0.05), (6, 0.05), (12, 0.05)]


def test_stranger_without_three_good_frames_is_not_compared() -> None:
    made = compares(visit_of(probe(1, 0), probe(1, 0), *[Reason.NO_FACE] * 5), RULE, TERMS)
    rates = measure([made], np.stack([[unit(1, 0)], [unit(0, 1)]]), RULE)
    assert (made, rates.transaction.rate.errors, rates.transaction.rate.trials) == ((), 0, 2)


def test_stranger_let_in_by_a_later_comparison_is_none_of_the_first() -> None:
    """The similarity of three frames is 0.42, that of twelve 0.76; the threshold is 0.6, then 0.63."""
    away, near = probe(0.423, 0.906), probe(0.866, 0.5)
    made = compares(visit_of(*[away] * 3, *[near] * 9), RULE, TERMS)
    first, whole = accepted([made], np.stack([[unit(1, 0)], [unit(-1, 0)]]), RULE)
    assert (first.tolist(), whole.tolist()) == ([0, 0], [1, 0])


directions = st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 1))
faces = st.lists(
    st.tuples(directions.map(lambda at: probe(*at)) | st.sampled_from([Reason.NO_FACE]), st.integers(1, 9)),
    min_size=1,
    max_size=5,
).map(lambda runs: visit_of(*(one for one, count in runs for _ in range(count))))


@given(
    st.lists(faces, min_size=1, max_size=3), st.lists(directions.map(lambda at: [unit(*at)]), min_size=2, max_size=4)
)
def test_counts_are_those_of_a_door_that_each_badge_is_presented_at(
    tried: list[Visit], badges: list[list[NDArray[np.float32]]]
) -> None:
    first, whole = accepted([compares(visit, RULE, TERMS) for visit in tried], np.array(badges), RULE)
    granted = [sum(is_granted(visit, np.stack(references)) for visit in tried) for references in badges]
    assert whole.tolist() == granted
    assert (first <= whole).all()


def is_granted(visit: Visit, references: NDArray[np.float32]) -> bool:
    """As a door decides, asked frame by frame."""
    claim = Claim(Person(1, "Ada"), revoked=False, references=references)
    badge = BadgeRead(Credential("h10301", 1, 1), -0.01)
    showing = hear(begun(badge, TERMS, door=DoorState.LOCKED, now=-0.01), BadgeClaimed(-0.01, claim))
    for seen in visit:
        near = isinstance(seen.found, Probe) and follows(showing.track, seen.found, RULE)
        showing = hear(showing, FrameSeen(seen.at, seen.at, seen.at, seen.found, near))
        if showing.awaits_comparison:
            vectors = [one.embedding for one in showing.track]
            evidence = compare(vectors, references, RULE, share=showing.comparisons.share)
            showing = hear(showing, Compared(showing.at, showing.track, claim, evidence))
    return showing.verdict is not None and showing.verdict.granted


def test_rule_for_another_rate_is_moved_along_the_curve() -> None:
    moved = at_rate(RULE, 1e-3)
    assert moved.target_fmr == 1e-3
    assert moved.threshold(1, 1) == pytest.approx(0.7)
    assert moved.threshold(1, 1, share=0.1) == pytest.approx(0.8)


def test_rule_without_a_curve_cannot_be_moved() -> None:
    flat = DecisionRule(
        metric="cosine-similarity",
        direction="higher-is-closer",
        target_fmr=1e-2,
        dataset="none",
        fusion=RULE.fusion,
        points=RULE.points,
    )
    with pytest.raises(ImageError, match="no curve"):
        at_rate(flat, 1e-3)


def test_first_references_of_those_with_enough_are_taken() -> None:
    vectors = np.arange(12, dtype=np.float32).reshape(6, 2)
    templates = Templates(vectors, np.array([0, 1, 1, 2, 2, 2]))
    assert references_of(templates, 2).tolist() == [[[2, 3], [4, 5]], [[6, 7], [8, 9]]]
    with pytest.raises(ImageError, match="1 people have 3 images"):
        references_of(templates, 3)


def test_visits_are_cut_out_of_a_clip_each_two_seconds() -> None:
    seen = tuple(Seen(0.5 * number, Reason.NO_FACE) for number in range(21))
    assert [(one[0].at, one[-1].at) for one in visits(seen, 6.0, 2.0)] == [(0.0, 5.5), (2.0, 7.5), (4.0, 9.5)]
    assert [len(one) for one in visits(seen[:5], 6.0, 2.0)] == [5]


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return load_analyzer(VisionSettings(threads=1))


def clip_of(name: str, path: Path, frames: int = 30) -> None:
    """A portrait at 15 frames a second, moved a little in each."""
    bgr = read_image(shipped_models_dir() / "portraits" / f"{name}.jpg")[:, :, ::-1]
    height, width = bgr.shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15.0, (width, height))
    for number in range(frames):
        shift = np.array([[1.0, 0.0, number % 5], [0.0, 1.0, number % 3]])
        writer.write(np.asarray(cv2.warpAffine(bgr, shift, (width, height)), np.uint8))
    writer.release()


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A clip of Grace, and badges of Eileen and of another who looks like her."""
    clips, images = tmp_path / "clips", tmp_path / "images"
    clips.mkdir()
    clip_of("grace-hopper", clips / "grace.avi")
    portrait = read_image(shipped_models_dir() / "portraits" / "eileen-collins.jpg")[:, :, ::-1]
    for name, light in (("eileen", 1.0), ("double", 0.8)):
        (images / name).mkdir(parents=True)
        cv2.imwrite(str(images / name / "1.jpg"), (portrait * light).astype(np.uint8))
    return clips, images


def test_stranger_on_a_clip_is_let_in_nowhere(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    clips, images = folders
    assert run_command(cli, ["transactions", "--clips", str(clips), "--images", str(images), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clips"], found["visits"], found["people"]) == (1, 1, 2)
    assert [(one["target_fmr"], one["accepted"], one["transactions"]) for one in found["rates"]] == [
        (1e-3, 0, 2),
        (3e-4, 0, 2),
        (1e-4, 0, 2),
    ]
    assert [one["comparisons"] for one in found["rates"]] == [4, 4, 4]


def test_rate_above_the_target_is_the_answer_no(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Eileen is on a clip, and her own badge is among the others."""
    clips, images = folders
    clip_of("eileen-collins", clips / "eileen.avi", frames=10)
    arguments = ["transactions", "--clips", str(clips), "--images", str(images), "--fmr", "1e-3"]
    assert run_command(cli, arguments) == 1
    assert "transaction       5.00e-01 (2 of 4" in capsys.readouterr().out


def test_frames_of_a_clip_are_looked_at_15_times_a_second(tmp_path: Path, analyzer: FaceAnalyzer) -> None:
    path = tmp_path / "fast.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30.0, (1280, 720))
    for level in range(10):
        writer.write(np.full((720, 1280, 3), level, np.uint8))
    writer.release()
    seen = seen_in(path, analyzer)
    assert [round(one.at, 3) for one in seen] == [0.0, 0.067, 0.133, 0.2, 0.267]


def test_folder_without_clips_and_a_broken_clip_are_named(tmp_path: Path, analyzer: FaceAnalyzer) -> None:
    with pytest.raises(ImageError, match="No clips"):
        clips_in(tmp_path)
    (tmp_path / "a.mp4").write_bytes(b"no clip")
    with pytest.raises(ImageError, match="not a clip"):
        seen_in(clips_in(tmp_path)[0], analyzer)
