"""Random walks through all parts of one door at once, from a seed: it opens only for who showed all that is demanded,
it never keeps anyone in, and it refuses no one for a passage that was not made.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from device.access import Access
from device.clock import Stop
from device.credentials import parse_badge
from device.door.operation import Door
from device.door_log import DoorLog
from device.door_rules import DoorRules
from device.pin_checking import PinChecksInTurn
from device.records import (
    BadgeRead,
    Credential,
    DoorCommand,
    DoorInput,
    DoorState,
    InputChanged,
    KeyPress,
    Line,
    Reason,
    Transaction,
)
from device.settings.areas import AreaSettings, CustodySettings
from device.settings.tables import DoorSettings, InputSettings, ReaderSettings, Settings
from device.store.pins import Cost, hashed
from device.virtual.pins import SimulatedPins
from device.way_out import BadgeLookup, WayOut
from device.whereabouts import Whereabouts
from tests.device.access.world import BADGE, MODEL, REFERENCE, World, probe, world_in
from tests.device.doors import open_door

MODES = ("badge+face", "badge+pin", "badge+face+pin", "badge+face-or-pin")
BADGES = (BADGE, *(parse_badge(f"17:{2000 + number}") for number in range(3)))
ENROLLED = 3
"""So many of them have references, and all have the PIN."""
PIN = "4711"
QUICK = Cost(64, 1)
STEPS = 60


@dataclass
class Walk:
    """A door with all its parts, and what a bystander knows of it."""

    random: random.Random
    world: World
    settings: Settings
    door: Door
    log: DoorLog
    access: Access
    way_out: WayOut
    missing: list[str]
    revoked: set[Credential] = field(default_factory=set)
    inside: set[Credential] = field(default_factory=set)
    """Who may be inside: each who was granted and has not left since."""
    waits: set[Credential] = field(default_factory=set)
    """Firsts of two."""
    line: Line = Line.QUIET

    @property
    def chosen(self) -> DoorSettings:
        return self.settings.doors[0]

    def step(self) -> None:
        """Something happens."""
        self.world.clock.sleep(self.random.choice([0.5, 2, 20, 70]))
        happens: tuple[Callable[[], None], ...] = (self.comes, self.leaves, self.changes_rights, self.commands)
        happens += (self.door_moves, self.part_goes)
        self.random.choices(happens, weights=(50, 20, 5, 10, 10, 5))[0]()
        self.log.write_down()

    def comes(self) -> None:
        """A badge at the way in, a face or none, and keys."""
        badge, is_holder = self.random.choice(BADGES), self.random.random() < 0.5
        analyzer = self.world.analyzer
        analyzer.found, analyzer.seen = [probe(1.0 if is_holder else 0.2)], 0
        if self.random.random() < 0.2:
            analyzer.found, is_holder = [Reason.NO_FACE], False
        keys = self.random.choice(["", f"{PIN}#", "1234#", "47"])
        over = self.visit(badge, keys)
        if over.decision.reason is Reason.SECOND_AWAITED:
            self.waits.add(badge)
        if over.decision.reason is Reason.PASSED_BACK:
            assert badge in self.inside, over
        if over.decision.granted:
            self.check_grant(badge, over, shows=(is_holder and BADGES.index(badge) < ENROLLED, keys == f"{PIN}#"))

    def visit(self, badge: Credential, keys: str) -> Transaction:
        over = self.access.present(BadgeRead(badge, self.world.clock.monotonic(), "in"), Stop())
        if over is None and keys:
            self.access.hear(KeyPress(keys, self.world.clock.monotonic(), "in"))
        for _ in range(400):
            if over is not None:
                return over
            over = next(iter(self.access.advance(Stop(), 0.25)), None)
        raise AssertionError(f"{badge} was never decided")

    def check_grant(self, badge: Credential, over: Transaction, *, shows: tuple[bool, bool]) -> None:
        face, pin = shows
        demanded = {
            "badge+face": face,
            "badge+pin": pin,
            "badge+face+pin": face and pin,
            "badge+face-or-pin": face or pin,
        }
        takes_pin = (self.missing[0] and self.chosen.when_missing == "badge+pin") or (
            self.chosen.without_face == "badge+pin"
        )
        assert demanded[self.chosen.mode] or (takes_pin and pin), over
        assert badge not in self.revoked
        assert self.door.state not in (DoorState.LOCKDOWN, DoorState.FAULT)
        self.inside |= {badge, *self.waits}
        self.waits.clear()

    def leaves(self) -> None:
        """A badge at the way out: refused only if it was revoked."""
        badge = self.random.choice(BADGES)
        over = self.way_out.swipe(BadgeRead(badge, self.world.clock.monotonic(), "out"), Stop())
        self.log.write_down()
        assert over.decision.granted == (badge not in self.revoked), over
        if over.decision.granted:
            self.inside.discard(badge)
            if self.chosen.inputs and self.line is Line.QUIET:
                self.world.clock.sleep(0.3)
                self.tell(Line.ACTIVE)
                self.world.clock.sleep(0.5)
                self.tell(Line.QUIET)

    def tell(self, line: Line) -> None:
        self.door.tell(InputChanged(DoorInput.DPS, line))
        self.log.write_down()

    def changes_rights(self) -> None:
        """A badge is revoked, or given back."""
        badge = self.random.choice(BADGES)
        with self.world.store.people() as people:
            if badge in self.revoked:
                people.restore(badge)
            else:
                people.revoke(badge, self.world.clock.utc())
        self.revoked ^= {badge}

    def commands(self) -> None:
        """An operator does something."""
        self.door.command(self.random.choice(list(DoorCommand)))

    def door_moves(self) -> None:
        """The door is opened, closed, or its wire cut, whatever the strike does."""
        if self.chosen.inputs:
            self.line = self.random.choice([Line.ACTIVE, Line.QUIET, Line.QUIET, Line.CUT])
            self.tell(self.line)

    def part_goes(self) -> None:
        """A part goes missing, or is back."""
        self.missing[0] = self.random.choice(["", "camera main"])

    def close(self) -> None:
        with self.world.store.audit() as audit:
            assert audit.verify().findings == ()
        self.way_out.close()
        self.access.close()
        self.world.store.close()


def walk_in(folder: Path, seed: int) -> Walk:
    """A door with settings drawn from the seed."""
    chance = random.Random(seed)
    world = world_in(folder, probe(1.0))
    door = msgspec.structs.replace(
        world.settings.doors[0],
        mode=chance.choice(MODES),
        leads_to="lab",
        antipassback=chance.choice(["off", "soft", "hard"]),
        custody=CustodySettings(dual=chance.random() < 0.3),
        readers=(ReaderSettings(name="in", keypad="keys"), ReaderSettings(name="out", direction="exit")),
        inputs=(InputSettings(signal=DoorInput.DPS, pin=27),) if chance.random() < 0.7 else (),
        when_missing=chance.choice(["deny", "badge+pin"]),
        without_face=chance.choice(["deny", "badge+pin"]),
    )
    areas = (AreaSettings(name="lab", most=chance.choice([None, 1, 2])),)
    settings = msgspec.structs.replace(world.settings, doors=(door,), areas=areas)
    operation = open_door(settings, SimulatedPins(world.clock), world.clock)
    log = DoorLog(operation, world.store, world.clock, Whereabouts(settings))
    log.has_writer = False
    missing = [""]
    doorway = replace(
        world.doorway,
        door=operation,
        pins=PinChecksInTurn(world.store, QUICK),
        rules=DoorRules(world.store, door),
        missing=lambda _reader: missing[0],
    )
    populate(world)
    if door.inputs:
        operation.tell(InputChanged(DoorInput.DPS, Line.QUIET))
    way_out = WayOut(operation, BadgeLookup(world.store), log, world.clock)
    return Walk(chance, world, settings, operation, log, Access(doorway, settings, log), way_out, missing)


def populate(world: World) -> None:
    """A person for each badge, besides the one who is there."""
    now = world.clock.utc()
    with world.store.people() as people, world.store.pins() as pins:
        ada = people.named("Ada")
        assert ada is not None
        everyone = [ada]
        for number, badge in enumerate(BADGES[1:]):
            person = people.add(f"Person {number}", now)
            people.issue(badge, person, now)
            if number + 1 < ENROLLED:
                people.add_references(person, np.stack([REFERENCE]), MODEL, now)
            everyone.append(person)
        for person in everyone:
            pins.keep(person, hashed(PIN, pins.secret, QUICK), now)


def walk(folder: Path, seeds: range) -> None:
    for seed in seeds:
        place = folder / str(seed)
        place.mkdir()
        walking = walk_in(place, seed)
        for _ in range(STEPS):
            walking.step()
        walking.close()


def test_walks_open_only_for_what_is_demanded(tmp_path: Path) -> None:
    walk(tmp_path, range(4))


@pytest.mark.slow(small="test_walks_open_only_for_what_is_demanded")
def test_many_walks(tmp_path: Path) -> None:
    walk(tmp_path, range(100, 300))
