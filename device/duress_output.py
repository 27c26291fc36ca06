"""Drives each door's output `duress` while a duress there is not acknowledged, for a panel out of the door's sight."""

import threading
from collections.abc import Mapping

from device.at_work import LATE_S, at_work
from device.door.operation import Door
from device.records import AlarmKind, Alerted
from device.store.store import Store

PERIOD_S = 1.0
END_S = 2.0


class DuressOutput:
    """Asks the store once a second, in a thread of its own, so that a restart keeps what is open. Without a store the
    outputs stay as they are.
    """

    def __init__(self, store: Store, doors: Mapping[str, Door]) -> None:
        """The doors by name that have the output; without one nothing is asked."""
        self._store = store
        self._doors = doors
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="duress output", daemon=True)
        if doors:
            self._thread.start()

    def look(self) -> None:
        """Drives the outputs as it stands now. Raises `StoreError`."""
        with self._store.alarms() as alarms:
            open_at = {alarm.door for alarm in alarms.open_ones() if alarm.kind is AlarmKind.DURESS}
        for name, door in self._doors.items():
            door.tell(Alerted(name in open_at))

    def close(self) -> None:
        """Looks no more; harmless when repeated."""
        self._is_ending.set()
        if self._thread.is_alive():
            self._thread.join(END_S)  # one that hangs in the disk is left behind

    def _run(self) -> None:
        while not self._is_ending.wait(PERIOD_S):
            try:
                with at_work(LATE_S):
                    self.look()
            except Exception:  # noqa: S112 - the store's or the door's own trouble says so; the next look may be another
                continue
