"""A door that looks for presentation attacks: who gets in, who does not, with which reason and how soon."""

from dataclasses import replace

import pytest

from device.policy.events import DoorChanged, ShowingEvent, StopRequested, TurnAsked
from device.policy.modes import Pad
from device.records import BadgeRead, Credential, DoorState, Reason, TurnEnd
from tests.device.policy.presenters import (
    IN_DOUBT,
    PASSIVE,
    TURN,
    WITH_NETWORK,
    Circumstances,
    Presenter,
    Shown,
    Turning,
    still,
    swipe,
    then,
)

LIVE, OTHER = Shown(live=0.95, scene=0.9), Shown(similarity=0.5, live=0.95, scene=0.9)
UNKNOWN = Shown()
"""Nothing but the mesh looks."""


def test_swipe_without_a_turn_ends_within_a_second() -> None:
    lane = swipe(still(UNKNOWN), PASSIVE)
    assert (lane.reason, lane.took_s < 1.0, lane.asked) == ("match", True, [])


@pytest.mark.parametrize("sides", ["L", "R"])
@pytest.mark.parametrize(("pad", "shown"), [(TURN, UNKNOWN), (WITH_NETWORK, LIVE)])
def test_person_who_turns_as_asked_gets_in_within_3_s(sides: str, pad: Pad, shown: Shown) -> None:
    lane = swipe(Turning(shown), pad, Circumstances(sides=sides))
    assert (lane.reason, lane.took_s < 3.0, len(lane.asked)) == ("match", True, 1)


def test_person_who_stands_beside_the_camera_turns_from_there() -> None:
    assert swipe(Turning(replace(UNKNOWN, yaw=12.0, pitch=-18.0)), TURN, Circumstances(sides="L")).reason == "match"
    assert swipe(Turning(replace(UNKNOWN, yaw=12.0, pitch=-18.0)), TURN, Circumstances(sides="R")).reason == "match"


PICTURES: dict[str, Presenter] = {
    "still print": still(UNKNOWN),
    "print that is turned": Turning(UNKNOWN, to=14.0),
    "bent print that is turned": Turning(UNKNOWN, to=24.0),
    "print that turns away quickly": Turning(UNKNOWN, to=29.0, take_s=0.1),
    "recording that turns left, right after": Turning(UNKNOWN, which="L", after_s=0.1),
    "recording that turns all the time": lambda at, _: replace(UNKNOWN, yaw=40.0 * abs((at * 0.5) % 2 - 1)),
}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES.keys())
def test_picture_that_does_not_turn_as_asked_is_refused(picture: Presenter) -> None:
    lane = swipe(picture, TURN, Circumstances(sides="R"))
    assert lane.reason in {"turn-not-made", "face-turned", "face-too-brief"}


def test_still_print_is_refused_after_two_turns() -> None:
    lane = swipe(still(UNKNOWN), TURN)
    assert (lane.reason, len(lane.asked), lane.took_s < 8.0) == ("turn-not-made", 2, True)


def test_turn_that_was_not_made_in_time_keeps_the_similarity() -> None:
    """Held still for the first turn, then shaken, so that it is never asked again."""
    lane = swipe(lambda at, _: replace(UNKNOWN, yaw=0.0 if at < 1.5 else 6.0 * (-1) ** int(at * 15)), TURN)
    assert (lane.reason, len(lane.asked)) == ("turn-not-made", 1)
    assert lane.showing.verdict is not None
    assert lane.showing.verdict.evidence is not None


def test_turn_that_came_too_late_may_be_made_once_more() -> None:
    first = Turning(UNKNOWN, after_s=2.3)
    lane = swipe(lambda at, asked: first(at, asked) if at < 4.5 else Turning(UNKNOWN)(at, asked), TURN)
    assert (lane.reason, len(lane.asked)) == ("match", 2)


