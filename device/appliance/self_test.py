"""What a version has to pass on this machine before an upgrade turns to it."""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path

from device import probing
from device.errors import ModelError, StoreError
from device.failures import in_words
from device.ports import Clock
from device.records import AuditRow, Event
from device.settings.loading import state_dir
from device.settings.tables import Settings
from device.store.checkup import found_in
from device.store.copying import copy_databases
from device.store.store import Store
from device.store.vault.device_key import KeyInMemory
from device.vision.runtime import runtime_in_use

PLACE = "self-test"
"""Of the copy, beside what it is a copy of: on that disk, and not in a /tmp that is memory."""
_PARTS = ("device.service", "device.cli.run", "device.cli.doctor")


def self_test(settings: Settings) -> None:
    """Loads the program, the runtime and the models, and migrates and checks a copy of the databases.

    Changes nothing on the disk but a folder that is gone at the end; what a killed one left goes first, and the package
    clears it at each boot. One at a time. Raises `ModelError` or `StoreError` for the first that fails.
    """
    for name in _PARTS:
        import_module(name)
    runtime_in_use()
    if trouble := probing.models(settings).trouble:
        raise ModelError(trouble, hint="Install the package again.")
    folder = state_dir(settings)
    if not folder.is_dir():
        return
    try:
        with _place_in(folder) as place:
            copy_databases(folder, place)
            _try(place)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"The databases in {folder} can't be copied: {in_words(error)}.", hint="Make room: `df`."
        ) from None


@contextmanager
def _place_in(folder: Path) -> Iterator[Path]:
    """An empty folder there for its user alone. Raises `OSError`."""
    place = folder / PLACE
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        if place.exists():
            shutil.rmtree(place)
        place.mkdir(mode=0o700)
        try:
            yield place
        finally:
            shutil.rmtree(place)
    finally:
        os.close(opened)


def _try(folder: Path) -> None:
    """The key is left where it is: what lies sealed is not opened here."""
    with Store(folder, places=KeyInMemory()) as store:
        with closing(store.copied(lambda _pages: None)) as copy:
            found = found_in(copy)
        if found:
            raise StoreError(f"The copy of the database is damaged: {found}.", hint="Restore a backup: docs/backup.md.")
        with store.people() as people, store.audit() as audit:
            people.everyone()
            audit.verify(start=audit.last_checkpoint())


def record_failure(store: Store, clock: Clock, words: str) -> None:
    """Writes into the audit that a version was unpacked and is not in use. Raises `StoreError`."""
    with store.audit() as audit:
        audit.add(AuditRow(0, clock.utc(), Event.UPGRADE_FAILED, fault=words))
