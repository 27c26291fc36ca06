"""Destroys the device key when the housing of a door is opened whose owner chose so: `tamper = "forget-keys"`."""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from device.at_work import LATE_S, at_work
from device.door.operation import Door
from device.door_log import DoorLog
from device.errors import StoreError
from device.records import DoorInput, Event, Line
from device.settings.tables import Settings
from device.store.vault.vault import Vault

PERIOD_S = 0.1
END_S = 2.0


class KeyForgetting:
    """Looks at the doors ten times a second, in a thread of its own: nothing that a store or a disk does delays it."""

    def __init__(
        self, vault: Vault, doors: Mapping[str, Door], logs: Mapping[str, DoorLog], report: Callable[[str], None]
    ) -> None:
        """The doors by name whose housing counts, and the logs of all; without a door nothing is looked at."""
        self._vault = vault
        self._doors = doors
        self._logs = logs
        self._report = report
        self._failed = ""
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forgetting", daemon=True)
        if doors:
            self._thread.start()

    def look(self) -> None:
        """Destroys the key if a housing is open. One that is put back while it is open is destroyed again."""
        opened = next((name for name, door in self._doors.items() if is_open(door)), None)
        if opened is not None and (self._failed or not self._vault.forgotten):
            self._forget(opened)

    def close(self) -> None:
        """Looks no more; harmless when repeated."""
        self._is_ending.set()
        if self._thread.is_alive():
            self._thread.join(END_S)

    def _forget(self, name: str) -> None:
        is_news, why = not self._failed, f"The device key was forgotten: the housing of door {name} was opened"
        try:
            self._vault.forget(why)
            self._failed = ""
        except StoreError as error:
            is_news, self._failed = self._failed != error.message, error.message
        if is_news:
            left = f"not all of it could be destroyed: {self._failed}" if self._failed else "destroyed here"
            self._logs[name].add(Event.KEY_FORGOTTEN, left)
            with suppress(OSError):
                self._report(f"Door {name}: {why}. Faces and PINs are denied until `lintel keys restore`.")

    def _run(self) -> None:
        with suppress(StoreError):
            self._vault.finish_forgetting()
        while not self._is_ending.wait(PERIOD_S):
            try:
                with at_work(LATE_S):
                    self.look()
            except Exception as error:
                threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, self._thread)))
                continue


def with_housing(settings: Settings, doors: Iterable[Door]) -> dict[str, Door]:
    """The doors by name where an opened housing destroys the device key."""
    chosen = {one.name for one in settings.doors if one.tamper == "forget-keys"}
    return {door.name: door for door in doors if door.name in chosen}


def is_open(door: Door) -> bool:
    """Whether the housing of a door is open, or the wire of its switch was cut."""
    lines = dict(door.status().lines)
    return lines.get(DoorInput.TAMPER, Line.QUIET) is not Line.QUIET
