#!/usr/bin/python3 -I
"""Drives the relays to locked and all other outputs to off when no service does, with Python's own library alone.

The package installs it as /usr/libexec/lintel/secure, and the unit runs it before every start and after every stop, so
that a door is locked also while the environment of Lintel is replaced, broken or gone. It leaves the levels that
`lintel door secure` leaves, which a test shows for whatever the service remembers in /run/lintel; files that earlier
versions left are read too. A door that is evacuated stays released.

A pin that was driven once, but which the settings no longer name and another program has by now, is named and
left alone. Exit codes: 0 done, 7 another relay or output was not driven.
"""

import contextlib
import errno
import fcntl
import json
import os
import re
import struct
import sys
import time
import tomllib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

DEVICES = Path("/dev")
SETTINGS, RUNTIME, STATE = Path("/etc/lintel/lintel.toml"), Path("/run/lintel"), Path("/var/lib/lintel")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
GET_INFO, GET_LINE = 0x8044B401, 0xC250B407
"""GPIO_GET_CHIPINFO_IOCTL and GPIO_V2_GET_LINE_IOCTL of linux/gpio.h; sizes 68 and 592."""
REQUEST = struct.Struct("=64I32sQI20xIIQQ216xII20xi")
IS_OUTPUT, OUTPUT_VALUES = 1 << 3, 2
SLOT_BYTES, MAGIC = 512, b"lintel1 "
MOST_PATH = 200
FAILED = 7
LOOKS, LOOK_S = 60, 0.05
MAIN = {"name": "main", "pin": 17, "active_high": True, "fail_safe": False}
"""A door's defaults."""
# fmt: off
KNOWN = frozenset({
    "name", "pin", "active_high", "fail_safe", "strike_time_s", "extended_strike_time_s", "relock",
    "held_open_time_s", "pre_alarm_s", "rex", "mode", "demanded_pin", "face_resets_pin", "without_face",
    "when_missing", "missing_after_s", "tamper", "i_accept_badge_only", "lockdown_pass", "clock", "egress",
    "free_exit", "camera", "pad", "target_fmr", "schedule", "leads_from", "leads_to", "antipassback", "custody",
    "readers", "inputs", "outputs",
})
# fmt: on
"""What a door's table may say: one that says more is misspelled, and a misspelled polarity would release it."""


class Relay(NamedTuple):
    """A door's lock."""

    name: str
    pin: int
    active_high: bool
    fail_safe: bool

    def level(self, *, released: bool) -> int:
        """1 is high."""
        return int((released != self.fail_safe) == self.active_high)


class Output(NamedTuple):
    """Another wire that was driven."""

    door: str
    signal: str
    pin: int
    active_high: bool


class Remembered(NamedTuple):
    """What was driven last, on which chip (label and path), and the folder of the doors' modes."""

    relays: tuple[Relay, ...] = ()
    outputs: tuple[Output, ...] = ()
    chip: tuple[str, str] | None = None
    state: str = ""


class Plan(NamedTuple):
    """What to drive: use, pin and level of each; on which chip, by label and path, or by what the settings say."""

    lines: tuple[tuple[str, int, int], ...]
    chip: tuple[str, str] | str
    given_up: frozenset[int]
    """Pins that are no door's relay by the settings: another program may have them by now."""


class Failure(Exception):
    """What was not done, and why."""


def main() -> int:
    """Drives what is planned; one that can't be driven keeps no other from it."""
    try:
        wanted = plan()
        chip = opened(wanted.chip)
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return FAILED
    code = 0
    for use, pin, level in wanted.lines:
        try:
            drive(chip, pin, level)
            print(f"{use}: driven to {level}.")
        except OSError as error:
            if pin in wanted.given_up and error.errno == errno.EBUSY:
                holder = "another program has it, or a service that began with earlier ones"
                print(f"Warning: {use}: no relay of the settings; {holder}.", file=sys.stderr)
                continue
            print(
                f"error: {use}: {error.strerror}. The service has it, or another program: `gpioinfo`.", file=sys.stderr
            )
            code = FAILED
    return code


def plan() -> Plan:
    """The relays driven last and those of the settings, each pin once. Raises `Failure` if there are neither."""
    last = remembered()
    relays, outputs, chip, ours = _known(last)
    let_out = {relay.name for relay in relays if is_evacuated(relay.name, last.state)}
    lines = [
        (f"GPIO {one.pin}, the relay of door {one.name}", one.pin, one.level(released=one.name in let_out))
        for one in relays
    ]
    lines += [
        (f"GPIO {one.pin}, output {one.signal} of door {one.door}", one.pin, 1 - one.active_high) for one in outputs
    ]
    pins = frozenset(pin for _, pin, _ in lines)
    return Plan(tuple(lines), chip, pins - (pins if ours is None else ours))


