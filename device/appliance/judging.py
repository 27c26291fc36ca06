"""What is good and bad about the facts that `lintel doctor` reads. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from device.appliance.page import Light, Line
from device.errors import LintelError
from device.key_keeping import KeyStatus
from device.policy.clock_state import ClockReading
from device.policy.rules_check import Finding, Weight
from device.records import Alarm, AlarmKind, DoorState, DoorStatus
from device.records.rulings import ClockState
from device.settings.tables import DoorSettings
from device.store.vault.stops import NO

LATE, LOST = timedelta(days=2), timedelta(days=14)
"""Ages of the newest backup from which it is late, and from which as good as none."""
_KEYS_PAGE = "Keep it in the Pi's fuses, a TPM or behind a passphrase: docs/keys.md."
_BACKUP_PAGE = "Set it up: docs/backup.md."


def key_line(status: KeyStatus) -> Line:
    """Where the device key is, and what that does not stop."""
    if status.trouble:
        return Line("device-key", Light.RED, _phrase(status.trouble), " ".join(status.advice) or "See docs/keys.md.")
    if not status.key:
        return Line("device-key", Light.AMBER, "none was made yet", "`sudo lintel keys init`, or enroll someone.")
    if status.stops is not None and status.stops.stolen_card == NO:
        return Line("device-key", Light.AMBER, f"kept in a {status.kind}; a stolen card has it too", _KEYS_PAGE)
    return Line("device-key", Light.GREEN, f"kept by {status.kind}; a stolen card does not have it")


def clock_line(reading: ClockReading) -> Line:
    """Whether the time of day counts."""
    if reading.state is not ClockState.UNTRUSTED:
        return Line("clock", Light.GREEN, f"{reading.state}, {reading.now:%Y-%m-%d %H:%M} UTC")
    why = f": {reading.doubt}" if reading.doubt else ""
    return Line("clock", Light.RED, f"not trusted{why}", "Let it be synchronized, or look and `lintel clock accept`.")


def chain_line(rows: int, broken: str) -> Line:
    """The audit behind its last checkpoint; `broken` is what no operator has acknowledged, "" for nothing."""
    if broken:
        return Line("chain", Light.RED, f"broken: {_phrase(broken)}", "`lintel audit verify`, then docs/audit.md.")
    return Line("chain", Light.GREEN, f"verified behind the last checkpoint ({rows} row{'s' * (rows != 1)})")


def backup_line(newest: datetime | None, now: datetime, folder: str) -> Line:
    """The age of the newest backup in the unit's folder; None if it has none."""
    if newest is None:
        return Line("backup", Light.RED, f"none in {folder}", "`systemctl status lintel-backup.timer`; docs/backup.md.")
    age = now - newest
    if age < -timedelta(hours=1):
        return Line("backup", Light.AMBER, f"the newest one in {folder} is of a time to come", "Look at the clock.")
    light = Light.RED if age > LOST else Light.AMBER if age > LATE else Light.GREEN
    hint = "" if light is Light.GREEN else "`journalctl --unit lintel-backup` says why it made no newer one."
    return Line("backup", light, f"{_age(age)} old, in {folder}", hint)


def no_backup_line() -> Line:
    """No nightly backup is set up."""
    return Line("backup", Light.AMBER, "no nightly backup is set up", _BACKUP_PAGE)


def unread_backup_line(folder: str) -> Line:
    """The folder can't be looked into."""
    return Line("backup", Light.AMBER, f"this user can't look into {folder}", "Run it with sudo.")


def exit_lines(doors: Iterable[DoorSettings]) -> Iterator[Line]:
    """Doors whose exit readers may refuse, and the other way out of each."""
    for door in doors:
        if door.egress != "controlled":
            yield Line("free-exit", Light.GREEN, "free at all times", about=door.name)
        elif door.free_exit is None:
            hint = "Set `free_exit` of the door to what lets people out."
            yield Line("free-exit", Light.RED, "exit readers may refuse; no other way is named", hint, door.name)
        else:
            what = f"exit readers may refuse; the other way is: {door.free_exit}"
            yield Line("free-exit", Light.AMBER, what, "Try it by hand, with the power off too.", door.name)


def clear_pin_lines(doors: Iterable[DoorSettings]) -> Iterator[Line]:
    """Doors where a PIN that is sent in the clear is all that a badge needs."""
    for door in doors:
        pads = [one.name for one in door.readers if one.kind == "wiegand" and one.keypad != "none"]
        if pads and (by := _pin_settings(door)):
            what = f"`{by}`, and the keypad of {', '.join(pads)} sends PINs in the clear (Wiegand)"
            hint = "Use an OSDP keypad, or demand the face as well: `badge+face+pin`."
            yield Line("pin-in-clear", Light.AMBER, what, hint, door.name)


