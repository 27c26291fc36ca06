"""A door on a desk: a real camera or a clip, badges typed line by line, a virtual relay."""

import msgspec

from device.cli.context import note_store, print_json_line
from device.settings.cameras import is_file
from device.settings.tables import Settings
from device.terminal import say


def play_desk(settings: Settings, camera_source: str, *, as_json: bool) -> int:
    """Serves typed badges until the end of the input or Ctrl-C, with a copy of the people of `lintel enroll`."""
    from device.cli.text.door_events import advice_line, transaction_line
    from device.clock import Stop, SystemClock
    from device.door.wires.gpio import level_of
    from device.notifier import Notifier
    from device.records import Transaction
    from device.service import Service, serve
    from device.signals import stopped_by_signals
    from device.simulation.desk import desk
    from device.virtual.pins import SimulatedPins
    from device.watchdog import Watchdog

    note_store(settings)
    stop = Stop()
    clock = SystemClock(stop)
    camera = msgspec.structs.replace(settings.cameras[0], source=camera_source)
    if is_file(camera_source):
        camera = msgspec.structs.replace(camera, rate=None, exposure=None)
    seen = msgspec.structs.replace(settings, cameras=(camera,))
    door = seen.doors[0]
    pins = SimulatedPins(clock)

    def tell(transaction: Transaction) -> None:
        if as_json:
            return print_json_line(transaction)
        pulses = [level for level in pins.history(door.pin) if level.high == level_of(door, released=True)]
        say(f"{transaction_line(transaction)}\n  {advice_line(transaction)}")
        say(f"  relay on GPIO {door.pin}: released {len(pulses)} time{'s' * (len(pulses) != 1)} so far")
        return None

    with stopped_by_signals(stop), desk(seen, clock, pins) as parts:
        say("Type a badge and Enter to present it; Ctrl-D ends.", err=True)
        notifier = Notifier(None)
        serve([Service(parts, seen, Watchdog(notifier, clock), in_turn=True)], notifier, stop, tell)
    return 0
