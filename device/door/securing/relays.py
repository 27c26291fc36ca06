"""Which relays to secure when no service does it: those driven last, and those of the settings."""

import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from device.door.securing.driven import Driven, DrivenOutput, last_driven
from device.door.wires.chip import Chip, is_there, resolved
from device.errors import DoorError
from device.files import text_of
from device.settings.lock import DEFAULT_FILE, GpioSettings, LockSettings, lock_of
from device.settings.old_layout import doors_of

_POLARITY = ("active_high", "fail_safe")


class StatedDoor(LockSettings, frozen=True):
    """A door in a settings file; what it says besides its lock does not matter here, wrong or not."""

    mode: Any = None
    demanded_pin: Any = None
    face_resets_pin: Any = None
    without_face: Any = None
    when_missing: Any = None
    missing_after_s: Any = None
    tamper: Any = None
    i_accept_badge_only: Any = None
    lockdown_pass: Any = None
    clock: Any = None
    egress: Any = None
    free_exit: Any = None
    camera: Any = None
    pad: Any = None
    target_fmr: Any = None
    schedule: Any = None
    leads_from: Any = None
    leads_to: Any = None
    antipassback: Any = None
    custody: Any = None
    readers: Any = None
    inputs: Any = None
    outputs: Any = None


class _Tables(msgspec.Struct, frozen=True):
    """What is read of a settings file."""

    doors: tuple[StatedDoor, ...]
    gpio: GpioSettings = GpioSettings()


class _Stated(NamedTuple):
    """What a settings file says: each door with the names of the settings that it states explicitly, and the chip."""

    doors: list[tuple[LockSettings, frozenset[str]]]
    chip: str
    is_said: bool
    """Whether there is such a file that says anything."""


class Known(msgspec.Struct, frozen=True):
    """What to secure and switch off, and the chip it is on: the one found before, or what the settings say of it."""

    relays: tuple[LockSettings, ...]
    outputs: tuple[DrivenOutput, ...]
    chip: str | Chip
    given_up: frozenset[int] = frozenset()
    """Pins of these that are no door's relay by the settings: another program may have them by now."""

    def at(self, door: str | None) -> "Known":
        """The same, of one door alone; None is all doors."""
        relays = tuple(relay for relay in self.relays if door in (None, relay.name))
        outputs = tuple(one for one in self.outputs if door in (None, one.door))
        return Known(relays, outputs, self.chip, self.given_up)

    def without(self, pins: frozenset[int]) -> "Known":
        """The same, but for these pins."""
        relays = tuple(relay for relay in self.relays if relay.pin not in pins)
        return Known(relays, tuple(one for one in self.outputs if one.pin not in pins), self.chip, self.given_up)


def known_wires(path: Path | None, warn: Callable[[str], None]) -> Known:
    """The relays driven last and those of the settings, each pin once. Raises `DoorError` if there are neither.

    A pin's polarity comes from the settings if they state it. A default doesn't count as stated: applied to an
    active-low relay it would release it. If the doors' settings are wrong, those driven last are all, and `warn` is
    called; also if the settings name another GPIO chip than the one that has what was driven last.
    """
    last = last_driven()
    try:
        stated = _stated(path)
    except (OSError, ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        why = f"Cannot read the doors' settings in {path or DEFAULT_FILE}: {getattr(error, 'strerror', None) or error}."
        if not last.relays:
            raise DoorError(
                f"No relay to secure is known, and none was driven since the start. {why}",
                hint="Fix the settings; `lintel config --defaults` shows their table.",
            ) from None
        warn(f"{why} Securing what was driven last.")
        return Known(last.relays, last.outputs, last.chip or "")
    if last.chip is None or _is_same(stated.chip, last.chip):
        return _merged(last, stated)
    if not is_there(last.chip):
        return _merged(Driven(), stated)
    warn(
        f"The settings name the GPIO chip {stated.chip}, but the relays were last driven on {last.chip}. "
        "Those are secured now, the others when the service starts."
    )
    return Known(last.relays, last.outputs, last.chip, _pins(last.relays, last.outputs))


def _merged(last: Driven, stated: _Stated) -> Known:
    before = {relay.pin: relay for relay in last.relays}
    relays = {**before, **{relay.pin: relay for relay in _meant(stated.doors, before)}}
    outputs = tuple(output for output in last.outputs if output.pin not in relays)
    ours = frozenset(relay.pin for relay, _ in stated.doors)
    given_up = _pins(relays.values(), outputs) - ours if stated.is_said else frozenset[int]()
    return Known(tuple(relays.values()), outputs, last.chip or stated.chip, given_up)


def _pins(relays: Iterable[LockSettings], outputs: Iterable[DrivenOutput]) -> frozenset[int]:
    return frozenset(relay.pin for relay in relays) | frozenset(output.pin for output in outputs)


def _is_same(stated: str, last: Chip) -> bool:
    """Whether the settings mean the chip of the last time; if they say nothing, then unless that one is gone."""
    if not stated:
        return is_there(last)
    return resolved(stated) == last.path if stated.startswith("/") else stated == last.label


def _meant(stated: list[tuple[LockSettings, frozenset[str]]], last: dict[int, LockSettings]) -> Iterator[LockSettings]:
    """The relays that the settings state explicitly; where nothing was driven yet, their defaults too."""
    for relay, said in stated:
        before = last.get(relay.pin)
        if before is not None:
            unsaid = {name: getattr(before, name) for name in _POLARITY if name not in said}
            yield msgspec.structs.replace(relay, **unsaid)
        elif not last or said & {"pin", *_POLARITY}:
            yield relay


def _stated(path: Path | None) -> _Stated:
    """What the settings say. Raises `OSError`, `ValueError`."""
    try:
        said = tomllib.loads(text_of((path or DEFAULT_FILE).read_bytes()))
    except FileNotFoundError:
        if path is not None:
            raise
        said = {}
    words = doors_of(said)
    tables = msgspec.convert({"doors": words, "gpio": said.get("gpio", {})}, _Tables)
    doors = zip(tables.doors, words, strict=True)
    return _Stated([(lock_of(door), frozenset(table)) for door, table in doors], tables.gpio.chip, bool(said))
