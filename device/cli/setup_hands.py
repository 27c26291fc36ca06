"""What `lintel setup` has other rooms do, and the person at the terminal."""

import os
import pwd
import queue
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import click

from device.cli.enrollment import enroll_at
from device.cli.hardware import Person
from device.cli.text.audit_rows import row_line
from device.clock import SystemClock
from device.commissioning.alone import refuse_in_emergency, refuse_to_stop_in_emergency, service_runs
from device.commissioning.at_readers import events, give_key, watched
from device.commissioning.setup import found, unit
from device.commissioning.setup.answers import PersonAnswers
from device.commissioning.setup.found import Choice
from device.commissioning.setup.pulse import Pulses
from device.commissioning.setup.site import Hands
from device.commissioning.walkthrough import Installer, Result, Walkthrough, board_bench
from device.control.client import Client, ask_doors, control_socket
from device.control.messages import Row
from device.credentials import format_badge
from device.door.wires.chip import find_chip
from device.errors import CameraError, DoorError, LintelError
from device.key_keeping import KeyKeeping, new_lock
from device.own_store import open_store
from device.records import BadgeRead, Grounds
from device.settings.loading import state_dir
from device.settings.tables import CameraSettings, DoorSettings, ReaderSettings, Settings
from device.store.vault.otp import OtpLock
from device.store.vault.stops import KeyStore
from device.terminal import say

FRAME_S, BADGE_S, OPENED_S, WIRE_S, KEY_S = 15.0, 30.0, 60.0, 30.0, 30.0


class SetupPerson(Person):
    """`Terminal` at this one."""

    def __init__(self) -> None:
        super().__init__(aside=False)

    def agree(self, question: str) -> bool:
        """Yes by default."""
        return click.confirm(question, default=True)

    def choose(self, question: str, choices: Sequence[Choice], default: str) -> str:
        """By its number, by its value, or typed."""
        say(question)
        for number, one in enumerate(choices, 1):
            say(f"  {number}  {one.value}{f'  ({one.words})' if one.words else ''}")
        typed = self.ask("Number, or type it", default)
        if len(typed) <= 3 and typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(choices):
            return choices[int(typed) - 1].value
        return typed

    def ask(self, question: str, default: str) -> str:
        """A line, without spaces around it."""
        typed: str = click.prompt(question, default=default)
        return typed.strip()


def hands(root: Path) -> Hands:
    """The real ones, on this machine."""
    return Hands(
        cameras=partial(found.cameras, root),
        ports=partial(found.ports, root),
        chip=lambda chip: str(find_chip(chip)),
        frame=_frame,
        badge=_badge,
        give_key=lambda settings, reader: give_key(settings, reader, KEY_S, install=False),
        pulses=_pulses,
        wires=_wires,
        is_known=_is_known,
        let_speak=unit.let_speak,
        has_key=_has_key,
        make_key=_make_key,
        let_reach=partial(unit.let_reach, root),
        runs=service_runs,
        start=unit.start,
        may_stop=refuse_to_stop_in_emergency,
        stop=unit.stop,
        troubles=_troubles,
        enroll=_enroll,
        opened=_opened,
    )


def _frame(camera_settings: CameraSettings) -> str:
    from device.cameras.sources import open_live_camera

    clock = SystemClock()
    until = clock.monotonic() + FRAME_S
    with closing(open_live_camera(camera_settings, clock)) as camera:
        while (left := until - clock.monotonic()) > 0:
            if (frame := camera.read(left)) is not None:
                height, width = frame.image.shape[:2]
                return f"{width} x {height} pixels"
    raise CameraError(
        f"The camera gave no picture within {FRAME_S:.0f} s.", hint="Plug it in again, or choose another one."
    )


def _badge(settings: Settings, at: ReaderSettings) -> str:
    with watched(settings, (at,)) as (reader, clock, _):
        say(f"  Present any badge at the reader now ({BADGE_S:.0f} s).")
        for event in events(reader, clock, BADGE_S):
            if isinstance(event, BadgeRead) and event.credential is not None:
                return format_badge(event.credential)
            if isinstance(event, BadgeRead):
                say(f"  It sent something else than a badge: {event.fault}.")
    return ""


def _pulses(settings: Settings) -> Pulses:
    refuse_in_emergency(settings)
    return Pulses(settings.gpio.chip)


def _wires(settings: Settings, door: DoorSettings, installer: Installer) -> Sequence[str]:
    with board_bench(settings) as bench:
        tried = tuple(Walkthrough(bench, installer, WIRE_S).through(door))
    return [f"{one.wire} on {one.place} {one.result}: {one.detail}" for one in tried if one.result is not Result.WORKS]


def _is_known(login: str) -> bool:
    with suppress(KeyError, OSError):
        return bool(pwd.getpwnam(login))
    return False


def _has_key(settings: Settings) -> bool:
    with open_store(settings) as store:
        return store.vault.known_key() is not None


def _make_key(settings: Settings, kind: str) -> str:
    lock = new_lock(KeyStore(kind), None)
    if isinstance(lock, OtpLock) and lock.is_empty:
        click.confirm("Burn 32 random bytes into this Pi's fuses? This is for good.", abort=True)
        lock.burn()
    with open_store(settings) as store:
        made = KeyKeeping(state_dir(settings), SystemClock()).made(store, lock)
    return f"Made the device key {made.id}: {made.place}"


def _troubles(door: str) -> Sequence[str]:
    socket = control_socket()
    doors = ask_doors(socket, door=door) if socket else None
    return doors[0].troubles if doors else ("it doesn't answer yet: `lintel door status`.",)


def _enroll(settings: Settings, person: PersonAnswers) -> str:
    from device.cli.text.door_events import enrolled_lines

    grounds = Grounds(person.basis, "", "", f"lintel setup, user {os.getuid()}")
    report = enroll_at(person.badge or None, person.name, settings.doors[0].name, person.pictures, grounds)
    return "\n  ".join(enrolled_lines(report))


def _opened(door: str) -> str:
    """The next grant at the door, from the service's own stream."""
    socket = control_socket()
    if socket is None:
        raise DoorError("No service answers.", hint="Start it: `sudo systemctl start lintel`.")
    rows: queue.Queue[Row | LintelError] = queue.Queue()

    def listen() -> None:
        try:
            for update in Client(socket).subscribe():
                if isinstance(update, Row):
                    rows.put(update)
        except LintelError as error:
            rows.put(error)

    threading.Thread(target=listen, name="setup-rows", daemon=True).start()
    clock = SystemClock()
    until = clock.monotonic() + OPENED_S
    with suppress(queue.Empty):
        while (left := until - clock.monotonic()) > 0:
            said = rows.get(timeout=left)
            if isinstance(said, LintelError):
                raise said
            if said.door == door and said.outcome is not None:
                say(f"  {row_line(said)}")
            if said.door == door and said.outcome == "granted":
                return "GRANTED: the door is open."
    return ""
