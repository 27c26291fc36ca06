"""Laws of a door that looks for presentation attacks, for people and pictures of all kinds, and what they do."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from device.policy.events import DoorChanged, StopRequested, TurnAsked
from device.policy.modes import Pad
from device.records import Decision, DoorState, Evidence, Outcome, PadMode, Presentation, Reason, TurnEnd
from tests.device.policy import attack_oracle
from tests.device.policy.presenters import (
    IN_DOUBT,
    PASSIVE,
    TURN,
    WITH_NETWORK,
    Circumstances,
    Lane,
    Presenter,
    Shown,
    Turning,
    swipe,
)

PADS = [PASSIVE, TURN, WITH_NETWORK, IN_DOUBT, replace(PASSIVE, live_threshold=0.7)]
circumstances = st.builds(
    Circumstances,
    sides=st.sampled_from(["LR", "RL", "LL", "RR"]),
    fps=st.sampled_from([8.0, 15.0, 30.0]),
    is_first_use=st.booleans(),
)
looks = st.builds(
    Shown,
    similarity=st.sampled_from([0.99, 0.99, 0.99, 0.99, 0.5]),
    live=st.sampled_from([0.95, 0.95, 0.8, 0.6, 0.1]),
    scene=st.sampled_from([None, 0.9, 0.9, 0.7, 0.5]),
)
turners = st.builds(
    Turning,
    st.just(Shown(live=0.95, scene=0.9)) | looks,
    to=st.sampled_from([40.0, 40.0, 33.0, 28.0, 15.0, 60.0]),
    after_s=st.sampled_from([0.35, 0.2, 0.8, 0.05]),
    take_s=st.sampled_from([0.4, 0.25, 0.1, 0.9]),
    which=st.sampled_from(["", "", "", "L"]),
)
ODD = [
    {},
    {"similarity": 0.5},
    {"similarity": 0.86},
    {"found": Reason.SEVERAL_FACES},
    {"found": Reason.NO_FACE},
    {"found": Reason.FACE_BLURRED},
    {"x": 160.0},
    {"share": 0.1},
    {"yaw": 40.0},
    {"yaw": -12.0},
    {"live": 0.1},
]
moments = st.lists(st.tuples(st.floats(0.1, 3.0), st.floats(0.05, 0.8), st.sampled_from(ODD)), max_size=3)


def disturbed(presenter: Presenter, what: list[tuple[float, float, dict[str, object]]]) -> Presenter:
    """The same, with something else before the camera from some moments on for some time."""

    def present(at: float, asked: TurnAsked | None) -> Shown:
        shown = presenter(at, asked)
        for begin, lasts_s, how in what:
            if begin <= at < begin + lasts_s:
                shown = replace(shown, **how)  # type: ignore[arg-type]
        return shown

    return present


def is_granted(lane: Lane) -> bool:
    return lane.reason == "match"


def test_face_that_was_out_of_sight_for_a_turn_is_asked_again() -> None:
    """It comes back turned, is matched anew, and makes the second turn: that grant rests on what came after."""
    turner = Turning(Shown(yaw=0.0, pitch=-5.0), to=40.0, after_s=0.35, take_s=0.4)
    away: list[tuple[float, float, dict[str, object]]] = [(0.5, 0.5, {"found": Reason.NO_FACE})]
    lane = swipe(disturbed(turner, away), Pad(PadMode.TURN, can_prompt=True), Circumstances("LR", 8.0))
    assert is_granted(lane)
    assert attack_oracle.objections(lane) == []


@settings(max_examples=250, deadline=None)
@given(turners, moments, st.sampled_from(PADS), circumstances)
def test_every_grant_has_its_evidence(
    turner: Turning, what: list[tuple[float, float, dict[str, object]]], pad: Pad, how: Circumstances
) -> None:
    lane = swipe(disturbed(turner, what), pad, how)
    assert lane.reason is not None
    if is_granted(lane):
        assert attack_oracle.objections(lane) == []


live = st.builds(
    Turning,
    st.builds(
        Shown, yaw=st.floats(-10, 10), pitch=st.floats(-20, 10), live=st.floats(0.75, 1), scene=st.floats(0.6, 1)
    ),
    to=st.floats(32, 55),
    after_s=st.floats(0.2, 0.9),
    take_s=st.floats(0.3, 0.7),
)


@settings(max_examples=60, deadline=None)
@given(live, st.sampled_from(PADS), st.sampled_from(["LR", "RL"]), st.sampled_from([10.0, 15.0, 30.0]))
def test_person_who_does_as_asked_gets_in(person: Turning, pad: Pad, sides: str, fps: float) -> None:
    lane = swipe(person, pad, Circumstances(sides=sides, fps=fps))
    assert (lane.reason, len(lane.asked) <= 1, lane.took_s < 3.2) == ("match", True, True)


@settings(max_examples=100, deadline=None)
@given(st.floats(-24.9, 24.9), st.floats(0.05, 1.5), st.floats(0.1, 1.0), circumstances)
def test_print_that_turns_less_than_25_degrees_never_gets_in(
    to: float, after_s: float, take_s: float, how: Circumstances
) -> None:
    picture = Turning(Shown(live=0.99, scene=0.99), to=to, after_s=after_s, take_s=take_s)
    assert not is_granted(swipe(picture, WITH_NETWORK, how))


PRINT = [Shown(yaw=float(yaw), live=0.99) for yaw in range(-12, 13, 3)]
OWN_HEAD = [
    Shown(yaw=float(yaw), similarity=0.5, live=0.99) for yaw in (-60, -40, -36, -30, -15, 0, 15, 30, 36, 40, 60)
]
BLURRED = [Shown(yaw=float(yaw), found=Reason.FACE_BLURRED) for yaw in (-40, -30, 0, 30, 40)]
held_up = st.sampled_from([*PRINT, *PRINT, *OWN_HEAD, *BLURRED, Shown(found=Reason.NO_FACE)])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(held_up, st.integers(1, 5)), min_size=5, max_size=60), circumstances)
def test_print_and_own_head_in_turns_never_get_in(shown: list[tuple[Shown, int]], how: Circumstances) -> None:
    """The print that matches, turned as far as a flat one shows; the attacker's head, turned at will; and blur."""
    frames = [one for one, times in shown for _ in range(times)]

    def present(at: float, _: TurnAsked | None) -> Shown:
        return frames[min(round(at * how.fps), len(frames) - 1)]

    assert not is_granted(swipe(present, TURN, how))