def test_own_head_beside_another_persons_print_is_refused() -> None:
    """The print matches; then its holder's own head is there, and turns as asked."""
    for_the_turn = Turning(OTHER)
    lane = swipe(lambda at, asked: UNKNOWN if asked is None else for_the_turn(at, asked), TURN)
    assert lane.reason != "match"


@pytest.mark.parametrize("after_s", [0.1, 0.2, 0.3, 0.4, 0.5, 0.7])
def test_head_swapped_in_at_any_moment_of_the_turn_is_refused(after_s: float) -> None:
    """Turned so far already that no frame of it is compared on the way there."""

    def present(at: float, asked: TurnAsked | None) -> Shown:
        if asked is None or at - (asked.at - 100.0) < after_s:
            return UNKNOWN
        return replace(OTHER, yaw=asked.direction.value * 40.0)

    assert swipe(present, TURN).reason != "match"


def test_person_who_takes_the_place_between_match_and_turn_is_refused() -> None:
    waiting = Turning(LIVE)
    lane = swipe(lambda at, asked: waiting(at, asked) if at < 0.6 else OTHER, WITH_NETWORK)
    assert lane.reason != "match"


INTERRUPTIONS: dict[str, Shown] = {
    "second face": replace(UNKNOWN, found=Reason.SEVERAL_FACES),
    "face that jumps": replace(UNKNOWN, x=160.0),
    "picture that hangs turned": replace(UNKNOWN, found=Reason.PICTURE_TURNED),
}


@pytest.mark.parametrize("shown", INTERRUPTIONS.values(), ids=INTERRUPTIONS.keys())
def test_turn_on_a_track_that_broke_counts_for_nothing(shown: Shown) -> None:
    """One frame of it while the head turns: what matched has to match again, and to turn again."""
    turned = Turning(UNKNOWN)
    at_once: list[float] = []

    def present(at: float, asked: TurnAsked | None) -> Shown:
        if asked is not None and not at_once and at - (asked.at - 100.0) > 0.3:
            at_once.append(at)
            return shown
        return turned(at, asked)

    lane = swipe(present, TURN)
    assert (len(lane.asked), lane.showing.comparisons.tracks) == (2, 2)


def test_face_out_of_sight_for_a_moment_during_the_turn_gets_in() -> None:
    turned = Turning(UNKNOWN)

    def present(at: float, asked: TurnAsked | None) -> Shown:
        away = asked is not None and 0.32 < at - (asked.at - 100.0) < 0.45
        return replace(UNKNOWN, found=Reason.NO_FACE) if away else turned(at, asked)

    assert swipe(present, TURN).reason == "match"


def test_face_out_of_sight_between_match_and_turn_has_to_match_again() -> None:
    gone = replace(LIVE, found=Reason.NO_FACE)
    lane = swipe(then(still(LIVE), 0.6, then(still(gone), 0.7, Turning(LIVE))), WITH_NETWORK)
    assert (lane.reason, lane.showing.comparisons.tracks) == ("match", 2)


@pytest.mark.parametrize(
    ("scene", "reason"), [(0.9, "match"), (0.60, "match"), (0.599, "presentation-attack"), (None, "match")]
)
def test_scene_is_seen_beside_the_head(scene: float | None, reason: str) -> None:
    lane = swipe(still(replace(UNKNOWN, scene=scene)), PASSIVE)
    assert (lane.reason, lane.took_s < 1.3) == (reason, True)


def test_few_frames_with_another_scene_accuse_no_one() -> None:
    lane = swipe(then(still(replace(UNKNOWN, scene=0.2)), 0.4, still(replace(UNKNOWN, scene=0.9))), PASSIVE)
    assert lane.reason == "match"


