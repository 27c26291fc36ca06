"""What `lintel door secure` and the program without the environment would drive."""

from types import ModuleType
from typing import Any

from device.door.securing.evacuated import evacuated_doors
from device.door.securing.relays import known_wires
from device.door.wires.chip import level_of
from device.errors import DoorError


def by_lintel() -> tuple[dict[int, int], Any, frozenset[int]] | None:
    """Levels by their pins, the chip, and the pins given up, as `lintel door secure` has them, or None."""
    try:
        known = known_wires(None, lambda _words: None)
    except DoorError:
        return None
    released = evacuated_doors(None, {relay.name for relay in known.relays})
    levels = {relay.pin: int(level_of(relay, released=relay.name in released)) for relay in known.relays}
    levels.update({one.pin: int(not one.active_high) for one in known.outputs})
    at = known.chip if isinstance(known.chip, str) else (known.chip.label, known.chip.path)
    return levels, at, known.given_up


def by_program(program: ModuleType) -> tuple[dict[int, int], Any, frozenset[int]] | None:
    try:
        plan = program.plan()
    except program.Failure:
        return None
    return {pin: level for _, pin, level in plan.lines}, plan.chip, plan.given_up
