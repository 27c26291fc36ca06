"""Opens the store that the settings name: for the service, and for commands, which need neither camera nor door."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import cache

import msgspec

from device.clock_watch import ClockWatch
from device.errors import LintelError
from device.packages import installed_version
from device.ports import Clock
from device.records import Stamp
from device.settings.loading import state_dir
from device.settings.tables import Settings
from device.settings.writing import changed_settings, without_passwords
from device.state_folder import usable_by_the_service
from device.store.chain.heads import boot_id
from device.store.database import FILE_NAME
from device.store.store import Store
from device.store.vault.device_key import KeyPlaces
from device.time_source import TimeSource
from device.vision.models import embedding_sha256


def open_store(settings: Settings, places: KeyPlaces | None = None) -> Store:
    """The store in the settings' state folder, with its device key in `places`. Raises `StoreError`."""
    folder = state_dir(settings)
    with usable_by_the_service(folder, FILE_NAME):
        store = Store(folder, places=places)
    store.chain.stamp = stamp_of(settings)
    return store


def stamp_of(settings: Settings) -> Callable[[], Stamp]:
    """What the rows go by that this process writes; found out at the first one. The settings count without passwords.

    The store itself adds the rules that count at that moment, and who has a clock watch, its state.
    """

    @cache
    def found() -> Stamp:
        model = ""
        with suppress(LintelError):
            model = embedding_sha256(settings.vision.models_dir)
        said = {name: said for name, said in changed_settings(settings).items() if name != "store"}
        written = msgspec.json.encode(without_passwords(said), order="sorted")
        return Stamp(installed_version(), model, hashlib.sha256(written).hexdigest(), boot=boot_id())

    return found


def late_store(settings: Settings, places: KeyPlaces | None = None) -> Store:
    """The store in the settings' state folder, which is opened when it is used and may not be there yet."""
    store = Store(state_dir(settings), opened=False, places=places)
    store.chain.stamp = stamp_of(settings)
    return store


def clock_watch(settings: Settings, store: Store, clock: Clock) -> ClockWatch:
    """What says whether the time of day is trusted, as the settings have it."""
    source = TimeSource(clock, always=settings.clock.trust == "always")
    watch = ClockWatch(source, store, timedelta(days=settings.clock.max_gap_days))
    store.chain.clock = watch.state
    return watch