@pytest.mark.parametrize(
    ("live", "reason", "least_s", "most_s"),
    [
        (0.70, "match", 1.0, 1.2),
        (0.69, "presentation-attack", 3.0, 3.2),
        (0.30, "presentation-attack", 3.0, 3.2),
        (0.29, "presentation-attack", 1.0, 1.2),
    ],
)
def test_network_judges_the_mean_of_a_second_and_in_doubt_of_three(
    live: float, reason: str, least_s: float, most_s: float
) -> None:
    lane = swipe(still(replace(UNKNOWN, live=live)), replace(PASSIVE, live_threshold=0.7))
    assert lane.reason == reason
    assert least_s <= lane.took_s <= most_s


def test_one_good_moment_in_doubt_decides_nothing() -> None:
    """The mean rises above the threshold after 1.5 s, and is below it in the end."""
    doubtful, good = still(replace(UNKNOWN, live=0.6)), still(replace(UNKNOWN, live=1.0))
    presenter = then(doubtful, 1.1, then(good, 1.9, still(replace(UNKNOWN, live=0.4))))
    assert swipe(presenter, replace(PASSIVE, live_threshold=0.7)).reason == "presentation-attack"


def test_network_looks_during_the_turn_too() -> None:
    """A screen that shows a live-looking face at first: its mean falls below the threshold."""

    def present(at: float, asked: TurnAsked | None) -> Shown:
        return replace(Turning(LIVE)(at, asked), live=0.72 if asked is None else 0.2)

    assert swipe(present, WITH_NETWORK).reason == "presentation-attack"


def test_turn_does_not_count_for_a_track_that_came_after_it() -> None:
    """Made, but the network was in doubt; then another track begins."""

    def present(at: float, asked: TurnAsked | None) -> Shown:
        after_s = 0.0 if asked is None else at - (asked.at - 100.0)
        turned = replace(Turning(LIVE)(at, asked), live=0.72 if asked is None else 0.6)
        return turned if after_s < 1.2 else replace(LIVE, x=300.0)

    lane = swipe(present, WITH_NETWORK)
    assert (lane.reason, len(lane.asked)) == ("turn-not-made", 2)


def test_with_a_network_25_degrees_are_enough_and_30_without() -> None:
    assert swipe(Turning(LIVE, to=25.0), WITH_NETWORK).reason == "match"
    assert swipe(Turning(LIVE, to=24.9), WITH_NETWORK).reason == "turn-not-made"
    assert swipe(Turning(UNKNOWN, to=30.0), TURN).reason == "match"
    assert swipe(Turning(UNKNOWN, to=29.9), TURN).reason == "turn-not-made"


GEOMETRY: dict[str, tuple[Shown, str]] = {
    "too far away": (replace(UNKNOWN, share=0.159), "face-too-small"),
    "too near": (replace(UNKNOWN, crop=1.19), "face-too-close"),
}


@pytest.mark.parametrize(("shown", "reason"), GEOMETRY.values(), ids=GEOMETRY.keys())
def test_face_that_can_not_be_judged_gets_a_sentence_and_no_verdict(shown: Shown, reason: str) -> None:
    lane = swipe(still(shown), TURN)
    assert (lane.reason, lane.asked, lane.took_s >= 6.0) == (reason, [], True)


@pytest.mark.parametrize("pad", [PASSIVE, TURN, WITH_NETWORK])
def test_face_without_cues_is_never_let_in(pad: Pad) -> None:
    """An analyzer that does not look for presentation attacks can't vouch for anyone."""
    assert swipe(still(replace(UNKNOWN, has_cues=False)), pad).reason == "face-unclear"


def test_passive_door_takes_faces_from_as_far_away_as_before() -> None:
    assert swipe(still(replace(UNKNOWN, share=0.1)), PASSIVE).reason == "match"


