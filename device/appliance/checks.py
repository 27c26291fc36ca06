"""The one table of what `lintel doctor` looks at, in the order of its page; each check reads, and has it judged."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from device.appliance import hardware, judging, software, upkeep, wiring
from device.appliance.machine import Machine, newest_backup
from device.appliance.page import Light, Line
from device.appliance.upgrades import upgrade_lines
from device.errors import LintelError
from device.failures import in_words
from device.key_keeping import KeyKeeping
from device.own_store import clock_watch
from device.rule_office import RuleOffice
from device.store.store import Store

_REPORT = "Report this with `lintel --version -v`."


class NoStoreError(Exception):
    """The store can't be looked into, and so is not judged."""


@dataclass(frozen=True, slots=True)
class Check:
    """One row: a stable code, what its line means, and what looks."""

    code: str
    meaning: str
    look: Callable[[Machine], Iterable[Line]]
    without_settings: bool = False
    """Whether it looks also where the settings can't be used."""


def examined(machine: Machine) -> tuple[Line, ...]:
    """All lines. What one check can't find out keeps no other from looking."""
    checks = (check for check in CHECKS if check.without_settings or machine.wrong_settings is None)
    return tuple(chain.from_iterable(_lines(check, machine) for check in checks))


def _lines(check: Check, machine: Machine) -> tuple[Line, ...]:
    try:
        return tuple(check.look(machine))
    except NoStoreError:
        return ()
    except LintelError as error:
        return (Line(check.code, Light.RED, error.message.rstrip("."), error.hint),)
    except Exception as error:  # a library or the system may raise anything
        return (Line(check.code, Light.AMBER, f"can't be checked: {in_words(error)}", _REPORT),)


def _machine(machine: Machine) -> Iterator[Line]:
    board = machine.board()
    if machine.is_simulated:
        hint = "`sudo systemctl start lintel` runs real ones."
        yield Line("machine", Light.AMBER, "the doors that answer are simulated: nothing is locked", hint)
    elif machine.is_pi:
        yield Line("machine", Light.GREEN, board)
    else:
        what = f"a desk, not a Raspberry Pi{f' ({board})' if board else ''}: doors here are simulated only"
        yield Line("machine", Light.AMBER, what, "Fine for trying Lintel: `lintel simulate`.")


def _service(machine: Machine) -> Iterable[Line]:
    return judging.service_lines(machine.doors, machine.unasked, machine.unasked_hint)


def _store(machine: Machine) -> Iterator[Line]:
    if machine.store is None and not machine.no_store:
        yield Line("store", Light.AMBER, "no database was made yet", "`lintel enroll`, or start the service.")
    elif machine.store is None:
        hint = "With sudo, or while the service runs as a member of its group; else docs/store.md."
        yield Line("store", Light.RED, machine.no_store.rstrip("."), hint)
    elif trouble := machine.store.trouble():
        yield Line("store", Light.RED, trouble.rstrip("."), "See docs/store.md.")
    else:
        yield Line("store", Light.GREEN, str(machine.store.path))


def _device_key(machine: Machine) -> Iterator[Line]:
    store = _opened(machine)
    yield judging.key_line(KeyKeeping(store.path.parent, machine.clock).status(store))


def _clock(machine: Machine) -> Iterator[Line]:
    yield judging.clock_line(clock_watch(machine.settings, _opened(machine), machine.clock).reading())


def _chain(machine: Machine) -> Iterator[Line]:
    with _opened(machine).audit() as audit:
        verdict = audit.verify(start=audit.last_checkpoint())
        found = audit.unacknowledged(verdict.findings)
    yield judging.chain_line(verdict.rows, found[0].words if found else "")


def _backup(machine: Machine) -> Iterator[Line]:
    folder = machine.backup_folder()
    if folder is None:
        yield judging.no_backup_line()
        return
    try:
        newest = newest_backup(folder)
    except FileNotFoundError:
        newest = None
    except PermissionError:
        yield judging.unread_backup_line(str(folder))
        return
    yield judging.backup_line(newest, machine.clock.utc(), str(folder))


