"""A door that asks for a turn of the head: from the signal to the row in the audit, and who waits after it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from device.access import Access
from device.clock import Stop
from device.door_log import DoorLog
from device.doorway import Doorway, drawn
from device.policy.modes import Pad
from device.policy.turn import Direction
from device.policy.waits import Waits
from device.records import (
    Box,
    Cues,
    DoorCommand,
    Frame,
    PadMode,
    Probe,
    Reason,
    Signal,
    Transaction,
)
from device.vision.following import View
from tests.device.access.world import BADGE, ScriptedAnalyzer, World, probe, swiped

TURN = Pad(PadMode.TURN, can_prompt=True)
TURNED = {Signal.TURN_LEFT: 40.0, Signal.TURN_RIGHT: -40.0}
OTHER = np.array([0.5, np.sqrt(0.75)], np.float32)


def as_shown(signal: Signal | None) -> float:
    return TURNED.get(signal, 0.0) if signal else 0.0


@dataclass
class Person(ScriptedAnalyzer):
    """Who stands there, as an analyzer sees it: turns as `does` says, 0.2 s after the reader shows something."""

    does: Callable[[Signal | None], float] = as_shown
    access: Access | None = None
    yaw: float = 0.0
    is_other: bool = False
    embedded: int = 0
    shown: list[Signal | None] = field(default_factory=lambda: [None, None])

    def follow(self, frame: Frame, view: View) -> Probe | Reason:  # noqa: ARG002
        self.yaw += float(np.clip(self.does(self._shown()) - self.yaw, -12.0, 12.0))
        cues = Cues(self.yaw, 0.0, 2.0, 0.99, 0.3, Box(100, 100, 100, 100))
        if abs(self.yaw) <= 20:
            view.cues = cues
            return replace(probe(1.0), embedding=OTHER) if self.is_other else probe(1.0)
        embedding = OTHER if self.is_other else probe(1.0).embedding
        view.cues = replace(cues, embedding=embedding) if view.embeds_turned else cues
        self.embedded += view.embeds_turned
        return Reason.FACE_TURNED

    def _shown(self) -> Signal | None:
        """What the reader showed two frames ago, or whichever asks of two."""
        prompts = list(self.access.prompts.values()) if self.access else []
        self.shown.append(next((one for one in prompts if one in TURNED), next(iter(prompts), None)))
        return self.shown.pop(0)


@dataclass
class PadDoor:
    """A door with a pad mode, and the person at it."""

    world: World
    person: Person
    doorway: Doorway
    access: Access

    def swipe(self, stop: Stop | None = None) -> Transaction:
        return swiped(self.access, self.world.read(BADGE, "door"), stop)

    def restarted(self) -> None:
        self.doorway = replace(self.doorway, waits=Waits())
        self.access = Access(
            self.doorway, self.world.settings, DoorLog(self.doorway.door, self.doorway.store, self.world.clock)
        )
        self.person.access = self.access


def still(_: Signal | None) -> float:
    return 0.0


@pytest.fixture
def pad_door(world_of: Callable[..., World]) -> PadDoor:
    world, person = world_of(), Person([])
    doorway = replace(world.doorway, pad=TURN, analyzer=person)
    made = PadDoor(world, person, doorway, Access(doorway, world.settings, world.log))
    person.access = made.access
    return made


def test_person_who_turns_as_the_reader_shows_gets_in(pad_door: PadDoor) -> None:
    transaction = pad_door.swipe()
    row = pad_door.world.last_row()
    assert (transaction.decision.reason, pad_door.world.releases) == (Reason.MATCH, 1)
    assert (row.pad, row.turns, row.scene, row.live) == (PadMode.TURN, "turned", None, None)
    assert row.turned is not None
    assert row.turned >= 30.0


def test_picture_that_stays_still_is_refused_with_what_it_did(pad_door: PadDoor) -> None:
    pad_door.person.does = still
    assert pad_door.swipe().decision.reason is Reason.TURN_NOT_MADE
    row = pad_door.world.last_row()
    assert (row.reason, row.turns, row.turned) == (Reason.TURN_NOT_MADE, "too-late too-late", 0.0)
    assert pad_door.world.releases == 0


def test_turned_faces_are_embedded_only_while_a_turn_is_asked_for(pad_door: PadDoor) -> None:
    pad_door.person.does = lambda signal: -30.0 if signal is Signal.LOOK else 0.0
    assert pad_door.swipe().decision.reason is Reason.FACE_TURNED
    assert pad_door.person.embedded == 0


def test_other_head_that_turns_after_the_match_is_refused(pad_door: PadDoor) -> None:
    def swaps(signal: Signal | None) -> float:
        pad_door.person.is_other = signal in TURNED
        return as_shown(signal)

    pad_door.person.does = swaps
    assert not pad_door.swipe().decision.granted
    assert pad_door.world.releases == 0


def test_lockdown_while_the_head_turns_keeps_the_person_out(pad_door: PadDoor) -> None:
    def locks(signal: Signal | None) -> float:
        if signal in TURNED:
            pad_door.world.door.command(DoorCommand.LOCKDOWN)
        return as_shown(signal)

    pad_door.person.does = locks
    assert pad_door.swipe().decision.reason is Reason.DOOR_LOCKDOWN


def test_badge_that_is_revoked_while_the_head_turns_opens_nothing(pad_door: PadDoor) -> None:
    def revokes(signal: Signal | None) -> float:
        if signal in TURNED:
            with pad_door.world.store.people() as people:
                people.revoke(BADGE, pad_door.world.clock.utc())
        return as_shown(signal)

    pad_door.person.does = revokes
    assert pad_door.swipe().decision.reason is Reason.BADGE_REVOKED
    assert pad_door.world.releases == 0


def attacked_twice(pad_door: PadDoor) -> None:
    pad_door.person.does = still
    assert [pad_door.swipe().decision.reason for _ in range(2)] == [Reason.TURN_NOT_MADE] * 2
    pad_door.person.does = as_shown


@pytest.mark.parametrize("is_restarted", [False, True])
def test_next_try_after_two_attacks_waits_30_s(pad_door: PadDoor, is_restarted: bool) -> None:
    attacked_twice(pad_door)
    if is_restarted:
        pad_door.restarted()
    pad_door.world.clock.sleep(29.0)
    assert pad_door.swipe().decision.reason is Reason.WAIT_AFTER_ATTACK
    pad_door.world.clock.sleep(1.2)
    assert pad_door.swipe().decision.reason is Reason.MATCH


def test_grant_ends_the_row_of_attacks(pad_door: PadDoor) -> None:
    attacked_twice(pad_door)
    pad_door.world.clock.sleep(31.0)
    assert pad_door.swipe().decision.granted
    pad_door.person.does = still
    assert pad_door.swipe().decision.reason is Reason.TURN_NOT_MADE
    pad_door.restarted()
    pad_door.person.does = as_shown
    assert pad_door.swipe().decision.granted


def test_one_attack_keeps_no_one_waiting(pad_door: PadDoor) -> None:
    pad_door.person.does = still
    pad_door.swipe()
    pad_door.person.does = as_shown
    assert pad_door.swipe().decision.granted


def test_door_without_a_pad_mode_neither_asks_nor_waits(pad_door: PadDoor) -> None:
    attacked_twice(pad_door)
    pad_door.doorway = replace(pad_door.doorway, pad=Pad())
    pad_door.restarted()
    assert pad_door.swipe().decision.granted
    assert pad_door.world.last_row().pad is None


def test_people_at_two_readers_are_asked_one_after_the_other(pad_door: PadDoor) -> None:
    """The door has one pair of lamps: a second direction would take the place of the first while a head turns."""
    access, stop, shown = pad_door.access, Stop(), list[tuple[Signal, ...]]()
    over = [access.present(pad_door.world.read(BADGE, reader), stop) for reader in ("door", "side")]
    assert over == [None, None]
    granted = list[Transaction]()
    while access.busy:
        granted += access.advance(stop, 0.25)
        turns = tuple(signal for signal in access.prompts.values() if signal in TURNED)
        shown.append(turns)
    assert max(map(len, shown)) == 1
    assert [one.decision.reason for one in granted] == [Reason.MATCH] * 2


def test_both_sides_are_drawn() -> None:
    assert {drawn() for _ in range(64)} == set(Direction)
