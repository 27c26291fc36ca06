"""What a version has to pass on this machine before an upgrade turns to it."""

import sqlite3
import tempfile
from contextlib import closing
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

_PARTS = ("device.service", "device.cli.run", "device.cli.doctor")


def self_test(settings: Settings) -> None:
    """Loads the program, the runtime and the models, and migrates and checks a copy of the databases.

    Changes nothing on the disk but a temporary folder. Raises `ModelError` or `StoreError` for the first that fails.
    """
    for name in _PARTS:
        import_module(name)
    runtime_in_use()
    if trouble := probing.models(settings).trouble:
        raise ModelError(trouble, hint="Install the package again.")
    folder = state_dir(settings)
    if not folder.is_dir():
        return
    with tempfile.TemporaryDirectory(prefix="lintel-self-test-") as place:
        try:
            copy_databases(folder, Path(place))
            _try(Path(place))
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"The databases in {folder} can't be copied: {in_words(error)}.", hint="Make room: `df`."
            ) from None


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
