"""The answers of `lintel setup` as TOML: a file of an installer's, what is kept on the way, those of the settings."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from device.commissioning.setup.answers import (
    DOOR_TABLES,
    FIRST,
    Answers,
    CameraAnswers,
    DoorAnswers,
    ExitReaderAnswers,
    Given,
    OperatorAnswers,
    Place,
    ReaderAnswers,
    RelayAnswers,
)
from device.errors import ConfigError
from device.failures import in_words
from device.files import text_of, write_whole
from device.records import DoorInput
from device.settings.loading import explained
from device.settings.tables import DoorSettings, ReaderSettings, Settings
from device.settings.writing import toml_lines

_HINT = "`lintel setup --print-answers` prints a file with every answer."


def read_answers(path: Path) -> Given:
    """The answers in a TOML file. Raises `ConfigError` with the place of what is wrong."""
    try:
        said: dict[str, Any] = msgspec.toml.decode(text_of(path.read_bytes()))
        answers = msgspec.convert(said, Answers)
        _refuse_names([door.name for door in answers.doors])
    except OSError as error:
        raise ConfigError(f"Cannot read the answers in {path}: {in_words(error)}.", hint=_HINT) from None
    except msgspec.ValidationError as error:
        why = explained(str(error), Answers)
        raise ConfigError(f"The answers in {path} are wrong: {why}.", hint=_HINT) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"The answers in {path} are wrong: {error}.", hint=_HINT) from None
    return Given(answers, frozenset(_places(said)))


def _refuse_names(names: list[str]) -> None:
    """The first door may go without a name. Raises `ValueError`."""
    if "" in names[1:]:
        raise ValueError("each of [[doors]] but the first needs a `name`")
    if len(set(names)) < len(names):
        raise ValueError("two of [[doors]] have one `name`")


def _places(said: Mapping[str, Any]) -> Iterator[Place]:
    """The tables that are there."""
    yield from (Place(name) for name in said if name != "doors")
    for door in said.get("doors", ()):
        yield from (Place(name, door.get("name", "")) for name in DOOR_TABLES if name in door)


def written(given: Given, *, only_stated: bool = False) -> str:
    """The answers as a file that `read_answers` reads, with the meaning of each."""

    def tables(names: Iterable[str], door: str | None = None) -> dict[str, Any]:
        places = (Place(name, door) for name in names)
        return {
            place.table: msgspec.structs.asdict(given.at(place))
            for place in places
            if not only_stated or place in given.stated
        }

    doors = [{"name": name, **tables(DOOR_TABLES, name)} for name in given.doors]
    rest = tables(name for name in Answers.__struct_fields__ if name != "doors")
    return "\n".join(toml_lines({**({"doors": doors} if doors else {}), **rest}, root=Answers)) + "\n"


def keep(path: Path, given: Given) -> None:
    """Puts the answers so far beside the settings, whole or not at all. Raises `ConfigError`."""
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_whole(path, written(given, only_stated=True).encode(), durable=True, mode=0o600)
    except OSError as error:
        raise ConfigError(
            f"Cannot keep the answers in {path}: {in_words(error)}.", hint="Run it with sudo: `sudo lintel setup`."
        ) from None


def answers_of(settings: Settings) -> Given:
    """What the settings say already: of each door its camera, one reader for each direction, its relay and wires."""
    first = next((one for one in settings.operators if one.login), None)
    operator = OperatorAnswers(login=first.login, role=first.role) if first else OperatorAnswers()
    doors = tuple(_door(settings, door) for door in settings.doors)
    places = {Place(table, door.name) for door in doors for table in DOOR_TABLES}
    return Given(Answers(doors=doors, operator=operator), frozenset({*places, Place("operator")}))


def _door(settings: Settings, door: DoorSettings) -> DoorAnswers:
    entry, leaves = entry_reader(door), exit_reader(door)
    pins = {wire.signal: wire.pin for wire in door.inputs}
    camera = next((one for one in settings.cameras if one.name == (entry.camera or door.camera)), settings.cameras[0])
    return DoorAnswers(
        name=door.name,
        camera=CameraAnswers(source=camera.source),
        reader=ReaderAnswers(**_reader(entry)),
        exit_reader=ExitReaderAnswers(**_reader(leaves)) if leaves else ExitReaderAnswers(),
        relay=RelayAnswers(
            lock="magnet" if door.fail_safe else "strike",
            pin=door.pin,
            active_high=door.active_high,
            exit_button_pin=pins.get(DoorInput.REX),
            contact_pin=pins.get(DoorInput.DPS),
        ),
    )


def entry_reader(door: DoorSettings) -> ReaderSettings:
    """The first at the way in; the first of all where there is none."""
    return next((one for one in door.readers if one.direction == "entry"), door.readers[0])


def exit_reader(door: DoorSettings) -> ReaderSettings | None:
    """The first at the way out, if there is one."""
    return next((one for one in door.readers if one.direction == "exit" and one is not entry_reader(door)), None)


def _reader(reader: ReaderSettings) -> dict[str, Any]:
    source = "" if reader.source == "stdin" else reader.source
    pins = {"data0_pin": reader.data0_pin, "data1_pin": reader.data1_pin}
    return {"kind": reader.kind, "source": source, "address": reader.address, **pins}


def first_name(*known: Given | None) -> str:
    """The first door's name, of the answers that have one."""
    return next((given.doors[0] for given in known if given and given.doors and given.doors[0]), FIRST)
