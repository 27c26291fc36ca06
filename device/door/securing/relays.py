"""Which relays to secure when no service does it: those driven last, and those of the settings."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from device.door.securing.driven import remembered
from device.door_settings import DEFAULT_FILE, DoorSettings
from device.errors import DoorError

_POLARITY = ("active_high", "fail_safe")


class _Tables(msgspec.Struct, frozen=True):
    """The doors in a settings file; what else is in it does not matter here, wrong or not."""

    door: DoorSettings = DoorSettings()
    more_doors: tuple[DoorSettings, ...] = ()


def known_relays(path: Path | None, warn: Callable[[str], None]) -> tuple[DoorSettings, ...]:
    """The relays driven last and those of the settings, each pin once. Raises `DoorError` if there are neither.

    Of a pin's polarity the settings have the last word if they say it; a default is no word, and would release a relay
    that is active at a low level. If the doors' settings are wrong, those driven last are all, and `warn` is told so.
    """
    last = {relay.pin: relay for relay in remembered()}
    try:
        stated = _stated(path)
    except (OSError, ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        why = f"Cannot read the doors' settings in {path or DEFAULT_FILE}: {getattr(error, 'strerror', None) or error}."
        if not last:
            raise DoorError(
                f"Nothing says which relay to secure, and none was driven since the start. {why}",
                hint="Mend the settings; `lintel config --help` has their table.",
            ) from None
        warn(f"{why} What was driven last is secured.")
        return tuple(last.values())
    return tuple({**last, **{relay.pin: relay for relay in _meant(stated, last)}}.values())


def _meant(stated: list[tuple[DoorSettings, frozenset[str]]], last: dict[int, DoorSettings]) -> Iterator[DoorSettings]:
    """The relays that the settings speak of in so many words; where nothing was driven yet, their defaults too."""
    for relay, said in stated:
        before = last.get(relay.pin)
        if before is not None:
            unsaid = {name: getattr(before, name) for name in _POLARITY if name not in said}
            yield msgspec.structs.replace(relay, **unsaid)
        elif not last or said & {"pin", *_POLARITY}:
            yield relay


def _stated(path: Path | None) -> list[tuple[DoorSettings, frozenset[str]]]:
    """Each door of the settings, and what they say of it in so many words. Raises `OSError`, `ValueError`."""
    try:
        said = tomllib.loads((path or DEFAULT_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        if path is not None:
            raise
        said = {}
    tables = msgspec.convert(said, _Tables)
    words = [said.get("door", {}), *said.get("more_doors", ())]
    return [(door, frozenset(table)) for door, table in zip((tables.door, *tables.more_doors), words, strict=True)]
