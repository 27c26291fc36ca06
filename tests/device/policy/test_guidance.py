"""A person is guided through the pictures of an enrollment: what is asked for, kept and said, and when it is over."""

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.guidance import Asked, Guidance, Hindered, Pose, Said
from device.records import Box, Probe, Quality, Reason

Seen = tuple[float, Probe | Reason]


def face(yaw: float = 0.0, size: float = 200.0, *, person: int = 0, look: float = 0.0) -> Probe:
    """A good picture; `look` from 0 to 1 makes the same person look less alike."""
    vector = np.zeros(128, np.float32)
    vector[person], vector[64] = np.cos(look), np.sin(look)
    quality = Quality(face_px=size, brightness=120.0, blur=0.2, turn=0.0, yaw=yaw)
    return Probe(vector, quality, Box(0.0, 0.0, size, size))


def guided(seen: Iterable[Seen], wanted: int = 5) -> tuple[Guidance, list[tuple[float, Said]]]:
    """The guidance after those frames, and what was said at which time."""
    guidance = Guidance(wanted, threshold=0.9, began_at=0.0, deadline=60.0).begun()
    said = [(0.0, guidance.said)]
    for at, found in seen:
        before, guidance = guidance, guidance.saw(found, at)
        if guidance.said_at != before.said_at:
            said.append((at, guidance.said))
    return guidance, [(at, one) for at, one in said if one is not None]


def every_tenth(found: Probe | Reason, start: float, end: float) -> Sequence[Seen]:
    return [(round(start + step / 10, 1), found) for step in range(round(10 * (end - start)))]


POSES = [face(), face(15.0), face(-15.0), face(size=240.0), face(size=170.0)]


def test_five_poses_are_asked_for_and_kept() -> None:
    guidance, said = guided([(1.0 * number, pose) for number, pose in enumerate(POSES, 1)])
    assert [one for _, one in said] == [
        Asked(0, 5, Pose.STRAIGHT),
        Asked(1, 5, Pose.LEFT),
        Asked(2, 5, Pose.RIGHT),
        Asked(3, 5, Pose.NEARER),
        Asked(4, 5, Pose.FARTHER),
    ]
    assert guidance.kept == tuple(POSES)
    assert guidance.is_over(5.0)


def test_two_pictures_are_0_7_s_apart() -> None:
    guidance, _ = guided([(1.0, face()), (1.6, face(15.0)), (1.8, face(16.0))])
    assert [round(probe.quality.yaw) for probe in guidance.kept] == [0, 16]


def test_person_who_does_not_turn_is_not_kept_waiting_longer_than_4_s() -> None:
    moving = [face(look=0.11 * number) for number in range(5)]
    guidance, _ = guided([(5.0 * number, probe) for number, probe in enumerate(moving, 1)])
    assert len(guidance.kept) == 5


def test_same_picture_is_never_kept_twice() -> None:
    guidance, _ = guided(every_tenth(face(), 0.0, 59.0))
    assert len(guidance.kept) == 1
    assert not guidance.has_enough


@pytest.mark.parametrize("reason", [Reason.FACE_TOO_DARK, Reason.NO_FACE, Reason.FACE_BLURRED])
def test_what_is_in_the_way_is_said_within_a_second(reason: Reason) -> None:
    _, said = guided(every_tenth(reason, 1.0, 5.0))
    assert [(at, one) for at, one in said if isinstance(one, Hindered)] == [(1.6, Hindered(reason))]


def test_one_blurred_frame_is_not_worth_a_word() -> None:
    _, said = guided([(0.5, face()), (0.7, Reason.FACE_BLURRED), (0.9, face()), (1.5, Reason.FACE_BLURRED)])
    assert not [one for _, one in said if isinstance(one, Hindered)]


def test_request_is_repeated_once_the_face_is_good_again() -> None:
    _, said = guided([*every_tenth(Reason.NO_FACE, 1.0, 2.0), (2.0, face(30.0))])
    assert said[-1] == (2.0, Asked(0, 5, Pose.STRAIGHT))


def test_what_is_said_is_repeated_after_5_s() -> None:
    _, said = guided(every_tenth(Reason.NO_FACE, 1.0, 13.0))
    assert [at for at, one in said if isinstance(one, Hindered)] == [1.6, 6.6, 11.6]


def test_three_pictures_are_enough_when_the_person_has_gone() -> None:
    guidance, _ = guided([*((1.0 * number, pose) for number, pose in enumerate(POSES[:3], 1)), (4.0, Reason.NO_FACE)])
    assert not guidance.is_over(12.9)
    assert guidance.is_over(13.1)
    assert guidance.has_enough


def test_two_pictures_are_not_enough() -> None:
    guidance, _ = guided([(1.0, face()), (2.0, face(15.0))])
    assert not guidance.is_over(59.9)
    assert guidance.is_over(60.0)
    assert not guidance.has_enough


def test_passer_by_is_not_kept() -> None:
    guidance, said = guided([(1.0, face()), *every_tenth(face(15.0, person=1), 2.0, 3.0), (3.5, face(15.0))])
    assert [int(np.argmax(probe.embedding)) for probe in guidance.kept] == [0, 0]
    assert Hindered(Reason.OUTLIER) in [one for _, one in said]


def test_next_in_the_queue_takes_no_one_s_place() -> None:
    """Three pictures of a person who has left, and the next one who steps up at once and stays."""
    ada = POSES[:3]
    guidance, _ = guided([(1.0, ada[0]), (2.0, ada[1]), (3.0, ada[2]), *every_tenth(face(person=1), 3.5, 13.5)])
    assert [int(np.argmax(probe.embedding)) for probe in guidance.kept] == [0, 0, 0]
    assert (guidance.is_over(12.9), guidance.is_over(13.0)) == (False, True)


def test_passer_by_who_was_first_gives_way_to_the_person_who_stays() -> None:
    guidance, _ = guided([(1.0, face(person=1)), *every_tenth(face(), 2.0, 6.0)])
    assert [int(np.argmax(probe.embedding)) for probe in guidance.kept] == [0]


faces = st.builds(face, st.floats(-40, 40), st.floats(80, 400), person=st.integers(0, 1), look=st.floats(0, 1))
frames = st.lists(st.tuples(st.floats(0.01, 2.0), st.one_of(faces, st.sampled_from(Reason))), max_size=60)


@given(frames, st.integers(1, 8))
def test_kept_pictures_are_apart_and_of_one_person(steps: list[tuple[float, Probe | Reason]], wanted: int) -> None:
    guidance, at, kept_at = Guidance(wanted, threshold=0.5, began_at=0.0, deadline=60.0).begun(), 0.0, -1.0
    for gap, found in steps:
        at += gap
        before, guidance = guidance, guidance.saw(found, at)
        if guidance.kept and guidance.kept[:-1] == before.kept:
            assert at - kept_at >= 0.7
            kept_at = at
    assert len(guidance.kept) <= wanted
    for number, one in enumerate(guidance.kept[1:], 1):
        assert any(one.embedding @ two.embedding >= 0.5 for two in guidance.kept[:number])