def _known(
    last: Remembered,
) -> tuple[tuple[Relay, ...], tuple[Output, ...], tuple[str, str] | str, frozenset[int] | None]:
    """Relays, outputs, their chip, and the relays' pins by the settings; None if those say nothing."""
    try:
        said = _settings()
        tables, chip = _doors(said), _label(said.get("gpio", {}).get("chip", ""))
        doors = [(_relay({**MAIN, **table}), frozenset(table)) for table in tables]
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        if not last.relays:
            raise Failure(f"no relay to secure is known, and the settings can't be read: {error}") from None
        print(f"Warning: the settings can't be read ({error}). Securing what was driven last.", file=sys.stderr)
        return last.relays, last.outputs, last.chip or "", None
    if last.chip is not None and not _is_same(chip, last.chip):
        if _is_there(last.chip):
            return last.relays, last.outputs, last.chip, frozenset()
        last = Remembered()
    before = {relay.pin: relay for relay in last.relays}
    merged = {**before, **{relay.pin: relay for relay in _meant(doors, before)}}
    outputs = tuple(one for one in last.outputs if one.pin not in merged)
    ours = frozenset(relay.pin for relay, _ in doors) if said else None
    return tuple(merged.values()), outputs, last.chip or chip, ours


def _meant(doors: list[tuple[Relay, frozenset[str]]], before: dict[int, Relay]) -> Iterator[Relay]:
    """The relays that the settings state explicitly; where nothing was driven yet, their defaults too."""
    for relay, said in doors:
        was = before.get(relay.pin)
        if was is not None:
            yield relay._replace(
                active_high=relay.active_high if "active_high" in said else was.active_high,
                fail_safe=relay.fail_safe if "fail_safe" in said else was.fail_safe,
            )
        elif not before or said & {"pin", "active_high", "fail_safe"}:
            yield relay


def _settings() -> dict[str, Any]:
    named = os.environ.get("LINTEL_CONFIG")
    try:
        return tomllib.loads(Path(named or SETTINGS).read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        if named:
            raise
        return {}


def _doors(said: dict[str, Any]) -> list[dict[str, Any]]:
    """In the layout of today, or in the one before `[[doors]]`."""
    old = {"door", "more_doors", "reader", "more_readers", "camera", "inputs", "outputs"} & set(said)
    if not old:
        return list(said.get("doors", [{}]))
    if "doors" in said or "cameras" in said or "max_frame_age_s" in said.get("access", {}):
        raise ValueError("tables of the old layout and of the new one")
    return [said.get("door", {}), *said.get("more_doors", [])]


def _relay(table: dict[str, Any]) -> Relay:
    if unknown := set(table) - KNOWN:
        raise ValueError(f"a door has no setting {min(unknown)!r}")
    relay = Relay(*(table[name] for name in Relay._fields))
    if not _is_name(relay.name) or not _is_pin(relay.pin) or {type(relay.active_high), type(relay.fail_safe)} != {bool}:
        raise ValueError(f"not a door: {relay}")
    return relay


def _output(table: dict[str, Any]) -> Output:
    output = Output(*(table[name] for name in Output._fields))
    if not _is_name(output.door) or not _is_pin(output.pin) or type(output.active_high) is not bool:
        raise ValueError(f"not an output: {output}")
    return output


def _label(value: object) -> str:
    """A chip's label or path: of no more than a path may have, as the kernel takes it."""
    if not isinstance(value, str) or "\0" in value or len(value) > MOST_PATH:
        raise ValueError("not a GPIO chip")
    return value


def _is_name(value: object) -> bool:
    return isinstance(value, str) and re.search(r"^[a-z][a-z0-9-]{0,31}$", value) is not None


def _is_pin(value: object) -> bool:
    return type(value) is int and 0 <= value <= 27


def remembered() -> Remembered:
    """What the service wrote down; nothing if it did not, or if that can't be read."""
    folder = _runtime()
    with contextlib.suppress(Exception):  # whatever is in it, the settings are there to go by
        found = json.loads((folder / "relays.json").read_bytes())
        if isinstance(found, list):  # as an earlier version wrote it
            outputs: list[Any] = []
            with contextlib.suppress(OSError, ValueError):
                outputs = json.loads((folder / "outputs.json").read_bytes())
            found = {"relays": found, "outputs": outputs}
        chip = found.get("chip")
        return Remembered(
            tuple(_relay({**MAIN, **one}) for one in found.get("relays", ())),
            tuple(_output(one) for one in found.get("outputs", ())),
            None if chip is None else (_label(chip["label"]), _label(chip["path"])),
            str(found.get("state", "")),
        )
    return Remembered()


def _runtime() -> Path:
    named = Path(os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0])
    return named if named.is_absolute() else RUNTIME


def is_evacuated(door: str, remembered_folder: str) -> bool:
    """By the first folder that remembers the door; one of which nothing can be read is not."""
    for folder in _folders(remembered_folder):
        files = [folder / f"door-{door}.{end}" for end in ("json", "mode-a", "mode-b")]
        with contextlib.suppress(Exception):
            if any(file.exists() for file in files):
                return _evacuated_by(*files)
    return False


