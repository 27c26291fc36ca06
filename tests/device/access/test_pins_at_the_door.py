"""PINs at a door: typed beside a face, compared elsewhere, and counted so that a badge can't be guessed at for ever."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from msgspec.structs import replace as changed

from device.access import Access
from device.clock import Stop
from device.credentials import parse_badge
from device.doorway import NotChecked, PinAsking
from device.pin_checking import PinCheckFailed
from device.policy.attempts import LastFailures
from device.policy.modes import Pad
from device.records import Credential, Event, Factor, KeyPress, PadMode, Person, PinAnswer, Reason, Transaction
from tests.device.access.test_turns import Person as Visitor
from tests.device.access.world import BADGE, World, probe

OTHER_BADGE = parse_badge("17:1002")


@dataclass
class FakePins:
    """Knows one PIN, and one for duress; answers at once, or when it is let."""

    is_slow: bool = False
    failure: PinCheckFailed | None = None
    asked: list[str] = field(default_factory=list)
    waiting: list[Callable[[], None]] = field(default_factory=list)

    def ask(self, person: Person, digits: str, then: Callable[[PinAnswer | NotChecked], None]) -> None:
        self.asked.append(digits)
        answer = {"2468": PinAnswer.RIGHT, "9753": PinAnswer.DURESS}.get(digits, PinAnswer.WRONG)
        if person.name != "Ada":
            answer = PinAnswer.ABSENT
        self.waiting.append(lambda: then(self.failure or answer))
        if not self.is_slow:
            self.waiting.pop()()

    def close(self) -> None:
        pass


def door_with(world: World, mode: str, pins: PinAsking | None) -> Access:
    """The world's door in another mode."""
    (door,) = world.settings.doors
    world.settings = changed(world.settings, doors=(changed(door, mode=mode, i_accept_badge_only=mode == "badge"),))
    return world.access_with(replace(world.doorway, pins=pins, failures=LastFailures(-1000.0)))


def typed(world: World, access: Access, keys: str, credential: Credential = BADGE) -> Transaction:
    """A badge, then keys half a second later, until the verdict."""
    stop = Stop()
    over = access.present(world.read(credential), stop)
    world.clock.sleep(0.5)
    for key in keys:
        access.hear(KeyPress(key, world.clock.monotonic(), ""))
        world.clock.sleep(0.1)
    while over is None:
        over = next(iter(access.advance(stop, 0.25)), None)
    return over


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("2468#", Reason.PIN),
        ("9753#", Reason.PIN),
        ("1111#", Reason.PIN_WRONG),
        ("24#", Reason.PIN_WRONG),
        ("24*2468#", Reason.PIN),
        ("2468", Reason.PIN_MISSING),
        ("", Reason.PIN_MISSING),
        ("0" * 100 + "#", Reason.PIN_WRONG),
    ],
)
def test_badge_and_pin_open_the_door_without_a_camera(
    world_of: Callable[..., World], keys: str, reason: Reason
) -> None:
    world = world_of(Reason.NO_FACE)
    over = typed(world, door_with(world, "badge+pin", FakePins()), keys)
    assert (over.decision.reason, world.releases, world.camera.given) == (reason, int(reason is Reason.PIN), [])


def test_duress_is_a_flag_beside_the_same_grant(world_of: Callable[..., World]) -> None:
    found = []
    for keys in ("2468#", "9753#"):
        world = world_of(Reason.NO_FACE)
        over = typed(world, door_with(world, "badge+pin", FakePins()), keys)
        found.append((over.decision.duress, over.decision.reason, over.decision.outcome, over.waited_s, world.releases))
    assert [one[0] for one in found] == [False, True]
    assert found[0][1:] == found[1][1:]


def test_pin_is_asked_once_and_its_answer_waited_for(world_of: Callable[..., World]) -> None:
    world, pins, stop = world_of(Reason.NO_FACE), FakePins(is_slow=True), Stop()
    access = door_with(world, "badge+pin", pins)
    access.present(world.read(), stop)
    for _ in range(3):
        access.hear(KeyPress("2468#", world.clock.monotonic(), ""))
        assert access.advance(stop, 0.25) == ()
    assert pins.asked == ["2468"]
    pins.waiting.pop()()
    (over,) = access.advance(stop, 0.25)
    assert over.decision.reason is Reason.PIN


