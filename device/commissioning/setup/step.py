"""What a step of `lintel setup` is, and what the steps share: the settings that are meant, and free pins."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from device.commissioning.setup.answers import Given, Place
from device.commissioning.setup.settings_file import applied
from device.commissioning.setup.site import Site
from device.errors import ConfigError
from device.settings.pins import used_pins
from device.settings.tables import DoorSettings, Settings

PREFERRED = (17, 22, 27, 23, 24, 25, 5, 6, 12, 13, 16, 19, 20, 21, 26, 4, 18)
"""Pins that have no other use at boot, in the order in which they are suggested."""
WIEGAND = (23, 24, *PREFERRED)


class Turn(NamedTuple):
    """A step's turn: its place, and whether the answers there are those of before."""

    place: Place
    was_there: bool

    @property
    def door(self) -> str:
        """The door's name, at a step of a door."""
        assert self.place.door is not None
        return self.place.door


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its table of answers, its title, how one knows that it worked, and what it does."""

    table: str
    title: str
    proof: str
    ask: Callable[[Site, Any], msgspec.Struct] | None
    do: Callable[[Site, Given, Turn], Given]


def meant(site: Site, given: Given) -> Settings:
    """The settings with the answers so far. Raises `ConfigError`."""
    return applied(given.answers, site.load(), site.root)


def misfit(site: Site, given: Given) -> str:
    """Why the answers so far don't fit together; "" if they do."""
    try:
        meant(site, given)
    except ConfigError as error:
        return error.message
    return ""


def door_meant(site: Site, given: Given, name: str) -> tuple[Settings, DoorSettings]:
    """The same with that door. Raises `ConfigError`."""
    settings = meant(site, given)
    return settings, settings.door_named(name)


def with_spare_relay(site: Site, given: Given, door: str) -> Given:
    """With a pin for a relay that was not asked about yet which nothing else uses."""
    known = given.door(door)

    def tried() -> Iterator[Given]:
        for pin in PREFERRED:
            relay = msgspec.structs.replace(known.relay, pin=pin)
            yield given.with_door(msgspec.structs.replace(known, relay=relay))

    return next((one for one in tried() if not misfit(site, one)), given)


def spare_pair(site: Site, given: Given) -> tuple[int, int]:
    """Two pins that nothing uses, for a Wiegand reader."""
    used = {one.pin for one in used_pins(meant(site, given))}
    free = [pin for pin in dict.fromkeys(WIEGAND) if pin not in used]
    return (free[0], free[1]) if len(free) > 1 else WIEGAND[:2]


def doubt(site: Site, given: Given, door: str, text: str) -> None:
    """Notes what no one has seen work at a door."""
    site.unproven.append(f"Door {door}: {text}" if len(given.doors) > 1 else text)