@pytest.mark.parametrize(
    ("shown", "is_first_use", "turns"),
    [
        (LIVE, False, 0),
        (LIVE, True, 1),
        (replace(LIVE, scene=0.74), False, 1),
        (replace(LIVE, scene=None), False, 1),
        (replace(LIVE, live=0.89), False, 1),
        (replace(LIVE, crop=1.49), False, 1),
    ],
)
def test_turn_is_asked_for_in_doubt_alone(shown: Shown, is_first_use: bool, turns: int) -> None:
    lane = swipe(Turning(shown), IN_DOUBT, Circumstances(is_first_use=is_first_use))
    assert (lane.reason, len(lane.asked)) == ("match", turns)


def test_doubt_of_the_first_second_does_not_go_by_fidgeting() -> None:
    """The first mean is below 0.90, and a later one above it; a face that is not still is not asked to turn."""

    def present(at: float, _asked: TurnAsked | None) -> Shown:
        return replace(LIVE, live=0.86 if at < 1.3 else 1.0, yaw=0.0 if at < 0.4 else 6.0 * (-1) ** int(at * 15))

    assert swipe(present, IN_DOUBT).reason != "match"


def test_network_does_not_forgive_a_turn_that_was_not_made() -> None:
    """A still print: the network's mean is below 0.90 at first, and above it once the turn was not made."""

    def present(_at: float, asked: TurnAsked | None) -> Shown:
        return replace(LIVE, live=0.85 if asked is None else 0.99)

    lane = swipe(present, IN_DOUBT)
    assert (lane.reason, len(lane.asked)) == ("turn-not-made", 2)


def at_the_turn(event: ShowingEvent) -> Circumstances:
    """It happens 0.5 s after the badge, while the turn is under way."""
    return Circumstances(meanwhile=lambda at: event if 0.5 < at < 0.57 else None)


def test_lockdown_during_the_turn_keeps_the_person_out() -> None:
    lane = swipe(Turning(UNKNOWN), TURN, at_the_turn(DoorChanged(0.0, DoorState.LOCKDOWN)))
    assert lane.reason == "door-lockdown"


def test_request_to_stop_during_the_turn_keeps_the_person_out() -> None:
    assert swipe(Turning(UNKNOWN), TURN, at_the_turn(StopRequested(0.0))).reason == "stopping"


def test_other_badge_during_the_turn_changes_nothing() -> None:
    other = BadgeRead(Credential("h10301", 17, 9), 0.0, "outside")
    lane = swipe(Turning(UNKNOWN), TURN, at_the_turn(other))
    assert (lane.reason, lane.showing.badge.credential) == ("match", Credential("h10301", 17, 1001))


@pytest.mark.parametrize(("comes_s", "reason"), [(5.6, "match"), (5.95, "face-too-brief")])
def test_time_out_leaves_room_for_the_turn(comes_s: float, reason: str) -> None:
    """Of 6 s; the face has to match within them."""
    away = still(replace(UNKNOWN, found=Reason.NO_FACE))
    lane = swipe(then(away, comes_s, Turning(UNKNOWN)), TURN)
    assert (lane.reason, lane.took_s < 8.5) == (reason, True)


def test_turn_that_no_one_asked_for_counts_for_nothing() -> None:
    lane = swipe(lambda at, _: replace(UNKNOWN, yaw=40.0 if 0.3 < at < 0.9 else 0.0), TURN)
    assert lane.reason == "turn-not-made"


def test_try_after_two_attacks_has_to_wait() -> None:
    lane = swipe(Turning(UNKNOWN), TURN, Circumstances(has_to_wait=True))
    assert (lane.reason, lane.took_s < 0.1) == ("wait-after-attack", True)


def test_what_was_seen_stays_with_the_verdict() -> None:
    verdict = swipe(then(still(LIVE), 9.0, still(LIVE)), WITH_NETWORK).showing.verdict
    assert verdict is not None
    seen = verdict.presentation
    assert seen.scene == 0.9
    assert seen.live == pytest.approx(0.95)
    assert seen.turns == (TurnEnd.TOO_LATE, TurnEnd.TOO_LATE)
    assert verdict.evidence is not None
