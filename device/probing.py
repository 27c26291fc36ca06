"""Looks which parts of the doors are there, one function for each, before or without opening them.

What is missing is said in the sentence that the running service has for it in `lintel door status`. Looking changes
nothing: no pin is claimed, no camera opened, no file made, and no lock of the database kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from device.cameras.sources import look_for_camera
from device.door.wires.chip import find_chip
from device.door_pads import look_at_network, look_at_turns, needs_network
from device.errors import LintelError
from device.failures import in_words
from device.files import keys_folder
from device.readers.look import look_for
from device.readers.part import does_not_work
from device.redaction import redacted
from device.settings.loading import state_dir
from device.settings.tables import CameraSettings, ReaderSettings, Settings
from device.store.look import look
from device.store.vault.look import look_for_key
from device.vision.faces import look_at_models

CHIP, STORE, MODELS, READER, DETECTOR, KEY = "chip", "store", "models", "reader", "detector", "device key"
AUDIT = "audit"
PAD = "presentation attacks"
CLOCK, SCHEDULES = "clock", "schedules"
INSTEAD, BADGE_ALONE = "no face", "badge alone"
THREADS = "threads"


@dataclass(frozen=True, slots=True)
class Found:
    """A part of the doors as it was found. `part` is what `lintel door status` calls it, `name` which one it is."""

    part: str
    name: str
    trouble: str = ""
    """What is wrong, in a sentence; "" if nothing is."""
    hint: str = ""
    """What to do about it."""


def camera_part(name: str) -> str:
    """What a camera is called among the parts."""
    return f"camera {name}"


def chip(settings: Settings) -> Found:
    """The GPIO chip that the doors are on. It is opened for a moment; none of its lines is touched."""
    return _found(CHIP, settings.gpio.chip, lambda: str(find_chip(settings.gpio.chip)))


def store(settings: Settings) -> Found:
    """The database: whether it can be read and written, and by this version."""
    folder = state_dir(settings)

    def looked() -> str:
        path = look(folder)
        return str(path) if path.exists() else f"{path}, which the service will make"

    return _found(STORE, str(folder), looked)


def key(settings: Settings) -> Found:
    """The device key, which opens what lies sealed in the store: where it is. The first enrollment makes one."""
    folder = state_dir(settings)
    return _found(KEY, str(keys_folder(folder)), partial(look_for_key, folder))


def models(settings: Settings) -> Found:
    """The three models with their hashes, a runtime for them, each door's false match rate, and turns if demanded."""
    rates = [door.target_fmr for door in settings.doors]

    def looked() -> str:
        folder = look_at_models(settings.vision, rates)
        look_at_turns(settings)
        return str(folder)

    return _found(MODELS, settings.vision.models_dir, looked)


def network(settings: Settings) -> Found:
    """The owner's network against presentation attacks, with its hash; only where the settings name one."""
    return _found(PAD, settings.pad.network, lambda: look_at_network(settings))


def camera(settings: CameraSettings) -> Found:
    """A camera's device or program. Whether it gives frames is only seen once it is open."""
    return _found(camera_part(settings.name), redacted(settings.source), lambda: look_for_camera(settings))


def reader(settings: ReaderSettings) -> Found:
    """What a reader is connected to. Whether it answers is only seen once it is open."""
    found = _found(READER, settings.name, partial(look_for, settings))
    if found.trouble:
        return replace(found, trouble=does_not_work(settings.name, found.trouble))
    return replace(found, name=f"{settings.name} at {found.name}")


def parts(settings: Settings) -> Iterator[Found]:
    """All that the service opens behind its doors, one after the other."""
    yield store(settings)
    yield key(settings)
    yield models(settings)
    if any(needs_network(settings, door) for door in settings.doors):
        yield network(settings)
    for one in settings.cameras:
        yield camera(one)
    for one_reader in settings.readers:
        yield reader(one_reader)


def _found(part: str, name: str, looked: Callable[[], str]) -> Found:
    try:
        return Found(part, looked())
    except LintelError as error:
        return Found(part, name, error.message, error.hint)
    except Exception as error:  # a driver or a library may raise anything; the other parts are looked at as well
        return Found(part, name, f"It can't be checked: {in_words(error)}.", "Report this with `lintel --version -v`.")
