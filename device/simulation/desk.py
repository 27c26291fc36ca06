"""A door on a desk: a real camera or a clip, badges that are typed, a virtual relay."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import msgspec

from device.assembly import DoorParts
from device.cameras.sources import open_camera
from device.door.operation import Door
from device.door.thread import DoorThread
from device.door.wires.gpio import BoardIO
from device.door_rules import DoorRules
from device.doorway import Doorway
from device.own_store import open_store
from device.pin_checking import PinChecks
from device.policy.light import share_in
from device.ports import Clock
from device.readers.typed.lines import open_line_reader
from device.settings.tables import Settings
from device.virtual.pins import SimulatedPins
from device.vision.faces import load_analyzer_for


@contextmanager
def desk(settings: Settings, clock: Clock, pins: SimulatedPins) -> Iterator[DoorParts]:
    """A door with a virtual relay, for a real camera or clip and badges that are typed.

    It works on a copy of the store in memory: no grant of a virtual door is ever in a real audit.
    """
    with ExitStack() as stack:
        unwired = msgspec.structs.replace(settings.doors[0], inputs=(), outputs=())
        io = BoardIO(unwired, pins.factory, clock)
        door = stack.enter_context(closing(Door(unwired, io, clock)))
        time = stack.enter_context(closing(DoorThread(door, clock)))
        with open_store(settings) as real:
            store = stack.enter_context(real.copy_in_memory())
        analyzer = load_analyzer_for(settings.vision, settings.doors[0].target_fmr)
        camera = stack.enter_context(closing(open_camera(settings.cameras[0], clock)))
        reader = stack.enter_context(closing(open_line_reader("stdin", clock)))
        shares = {"": share_in(settings.cameras[0].light)}
        checks = stack.enter_context(closing(PinChecks(store)))
        doorway = Doorway(
            camera, door, store, analyzer, clock, shares=shares, pins=checks, rules=DoorRules(store, unwired)
        )
        yield DoorParts(doorway, reader, (lambda: time.last_beat,))