@pytest.mark.parametrize("reason", [Reason.KEY_MISSING, Reason.STORE_FAULT])
def test_pin_that_cannot_be_compared_is_denied_with_why(world_of: Callable[..., World], reason: Reason) -> None:
    world = world_of(Reason.NO_FACE)
    over = typed(world, door_with(world, "badge+pin", FakePins(failure=PinCheckFailed(reason, "It failed."))), "2468#")
    assert (over.decision.reason, over.fault, world.releases) == (reason, "It failed.", 0)


def test_door_that_compares_no_pins_says_so_at_once(world_of: Callable[..., World]) -> None:
    world = world_of(Reason.NO_FACE)
    assert typed(world, door_with(world, "badge+pin", None), "2468#").decision.reason is Reason.NO_PIN


def test_mode_of_a_badge_alone_grants_at_once(world_of: Callable[..., World]) -> None:
    world = world_of(Reason.NO_FACE)
    over = door_with(world, "badge", None).present(world.read(), Stop())
    assert over is not None
    assert (over.decision.reason, over.waited_s, world.releases) == (Reason.BADGE, 0.0, 1)


def test_either_opens_and_a_refused_face_counts(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.1))
    access, stop = door_with(world, "badge+face-or-pin", FakePins()), Stop()
    access.present(world.read(), stop)
    for _ in range(8):
        assert access.advance(stop, 0.25) == ()
    access.hear(KeyPress("2468#", world.clock.monotonic(), ""))
    (over,) = access.advance(stop, 0.25)
    assert (over.decision.reason, world.releases) == (Reason.PIN, 1)
    with world.store.counters() as counters:
        assert (counters.of(BADGE).face, counters.of(BADGE).pin) == (1, 0)


def test_wrong_pin_beside_a_face_is_counted_before_the_verdict(world_of: Callable[..., World]) -> None:
    """A power cut while the face is still looked at must not undo it."""
    world = world_of(Reason.NO_FACE)
    access, stop = door_with(world, "badge+face-or-pin", FakePins()), Stop()
    access.present(world.read(), stop)
    access.hear(KeyPress("1111#", world.clock.monotonic(), ""))
    assert access.advance(stop, 0.25) == ()
    with world.store.counters() as counters:
        assert counters.of(BADGE).pin == 1
    world.clock.sleep(10.0)
    (over,) = access.advance(stop, 0.25)
    with world.store.counters() as counters:
        assert (over.decision.reason, counters.of(BADGE).pin) == (Reason.PIN_WRONG, 1)


def test_eleventh_pin_is_refused_before_it_is_compared(world_of: Callable[..., World]) -> None:
    world, pins = world_of(Reason.NO_FACE), FakePins()
    access = door_with(world, "badge+pin", pins)
    reasons = [typed(world, access, "1111#").decision.reason for _ in range(10)]
    again = door_with(world, "badge+pin", pins)
    assert (set(reasons), len(pins.asked)) == ({Reason.PIN_WRONG}, 10)
    assert [typed(world, one, "2468#").decision.reason for one in (access, again)] == [Reason.PIN_DISABLED] * 2
    assert (len(pins.asked), world.releases) == (10, 0)


def test_right_pin_after_wrong_ones_clears_them_and_says_so(world_of: Callable[..., World]) -> None:
    world = world_of(Reason.NO_FACE)
    access = door_with(world, "badge+pin", FakePins())
    for keys in ["1111#"] * 9 + ["2468#"] + ["1111#"] * 9 + ["2468#"]:
        over = typed(world, access, keys)
    assert over.decision.granted
    with world.store.audit() as audit:
        rows = [row for row in audit.newest(100) if row.event is Event.TRIES_FAILED]
    assert [row.fault for row in rows] == ["9 failed tries with this badge since its last grant"] * 2


