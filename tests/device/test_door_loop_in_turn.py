"""A desk's or a scenario's door, where badges have their turn: no one who is looked at loses their place to another."""

from pathlib import Path

import numpy as np

from device.credentials import parse_badge
from device.records import BadgeRead, Reason
from tests.device.access.world import BADGE, MODEL, probe, world_in
from tests.device.test_door_loop import Entrance

GRACES = parse_badge("17:1002")


def test_each_of_three_badges_is_answered_in_its_turn(tmp_path: Path) -> None:
    """The second waits from before the comparison with the first one's holder, the third comes after it."""
    door = Entrance(world_in(tmp_path, probe(0.3)), in_turn=True)
    with door.world.store.people() as people:
        grace = people.add("Grace", door.world.clock.utc())
        people.issue(GRACES, grace, door.world.clock.utc())
        people.add_references(grace, np.array([[-1.0, 0.0]], np.float32), MODEL, door.world.clock.utc())
    for wait_s, credential in ((0.0, BADGE), (0.0, BADGE), (0.35, GRACES)):
        door.goes_on(wait_s)
        door.loop.attend(BadgeRead(credential, door.world.clock.monotonic(), "front"), door.stop)
    over = door.goes_on(30.0)
    door.loop.close()
    door.world.store.close()
    assert [one.credential for one in over] == [BADGE, BADGE, GRACES]
    assert [one.decision.reason for one in over] == [Reason.NON_MATCH, Reason.NON_MATCH, Reason.NON_MATCH]