@settings(max_examples=60, deadline=None)
@given(turners, moments, st.sampled_from(PADS), st.sampled_from([6.0, 15.0]))
def test_transaction_ends_within_16_s(
    turner: Turning, what: list[tuple[float, float, dict[str, object]]], pad: Pad, fps: float
) -> None:
    lane = swipe(disturbed(turner, what), pad, Circumstances(fps=fps))
    assert lane.took_s < 16.2
    assert len(lane.asked) <= 2
    assert lane.showing.comparisons.made <= 5


@settings(max_examples=60, deadline=None)
@given(turners, st.floats(0.03, 3.0), st.sampled_from([DoorState.LOCKDOWN, DoorState.FAULT, None]))
def test_nothing_is_granted_after_a_lockdown_or_a_request_to_stop(
    turner: Turning, at_s: float, state: DoorState | None
) -> None:
    event = StopRequested(0.0) if state is None else DoorChanged(0.0, state)
    lane = swipe(turner, TURN, Circumstances(meanwhile=lambda at: event if at >= at_s else None))
    assert not is_granted(lane) or lane.took_s < at_s + 0.1


presentations = st.builds(
    Presentation,
    scene=st.none() | st.floats(0, 1),
    live=st.none() | st.floats(0, 1),
    live_threshold=st.none() | st.just(0.7),
    turns=st.lists(st.sampled_from(TurnEnd), max_size=2).map(tuple),
    is_turned=st.booleans(),
    is_sure=st.booleans(),
)


@given(presentations, st.sampled_from(PadMode))
def test_grant_without_what_the_mode_demands_is_impossible(seen: Presentation, mode: PadMode) -> None:
    """Whatever the similarity: the verdict on a presentation is one of its own."""
    evidence = Evidence(1.0, 0.9, 3, 1)
    try:
        is_built = Decision(Reason.MATCH, Outcome.GRANTED, evidence, pad=mode, presentation=seen).granted
    except ValueError:
        is_built = False
    is_picture = (seen.scene is not None and seen.scene < 0.6) or (
        seen.live_threshold is not None and (seen.live is None or seen.live < 0.7)
    )
    lacks_turn = not seen.is_turned and (mode is PadMode.TURN or (mode is PadMode.TURN_IN_DOUBT and not seen.is_sure))
    assert is_built is (mode is PadMode.OFF or not (is_picture or lacks_turn))


@given(presentations)
def test_each_mode_demands_what_the_one_before_does(seen: Presentation) -> None:
    met = [seen.meets(mode) for mode in (PadMode.TURN, PadMode.TURN_IN_DOUBT, PadMode.PASSIVE, PadMode.OFF)]
    assert met == sorted(met)
    assert met[3]