def test_fifth_face_that_fails_makes_the_next_one_wait(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.1))
    access = door_with(world, "badge+face", None)
    reasons = [typed(world, access, "").decision.reason for _ in range(6)]
    assert reasons == [Reason.NON_MATCH] * 5 + [Reason.WAIT_AFTER_FAILURES]
    world.clock.sleep(30.0)
    assert typed(world, access, "").decision.reason is Reason.NON_MATCH


@pytest.mark.parametrize(("is_shown", "before_waiting", "in_all"), [(False, 5, 50), (True, 10, 100)])
def test_limits_of_faces_depend_on_what_the_door_has_shown(
    world_of: Callable[..., World], is_shown: bool, before_waiting: int, in_all: int
) -> None:
    """5 and 50 although the door looks for attacks, 10 and 100 once its own evaluation has shown what that is worth."""
    world, pad = world_of(), Pad(PadMode.PASSIVE, is_shown=is_shown)
    other = Visitor([], is_other=True)
    doorway = replace(world.doorway, pad=pad, failures=LastFailures(-1000.0), analyzer=other)
    access = world.access_with(doorway)
    reasons = [typed(world, access, "").decision.reason for _ in range(before_waiting + 1)]
    assert reasons.count(Reason.WAIT_AFTER_FAILURES) == 1
    with world.store.counters() as counters:
        for _ in range(in_all - 1 - before_waiting):
            counters.decided(BADGE, failed=frozenset({Factor.FACE}))
    world.clock.sleep(1000.0)
    assert typed(world, access, "").decision.reason is not Reason.FACE_DISABLED
    world.clock.sleep(1000.0)
    assert typed(world, access, "").decision.reason is Reason.FACE_DISABLED


def fifty_wrong_faces(world: World, badge: Credential = BADGE) -> None:
    for _ in range(50):
        with world.store.counters() as counters:
            counters.decided(badge, failed=frozenset({Factor.FACE}))


def test_fifty_wrong_faces_disable_the_face_not_the_badge(world_of: Callable[..., World]) -> None:
    world = world_of(probe(1.0))
    fifty_wrong_faces(world)
    assert typed(world, door_with(world, "badge+face", FakePins()), "").decision.reason is Reason.FACE_DISABLED
    over = typed(world, door_with(world, "badge+face-or-pin", FakePins()), "2468#")
    assert (over.decision.reason, over.frames, world.releases) == (Reason.PIN, 0, 1)


def test_no_face_and_bad_pictures_count_for_nothing(world_of: Callable[..., World]) -> None:
    world = world_of(Reason.NO_FACE)
    access = door_with(world, "badge+face", None)
    assert {typed(world, access, "").decision.reason for _ in range(8)} == {Reason.NO_FACE}


def test_another_badge_is_never_slowed(world_of: Callable[..., World]) -> None:
    """Whatever was tried with others, the holder's face is granted after the same time."""
    world = world_of(probe(1.0))
    with world.store.people() as people:
        people.issue(OTHER_BADGE, people.add("Grace", world.clock.utc()), world.clock.utc())
    access = door_with(world, "badge+face", None)
    alone = typed(world, access, "").waited_s
    fifty_wrong_faces(world, OTHER_BADGE)
    for number in range(1000):
        access.present(world.read(parse_badge(f"18:{number}")), Stop())
    refused = access.present(world.read(OTHER_BADGE), Stop())
    over = typed(world, access, "")
    assert refused is not None
    assert refused.decision.reason is Reason.FACE_DISABLED
    assert over.decision.granted
    assert over.waited_s == pytest.approx(alone)


def test_keys_without_a_badge_do_nothing(world_of: Callable[..., World]) -> None:
    world, pins = world_of(Reason.NO_FACE), FakePins()
    access = door_with(world, "badge+pin", pins)
    access.hear(KeyPress("2468#", world.clock.monotonic(), ""))
    assert (access.advance(Stop(), 0.25), pins.asked, world.releases) == ((), [], 0)