def _rules(machine: Machine) -> Iterator[Line]:
    yield judging.rules_line(RuleOffice(_opened(machine), machine.settings, machine.clock).check())


def _alarms(machine: Machine) -> Iterator[Line]:
    with _opened(machine).alarms() as alarms:
        yield judging.alarms_line(alarms.open_ones())


def _opened(machine: Machine) -> Store:
    if machine.store is None:
        raise NoStoreError
    return machine.store


CHECKS: tuple[Check, ...] = (
    Check(
        "settings",
        "whether the settings can be used",
        lambda machine: [judging.settings_line(machine.wrong_settings)],
        without_settings=True,
    ),
    Check("machine", "which board it is, and whether its doors are real", _machine, without_settings=True),
    Check("service", "whether the service answers", _service, without_settings=True),
    Check(
        "door",
        "what the service says of each of its doors",
        lambda machine: judging.door_lines(machine.doors or ()),
        without_settings=True,
    ),
    Check("store", "whether the database is there and can be used", _store),
    Check("device-key", "where the device key is, and whether a stolen card has it", _device_key),
    Check("clock", "whether the time of day is trusted", _clock),
    Check("chain", "whether the audit behind its last checkpoint is as it was written", _chain),
    Check("backup", "how old the newest nightly backup is", _backup),
    Check("free-exit", "whether people can always leave", lambda machine: judging.exit_lines(machine.settings.doors)),
    Check(
        "pin-in-clear",
        "a PIN sent over Wiegand is all that a badge needs",
        lambda machine: judging.clear_pin_lines(machine.settings.doors),
    ),
    Check(
        "second-factor",
        "a badge read over Wiegand is enough",
        lambda machine: judging.second_factor_lines(machine.settings.doors),
    ),
    Check(
        "badge-only",
        "a badge alone may open the door",
        lambda machine: judging.badge_only_lines(machine.settings.doors),
    ),
    Check("rules", "what `lintel policy check` finds: doors that no one passes, or everybody", _rules),
    Check("alarms", "alarms that no one has acknowledged", _alarms),
    Check("database", "size, journal and state of the database's file", software.database),
    Check("disk", "free space on the database's disk", software.disk),
    Check("models", "hashes of the models, and the doors' false match rates", software.model_files),
    Check("pad", "what each door demands against presentation attacks, and whether it can ask", software.pads),
    Check("runtime", "what the networks are run with", software.runtime),
    Check("system", "the system and Python", software.system, without_settings=True),
    Check("gpio", "the GPIO chip, and who has it", hardware.gpio),
    Check("camera", "whether each camera is there, or gives fresh frames", hardware.cameras),
    Check("sight", "rate, light and focus of the running cameras", hardware.sights),
    Check("reader", "whether each reader is there", hardware.readers),
    Check(
        "strict-gpiod", "what becomes of pins when the service is killed", hardware.strict_gpiod, without_settings=True
    ),
    Check("relay-boot", "each relay's level from power-on until the service drives it", wiring.relay_boot),
    Check("pins", "who else holds the doors' pins", wiring.pins),
    Check("rtc", "whether a battery clock keeps the time", upkeep.rtc, without_settings=True),
    Check("wear", "errors of the file system, and the flash's life", upkeep.wear, without_settings=True),
    Check("sandbox", "how systemd rates the installed unit", upkeep.sandbox, without_settings=True),
    Check("power", "under-voltage", hardware.power, without_settings=True),
    Check("temperature", "the processor's temperature", hardware.temperature, without_settings=True),
    Check("upgrade", "whether the newest version that was unpacked is in use", upgrade_lines, without_settings=True),
    Check("defaults", "settings that are as delivered", software.defaults),
)
