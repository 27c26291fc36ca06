"""A door with its store in a process of its own, which a test opens the housing of: `python -m ... STATE`."""

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from device.door_log import DoorLog
from device.forgetting import KeyForgetting
from device.records import DoorInput, Line
from device.settings.tables import DoorSettings, InputSettings, Settings
from device.store.store import Store
from device.store.vault.key_files import KeyFiles
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from tests.device.doors import open_door

HOUSING = InputSettings(signal=DoorInput.TAMPER, pin=5)
SETTINGS = Settings(doors=(DoorSettings(tamper="forget-keys", inputs=(HOUSING,)),))


def main() -> None:
    """Opens records, then the housing at a line that comes in, and ends with its input."""
    clock = SimulatedClock()
    pins = SimulatedPins(clock)
    places = KeyFiles(Path(sys.argv[1]), takes=True)
    with Store(Path(sys.argv[1]), places=places) as store, closing(open_door(SETTINGS, pins, clock)) as door:
        log = DoorLog(door, store, clock)
        with store.people() as people:
            person = people.named("Ada") or people.add("Ada", datetime(2026, 11, 30, 12, tzinfo=UTC))
        sealed = store.vault.seal(b"a face", person_id=person.id, about=b"x")
        for _ in range(100):
            store.vault.open(sealed, person_id=person.id, about=b"x")
        say(store.vault.begin().id)
        sys.stdin.readline()
        pins.set_line(HOUSING, Line.ACTIVE)
        clock.sleep(0.1)
        with closing(KeyForgetting(store.vault, {"main": door}, {"main": log}, say)):
            sys.stdin.read()
        log.write_down()


def say(line: str) -> None:
    """For the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