def pin_failures(world: World) -> int:
    with world.store.counters() as counters:
        return counters.of(BADGE).pin


def test_two_readers_with_one_badge_allow_no_eleventh_pin(world_of: Callable[..., World]) -> None:
    """The tenth is under comparison at one reader when the badge is presented at the other."""
    world, pins, stop = world_of(Reason.NO_FACE), FakePins(is_slow=True), Stop()
    with world.store.counters() as counters:
        for _ in range(9):
            counters.decided(BADGE, failed=frozenset({Factor.PIN}))
    access = door_with(world, "badge+pin", pins)
    for reader in ("left", "right"):
        access.present(world.read(reader=reader), stop)
    for reader in ("left", "right"):
        access.hear(KeyPress("2468#", world.clock.monotonic(), reader))
    (refused,) = access.advance(stop, 0.25)
    assert (pins.asked, refused.decision.reason, pin_failures(world)) == (["2468"], Reason.PIN_DISABLED, 10)
    pins.waiting.pop()()
    (over,) = access.advance(stop, 0.25)
    assert (over.decision.reason, pin_failures(world)) == (Reason.PIN, 0)


@pytest.mark.parametrize("keys", ["1111#", "2468#"])
def test_pin_whose_answer_is_late_counts_as_wrong(world_of: Callable[..., World], keys: str) -> None:
    """Else a slow comparison is a guess for free; a right one is typed again."""
    world, pins, stop = world_of(Reason.NO_FACE), FakePins(is_slow=True), Stop()
    access = door_with(world, "badge+pin", pins)
    access.present(world.read(), stop)
    world.clock.sleep(14.0)
    access.hear(KeyPress(keys, world.clock.monotonic(), ""))
    world.clock.sleep(3.1)
    (over,) = access.advance(stop, 0.25)
    pins.waiting.pop()()
    access.advance(stop, 0.25)
    assert (over.decision.granted, pin_failures(world)) == (False, 1)


def test_right_pin_beside_a_missing_face_counts_for_nothing(world_of: Callable[..., World]) -> None:
    world = world_of(Reason.NO_FACE)
    over = typed(world, door_with(world, "badge+face+pin", FakePins()), "2468#")
    assert (over.decision.granted, pin_failures(world)) == (False, 0)


def test_holder_who_goes_before_the_pin_ends_lets_no_one_in(world_of: Callable[..., World]) -> None:
    """The face matches, then no one is in view while the right PIN is typed."""
    world = world_of(*[probe(1.0)] * 4, Reason.NO_FACE)
    access, stop = door_with(world, "badge+face+pin", FakePins()), Stop()
    over = access.present(world.read(), stop)
    for key in ("", "", "2", "4", "6", "8", "#"):
        access.hear(KeyPress(key, world.clock.monotonic(), ""))
        for _ in range(10):
            assert access.advance(stop, 0.25) == ()
    while over is None:
        over = next(iter(access.advance(stop, 0.25)), None)
    assert (over.decision.reason, world.releases) == (Reason.NO_FACE, 0)


@pytest.mark.parametrize(
    ("keypad", "at_others", "typed_keys", "reason"),
    [
        ("4-bit", "always", "2468#", Reason.MATCH),
        ("4-bit", "always", "", Reason.PIN_MISSING),
        ("none", "always", "", Reason.NO_KEYPAD),
        ("none", "with-keypad", "", Reason.MATCH),
    ],
)
def test_person_who_looks_alike_types_a_pin_too(
    world_of: Callable[..., World], keypad: str, at_others: str, typed_keys: str, reason: Reason
) -> None:
    world = world_of(probe(1.0))
    with world.store.people() as people:
        people.demand_pin(people.claim(BADGE, "").person, demanded=True)  # type: ignore[union-attr]
    (door,) = world.settings.doors
    readers = (changed(door.readers[0], name="", keypad=keypad),)
    world.settings = changed(world.settings, doors=(changed(door, readers=readers, demanded_pin=at_others),))
    access = world.access_with(replace(world.doorway, pins=FakePins()))
    assert typed(world, access, typed_keys).decision.reason is reason