def second_factor_lines(doors: Iterable[DoorSettings]) -> Iterator[Line]:
    """Doors with a Wiegand reader at the way in where a copied badge is enough."""
    for door in doors:
        readers = [one.name for one in door.readers if one.kind == "wiegand" and one.direction == "entry"]
        if readers and (by := _badge_settings(door)):
            what = f"`{by}`, and anyone at the wires of {', '.join(readers)} reads and repeats badges (Wiegand)"
            yield Line("second-factor", Light.AMBER, what, "Demand the face, or use OSDP.", door.name)


def badge_only_lines(doors: Iterable[DoorSettings]) -> Iterator[Line]:
    """Doors that a badge alone may open."""
    for door in doors:
        if door.i_accept_badge_only:
            hint = "Take `i_accept_badge_only` out once it is not needed."
            yield Line("badge-only", Light.AMBER, "a found or copied badge may open it by itself", hint, door.name)


def rules_line(found: Sequence[Finding]) -> Line:
    """What `lintel policy check` finds, the worst first."""
    counts = {weight: sum(one.weight is weight for one in found) for weight in Weight}
    if not counts[Weight.ERROR] and not counts[Weight.WARNING]:
        return Line("rules", Light.GREEN, f"nothing wrong, {counts[Weight.NOTE]} notes by `lintel policy check`")
    light = Light.RED if counts[Weight.ERROR] else Light.AMBER
    said = f"{counts[Weight.ERROR]} errors and {counts[Weight.WARNING]} warnings, first {found[0].about}"
    return Line("rules", light, f"{said}: {_phrase(found[0].what)}", "`lintel policy check` has all of them.")


def alarms_line(alarms: Iterable[Alarm]) -> Line:
    """How many alarms wait for an operator. Duress is left out: this page may hang at a wall."""
    count = sum(alarm.kind is not AlarmKind.DURESS for alarm in alarms)
    if not count:
        return Line("alarms", Light.GREEN, "none is open")
    return Line("alarms", Light.AMBER, f"{count} open", "`lintel alarms` lists them; acknowledge each by name.")


def settings_line(wrong: LintelError | None) -> Line:
    """Whether the settings can be used, or why not."""
    if wrong is None:
        return Line("settings", Light.GREEN, "in order")
    hint = f"{wrong.hint} A running service keeps those that it began with; nothing of the settings is judged below."
    return Line("settings", Light.RED, _phrase(wrong.message), hint)


def service_lines(doors: Sequence[DoorStatus] | None, unasked: str, hint: str = "") -> Iterator[Line]:
    """What the running service says of its doors; None if none answers. `unasked` says why it can't be asked, and
    `hint` what to do about that.
    """
    if unasked:
        yield Line("service", Light.RED, _phrase(unasked), hint)
        return
    if doors is None:
        yield Line("service", Light.AMBER, "not running here", "`sudo systemctl start lintel`.")
        return
    yield Line("service", Light.GREEN, f"running, {len(doors)} door{'s' * (len(doors) != 1)}")


def door_lines(doors: Iterable[DoorStatus]) -> Iterator[Line]:
    """A line for each trouble of a door, or that there is none."""
    for door in doors:
        if door.state is DoorState.FAULT:
            yield Line("door", Light.RED, "in fault", "`lintel door status` and `journalctl --unit lintel`.", door.door)
        for trouble in door.troubles:
            yield Line("door", Light.RED, _phrase(trouble), "`lintel door status`; docs/door.md.", door.door)
        if door.state is not DoorState.FAULT and not door.troubles:
            yield Line("door", Light.GREEN, f"{door.state}, no trouble", about=door.door)


def _pin_settings(door: DoorSettings) -> str:
    if door.mode in ("badge+pin", "badge+face-or-pin"):
        return f"mode = {door.mode}"
    if door.without_face == "badge+pin":
        return "without_face = badge+pin"
    return "when_missing = badge+pin" if door.when_missing == "badge+pin" else ""


def _badge_settings(door: DoorSettings) -> str:
    if door.mode == "badge":
        return "mode = badge"
    return "when_missing = badge" if door.when_missing == "badge" else ""


def _phrase(text: str) -> str:
    return text.strip().removesuffix(".")


def _age(age: timedelta) -> str:
    hours = max(0, int(age.total_seconds() // 3600))
    return f"{hours} h" if hours < 72 else f"{hours // 24} days"
