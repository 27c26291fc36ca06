"""Which relays to secure when no service does it: those driven last, and those of the settings."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from device.config import DEFAULT_FILE, DoorSettings, load_settings
from device.door.remembered import remembered
from device.errors import ConfigError, DoorError

_POLARITY = ("active_high", "fail_safe")


def known_relays(path: Path | None, warn: Callable[[str], None]) -> tuple[DoorSettings, ...]:
    """The relays driven last and those of the settings, each pin once. Raises `DoorError` if there are neither.

    Of a pin's polarity the settings have the last word if they say it; a default is no word, and would release a relay
    that is active at a low level. If the settings are wrong, those driven last are all, and `warn` is told so.
    """
    last = {relay.pin: relay for relay in remembered()}
    try:
        present = load_settings(path).doors
    except ConfigError as error:
        if not last:
            raise DoorError(
                f"Nothing says which relay to secure, and none was driven since the start. {error.message}",
                hint=f"Mend the settings. {error.hint}",
            ) from None
        warn(f"{error.message} What was driven last is secured.")
        return tuple(last.values())
    stated = zip(present, _stated(path, len(present)), strict=True)
    return tuple({**last, **{relay.pin: relay for relay in _meant(stated, last)}}.values())


def _meant(
    stated: Iterator[tuple[DoorSettings, frozenset[str]]], last: dict[int, DoorSettings]
) -> Iterator[DoorSettings]:
    """The relays that the settings speak of in so many words; where nothing was driven yet, their defaults too."""
    for relay, said in stated:
        before = last.get(relay.pin)
        if before is not None:
            unsaid = {name: getattr(before, name) for name in _POLARITY if name not in said}
            yield msgspec.structs.replace(relay, **unsaid)
        elif not last or said & {"pin", *_POLARITY}:
            yield relay


def _stated(path: Path | None, count: int) -> list[frozenset[str]]:
    """What the settings file says of each of so many doors in so many words."""
    file = path or DEFAULT_FILE
    said = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    tables = [said.get("door", {}), *said.get("more_doors", ())]
    return [frozenset(table) for table in tables[:count]]