def _folders(remembered_folder: str) -> Iterator[Path]:
    if remembered_folder:
        yield Path(remembered_folder)
    with contextlib.suppress(Exception):
        yield Path(_settings()["store"]["state_dir"])
    unit = Path(os.environ.get("STATE_DIRECTORY", "").partition(":")[0])
    if unit.is_absolute():
        yield unit
    yield STATE
    own = Path(os.environ.get("XDG_STATE_HOME", ""))
    with contextlib.suppress(RuntimeError):  # a user without a home
        yield (own if own.is_absolute() else Path("~/.local/state").expanduser()) / "lintel"


def _evacuated_by(previous: Path, *slots: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        said = json.loads(previous.read_bytes())
        if set(said) != {"ordered", "switched", "fire"}:
            return False
        return bool(said["ordered"] == "evacuation")
    records = []
    for slot in slots:
        with contextlib.suppress(OSError, ValueError):
            records.append(_record(slot.read_bytes()))
    if not records:
        return False
    newest = max(records, key=lambda record: int(record["sequence"]))
    return bool(newest["ordered"] == "evacuation" or (newest["fire"] and newest["boot"] == _boot()))


def _record(content: bytes) -> dict[str, Any]:
    """Raises `ValueError` for a slot that is damaged."""
    start = len(MAGIC) + 9
    if len(content) != SLOT_BYTES or content[:start] != b"%s%08x " % (MAGIC, zlib.crc32(content[start:])):
        raise ValueError("damaged")
    return dict(json.loads(content[start:]))


def _boot() -> str:
    with contextlib.suppress(OSError):
        return BOOT_ID.read_text(encoding="ascii").strip()
    return ""


def _is_same(stated: str, last: tuple[str, str]) -> bool:
    if not stated:
        return _is_there(last)
    return _resolved(stated) == last[1] if stated.startswith("/") else stated == last[0]


def _is_there(chip: tuple[str, str]) -> bool:
    return (DEVICES / Path(chip[1]).name).exists()


def _resolved(path: str) -> str:
    return f"/dev/{(DEVICES / Path(path).name).resolve().name}"


def opened(wanted: tuple[str, str] | str) -> int:
    """A descriptor of the one chip that is meant. Raises `Failure` unless exactly one is.

    At a quick boot udev gives a chip to its group some moments after the kernel has made its file, so a chip that is
    refused is looked at again for 3 s.
    """
    for _ in range(LOOKS):
        seen, errors = _chips()
        found = [one for one in seen if _matches(one, wanted, seen)]
        if len(found) == 1:
            return found[0][2]
        if errno.EACCES not in errors.values():
            break
        for _, _, descriptor in seen:
            os.close(descriptor)
        time.sleep(LOOK_S)
    listed = [f"{label}, {path}" for label, path, _ in seen]
    listed += [f"{path}: {os.strerror(error)}" for path, error in errors.items()]
    raise Failure(f"expected one GPIO chip {wanted or LABELS}, found {len(found)}; seen: {'; '.join(listed) or 'none'}")


def _chips() -> tuple[list[tuple[str, str, int]], dict[str, int]]:
    """Label, path and descriptor of each, and the errors of those that can't be opened."""
    seen: list[tuple[str, str, int]] = []
    errors: dict[str, int] = {}
    for name in sorted({path.resolve().name for path in DEVICES.glob("gpiochip*")}):
        try:
            descriptor = os.open(DEVICES / name, os.O_RDWR | os.O_CLOEXEC)
            seen.append((label_of(descriptor), f"/dev/{name}", descriptor))
        except OSError as error:
            errors[f"/dev/{name}"] = error.errno or 0
    return seen, errors


def _matches(one: tuple[str, str, int], wanted: tuple[str, str] | str, seen: list[tuple[str, str, int]]) -> bool:
    label, path, _ = one
    if isinstance(wanted, tuple):
        is_alone = sum(each[0] == wanted[0] for each in seen) == 1
        return label == wanted[0] and (is_alone or path == wanted[1])
    if wanted.startswith("/"):
        return path == _resolved(wanted)
    return label == wanted if wanted else label in LABELS


def label_of(chip: int) -> str:
    """The chip's label, from the kernel. Raises `OSError`."""
    info = bytearray(68)
    fcntl.ioctl(chip, GET_INFO, info)
    return bytes(info[32:64]).partition(b"\0")[0].decode(errors="replace")


def drive(chip: int, pin: int, level: int) -> None:
    """Direction and level in one request to the kernel; the pin keeps its level when the request ends.

    Raises `OSError`.
    """
    offsets = (pin, *(0,) * 63)
    request = bytearray(REQUEST.pack(*offsets, b"lintel secure", IS_OUTPUT, 1, OUTPUT_VALUES, 0, level, 1, 1, 0, 0))
    fcntl.ioctl(chip, GET_LINE, request)
    os.close(struct.unpack_from("=i", request, len(request) - 4)[0])


if __name__ == "__main__":
    sys.exit(main())
