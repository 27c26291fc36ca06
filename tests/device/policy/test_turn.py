"""A turn of the head counts if it is made as asked, when asked, by the person who is claimed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.turn import Direction, Turn, TurnSeen
from device.records import TurnEnd


def asked(direction: Direction = Direction.LEFT, *, frontal: float = 0.0) -> Turn:
    return Turn(direction, frontal, prompted_at=10.0)


def seen(after_s: float, yaw: float | None, similarity: float | None) -> TurnSeen:
    return TurnSeen(10.0 + after_s, yaw, None if similarity is None else similarity >= 0.927)


def after(turn: Turn, *frames: tuple[float, float | None, float | None]) -> Turn:
    """Frames as (seconds after the prompt, yaw, similarity, which has to reach 0.927)."""
    for after_s, yaw, similarity in frames:
        turn = turn.saw(seen(after_s, yaw, similarity))
    return turn


def sweep(
    to: float, *, start_s: float = 0.3, take_s: float = 0.4, similarity: float | None = 0.95, rate: float = 15.0
) -> list[tuple[float, float | None, float | None]]:
    """A head that turns evenly to `to` degrees from `start_s` on, seen `rate` times a second for 2 s."""
    frames: list[tuple[float, float | None, float | None]] = []
    for number in range(1, round(2.0 * rate) + 1):
        at = number / rate
        share = min(1.0, max(0.0, (at - start_s) / take_s))
        frames.append((at, to * share, similarity))
    return frames


@pytest.mark.parametrize(("direction", "to"), [(Direction.LEFT, 35.0), (Direction.RIGHT, -35.0)])
def test_person_who_turns_as_asked_is_live(direction: Direction, to: float) -> None:
    assert after(asked(direction), *sweep(to)).end is TurnEnd.TURNED


@pytest.mark.parametrize(("to", "end"), [(29.9, None), (30.0, TurnEnd.TURNED)])
def test_without_a_network_30_degrees_are_needed(to: float, end: TurnEnd | None) -> None:
    assert after(asked(), *sweep(to)).end is end


def test_with_a_network_25_degrees_are_enough() -> None:
    turn = Turn(Direction.LEFT, 0.0, prompted_at=10.0, needed=25.0)
    assert after(turn, *sweep(25.0)).end is TurnEnd.TURNED


def test_turn_is_relative_to_the_persons_own_view() -> None:
    assert after(asked(frontal=-4.0), *sweep(26.1)).end is TurnEnd.TURNED
    assert after(asked(frontal=4.0), *sweep(33.9)).end is None


@pytest.mark.parametrize(("frontal", "to", "end"), [(-12, 19.9, None), (-12, 20, TurnEnd.TURNED), (-40, 7, None)])
def test_turn_goes_20_degrees_away_from_the_camera_too(frontal: float, to: float, end: TurnEnd | None) -> None:
    """A head that was turned when it was matched, and comes back to the front, shows 40 degrees."""
    swept = [(at, frontal + share * (to - frontal), 0.95) for at, share, _ in sweep(1.0) if share is not None]
    assert after(asked(frontal=frontal), *swept).end is end


def test_turn_the_other_way_is_refused_beyond_10_degrees() -> None:
    assert after(asked(), (0.5, -10.0, 0.95)).end is TurnEnd.LOST
    assert after(asked(), (0.2, 0.0, 0.95), (0.4, -10.0, 0.95)).end is None
    assert after(asked(), (0.2, 0.0, 0.95), (0.4, -10.1, 0.95)).end is TurnEnd.OTHER_WAY


@pytest.mark.parametrize("yaw", [6.1, -6.1])
def test_face_that_turns_within_0_15_s_was_turning_already(yaw: float) -> None:
    assert after(asked(), (0.14, yaw, 0.95)).end is TurnEnd.TOO_SOON
    assert after(asked(), (0.15, yaw, 0.95)).end is None


def test_turn_has_2_s() -> None:
    slow = [(number / 10, 15.0, 0.95) for number in range(2, 20)]
    assert after(asked(), *slow, (2.0, 31.0, 0.95)).end is TurnEnd.TURNED
    assert after(asked(), *slow, (2.01, 31.0, 0.95)).end is TurnEnd.TOO_LATE
    assert after(asked(), *slow).passed_by(12.01).end is TurnEnd.TOO_LATE


def test_face_out_of_sight_for_more_than_0_25_s_is_lost() -> None:
    assert after(asked(), (0.25, 0.0, 0.95), (0.5, 5.0, 0.95)).end is None
    assert after(asked(), (0.25, 0.0, 0.95), (0.51, 5.0, 0.95)).end is TurnEnd.LOST
    assert after(asked(), (0.2, 0.0, 0.95), (0.4, None, None), (0.46, 9.0, 0.95)).end is TurnEnd.LOST


def test_frame_that_does_not_match_the_claim_ends_it() -> None:
    frames = sweep(40.0)
    spoilt = [(at, yaw, 0.926 if number == 6 else similarity) for number, (at, yaw, similarity) in enumerate(frames)]
    assert after(asked(), *spoilt).end is TurnEnd.OTHER_PERSON


def test_frames_beyond_35_degrees_are_not_compared() -> None:
    steps = [(0.2, 0.0, 0.95), (0.4, 25.0, 0.95), (0.6, 36.0, 0.1)]
    assert after(asked(), *steps).end is None
    assert after(asked(), *steps, (0.8, 30.0, 0.95)).end is TurnEnd.TURNED


def test_head_that_is_turned_in_one_step_beside_a_print_does_not_pass() -> None:
    """The print is matched, then another head is there, turned too far to be compared; on its way back it is."""
    swapped = [(0.1, 0.0, 0.95), (0.2, 0.0, 0.95), (0.4, 40.0, 0.1), (0.6, 40.0, 0.1)]
    assert after(asked(), *swapped).end is None
    assert after(asked(), *swapped, (0.8, 30.0, 0.1)).end is TurnEnd.OTHER_PERSON
    assert after(asked(), *swapped, *((0.8 + 0.2 * n, 40.0, 0.1) for n in range(8))).end is TurnEnd.TOO_LATE


def test_print_turned_before_another_head_is_there_does_not_pass() -> None:
    """It was held obliquely for the match, so that it shows 29 degrees the asked way; then a head turned by 40."""
    steps = [(0.1, 0.0, 0.95), (0.3, 12.0, 0.95), (0.5, 29.0, 0.95)]
    others = [(0.7 + 0.2 * n, 40.0, None) for n in range(8)]
    assert after(asked(), *steps, *others).end is TurnEnd.TOO_LATE
    beside_network = Turn(Direction.LEFT, 0.0, prompted_at=10.0, needed=25.0)
    assert after(beside_network, *steps[:2], (0.5, 24.0, 0.95), *others).end is TurnEnd.TOO_LATE


def test_frame_beyond_35_degrees_that_matches_counts() -> None:
    steps = [(0.2, 0.0, 0.95), (0.4, 20.0, 0.95), (0.6, 42.0, 0.926)]
    assert after(asked(), *steps).end is None
    assert after(asked(), *steps, (0.7, 42.0, 0.927)).end is TurnEnd.TURNED


def test_head_that_passed_too_fast_is_compared_on_its_way_back() -> None:
    steps = [(0.2, 0.0, 0.95), (0.4, 29.9, 0.95), (0.6, 40.0, 0.1)]
    assert after(asked(), *steps).end is None
    assert after(asked(), *steps, (0.8, 30.0, 0.95)).end is TurnEnd.TURNED


def test_frames_that_cannot_be_compared_may_take_half_a_second() -> None:
    """They are blurred by the turn; then at least one that shows it has to be good."""
    blurred = [(0.2 * n, 5.0 * n, None) for n in (2, 3)]
    assert after(asked(), *sweep(40.0, similarity=None)).end is TurnEnd.LOST
    assert after(asked(), (0.1, 0.0, 0.95), (0.2, 0.0, 0.95), *blurred, (0.7, 31.0, 0.95)).end is TurnEnd.TURNED
    assert after(asked(), (0.1, 0.0, 0.95), *blurred, (0.61, 20.0, None)).end is TurnEnd.LOST
    assert after(asked(), (0.2, 0.0, 0.95), (0.3, 0.0, 0.95), (0.5, 31.0, None)).end is None


@pytest.mark.parametrize("degrees", [6.0, 10.0, 24.0])
def test_turned_print_does_not_pass(degrees: float) -> None:
    """A flat print turned by 80 degrees shows 0.06 to 0.17 of that, a bent one 0.3."""
    assert after(asked(), *sweep(degrees)).passed_by(12.1).end is TurnEnd.TOO_LATE


def test_frames_from_before_the_prompt_change_nothing() -> None:
    turn = asked()
    assert turn.saw(TurnSeen(9.99, 40.0, matches=False)) == turn


frames = st.tuples(st.floats(0.01, 0.3), st.none() | st.floats(-90, 90), st.none() | st.floats(-1, 1))


@given(st.sampled_from(Direction), st.lists(frames, max_size=40))
def test_no_turn_passes_without_what_it_needs(
    direction: Direction, steps: list[tuple[float, float | None, float | None]]
) -> None:
    turn, at, judged = asked(direction), 0.0, list[tuple[float, float | None]]()
    for gap, yaw, similarity in steps:
        at += gap
        turn = turn.saw(seen(at, yaw, similarity))
        if yaw is not None:
            judged.append((yaw * direction.value, similarity))
        if turn.end is not None:
            break
    if turn.end is TurnEnd.TURNED:
        assert at <= 2.0
        assert max(degrees for degrees, _ in judged) >= 30.0
        assert min(degrees for degrees, _ in judged) >= -10.0
        near = [similarity for degrees, similarity in judged if abs(degrees) <= 35.0 and similarity is not None]
        assert min(near, default=1.0) >= 0.927
        matching = [degrees for degrees, similarity in judged if similarity is not None and similarity >= 0.927]
        assert len(matching) >= 2
        assert max(matching) >= 30.0


@given(st.sampled_from(Direction), st.lists(frames, max_size=40))
def test_turn_that_has_ended_stays_as_it_is(
    direction: Direction, steps: list[tuple[float, float | None, float | None]]
) -> None:
    turn, at = asked(direction), 0.0
    for gap, yaw, similarity in steps:
        at += gap
        before, turn = turn, turn.saw(seen(at, yaw, similarity))
        assert before.end is None or turn == before
