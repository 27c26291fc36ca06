"""A door's lock and its GPIO chip: all that securing it needs to know of the settings."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

DEFAULT_FILE = Path("/etc/lintel/lintel.toml")


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of settings."""


Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Pin = Annotated[int, Meta(ge=0, le=27)]


class GpioSettings(Group, frozen=True):
    """The chip that all pins are on."""

    chip: Annotated[
        str,
        Meta(
            pattern=r"^(/dev/gpiochip[A-Za-z0-9_-]{1,32}|[^/\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,31})?$",
            description="label of the GPIO chip, or a path /dev/gpiochip*; empty: a Raspberry Pi's own, by its label",
        ),
    ] = ""


class LockSettings(Group, frozen=True):
    """A door's lock and its times."""

    name: Annotated[Name, Meta(description="name of the door in commands and in the audit")] = "main"
    pin: Annotated[int, Meta(ge=0, le=27, description="GPIO number (BCM) of the relay's input")] = 17
    active_high: Annotated[bool, Meta(description="true if a high level energizes the relay")] = True
    fail_safe: Annotated[
        bool, Meta(description="true if the lock is open without power (a magnet): energized means locked")
    ] = False
    strike_time_s: Annotated[float, Meta(gt=0, le=10, description="how long a grant releases the strike, seconds")] = (
        3.0
    )
    extended_strike_time_s: Annotated[
        float, Meta(gt=0, le=30, description="the same for people who need more time, seconds")
    ] = 10.0
    relock: Annotated[
        Literal["open", "close"],
        Meta(
            description="when to secure the lock: `open`, as soon as the door opens; `close`, when it has closed again"
        ),
    ] = "open"
    held_open_time_s: Annotated[float, Meta(ge=1, le=600, description="how long the door may stay open, seconds")] = (
        30.0
    )
    pre_alarm_s: Annotated[
        float, Meta(ge=0, le=60, description="how long the buzzer warns before the held-open alarm, seconds")
    ] = 10.0
    rex: Annotated[
        Literal["shunt", "release"],
        Meta(description="request to exit: `shunt` only allows opening by the handle, `release` releases the lock"),
    ] = "shunt"


def lock_of(door: LockSettings) -> LockSettings:
    """The lock alone of a door that has more to it."""
    return LockSettings(**{name: getattr(door, name) for name in LockSettings.__struct_fields__})
