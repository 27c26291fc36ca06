"""The answers of `lintel setup` as one table: from a file, kept while it is under way, or those of the settings."""

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from device.errors import ConfigError
from device.failures import in_words
from device.files import text_of, write_whole
from device.records import BasisKind, DoorInput, Role
from device.settings.loading import explained
from device.settings.lock import Group, Pin
from device.settings.operators import Account
from device.settings.tables import Settings
from device.settings.writing import toml_lines

NONE = "none"
Line = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200)]


class CameraAnswers(Group, frozen=True):
    """Which camera sees people at the way in."""

    source: Annotated[
        Line, Meta(min_length=1, description="device number or path, `csi:0`, or `none`: go on without a camera")
    ] = "0"


class ReaderAnswers(Group, frozen=True):
    """Where badges come from."""

    kind: Annotated[
        Literal["wiegand", "osdp", "wedge", "rdm6300", "pn532", "lines", "socket"],
        Meta(description="kind of the reader; `lintel readers list` explains each"),
    ] = "wedge"
    source: Annotated[Line, Meta(description="its device or socket; not used by `wiegand`")] = ""
    data0_pin: Annotated[Pin | None, Meta(description="GPIO number (BCM) of Wiegand's data 0")] = None
    data1_pin: Annotated[Pin | None, Meta(description="GPIO number (BCM) of Wiegand's data 1")] = None


class RelayAnswers(Group, frozen=True):
    """The lock, and the wires besides it."""

    lock: Annotated[
        Literal["strike", "magnet"],
        Meta(description="`strike` is locked without power (fail-secure), `magnet` open without power (fail-safe)"),
    ] = "strike"
    pin: Annotated[Pin, Meta(description="GPIO number (BCM) of the relay's input")] = 17
    active_high: Annotated[
        bool | None,
        Meta(description="true if a high level energizes the relay; left out: found out, with someone watching"),
    ] = None
    exit_button_pin: Annotated[Pin | None, Meta(description="GPIO number (BCM) of the exit button")] = None
    contact_pin: Annotated[
        Pin | None, Meta(description="GPIO number (BCM) of the door's contact, which opens with the door")
    ] = None


class BootAnswers(Group, frozen=True):
    """What the Pi's firmware is asked for."""

    strict_gpiod: Annotated[
        bool, Meta(description="true writes `dtparam=strict_gpiod`: a pin that no program holds is an input")
    ] = True


class OperatorAnswers(Group, frozen=True):
    """Who administers the door without sudo."""

    login: Annotated[Account, Meta(description="user of the system; empty: root alone")] = ""
    role: Annotated[Role, Meta(description="what they may do")] = Role.ADMIN


class KeyAnswers(Group, frozen=True):
    """The key to what lies sealed in the store."""

    store: Annotated[
        Literal["file", "otp", "tpm"],
        Meta(description="where it is kept; `lintel keys restore --store` moves it, also under a passphrase"),
    ] = "file"


class ServiceAnswers(Group, frozen=True):
    """The service."""

    start: Annotated[bool, Meta(description="true starts it now and after each boot")] = True


class PersonAnswers(Group, frozen=True):
    """Who is enrolled first, and opens the door at the end."""

    name: Annotated[Line, Meta(description="their name; empty: enroll no one now")] = ""
    badge: Annotated[Line, Meta(description="their badge; empty: the next one at the reader")] = ""
    basis: Annotated[BasisKind, Meta(description="legal basis of their face data")] = BasisKind.CONSENT
    pictures: Annotated[int, Meta(ge=1, le=20, description="how many pictures to take")] = 5


class ProofAnswers(Group, frozen=True):
    """How it is found out that a step worked."""

    watched: Annotated[
        bool,
        Meta(description="true: someone stands at the door and answers here; false: what needs eyes stays unproven"),
    ] = True


class Answers(Group, frozen=True):
    """All answers, a table for each step."""

    camera: CameraAnswers = CameraAnswers()
    reader: ReaderAnswers = ReaderAnswers()
    relay: RelayAnswers = RelayAnswers()
    boot: BootAnswers = BootAnswers()
    operator: OperatorAnswers = OperatorAnswers()
    keys: KeyAnswers = KeyAnswers()
    service: ServiceAnswers = ServiceAnswers()
    person: PersonAnswers = PersonAnswers()
    proofs: ProofAnswers = ProofAnswers()


class Given(NamedTuple):
    """Answers, and the names of the tables that were stated: the others are defaults."""

    answers: Answers = Answers()
    stated: frozenset[str] = frozenset()

    def with_table(self, name: str, table: msgspec.Struct) -> "Given":
        """The same with this table stated."""
        return Given(msgspec.structs.replace(self.answers, **{name: table}), self.stated | {name})


def read_answers(path: Path) -> Given:
    """The answers in a TOML file. Raises `ConfigError` with the place of what is wrong."""
    hint = "`lintel setup --print-answers` prints a file with every answer."
    try:
        said: dict[str, Any] = msgspec.toml.decode(text_of(path.read_bytes()))
        answers = msgspec.convert(said, Answers)
    except OSError as error:
        raise ConfigError(f"Cannot read the answers in {path}: {in_words(error)}.", hint=hint) from None
    except msgspec.ValidationError as error:
        why = explained(str(error), Answers)
        raise ConfigError(f"The answers in {path} are wrong: {why}.", hint=hint) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"The answers in {path} are wrong: {error}.", hint=hint) from None
    return Given(answers, frozenset(said))


def written(given: Given, *, only_stated: bool = False) -> str:
    """The answers as a file that `read_answers` reads, with the meaning of each."""
    names = [name for name in Answers.__struct_fields__ if not only_stated or name in given.stated]
    tables = {name: msgspec.structs.asdict(getattr(given.answers, name)) for name in names}
    return "\n".join(toml_lines(tables, root=Answers)) + "\n"


def keep(path: Path, given: Given) -> None:
    """Puts the answers so far beside the settings, whole or not at all. Raises `ConfigError`."""
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_whole(path, written(given, only_stated=True).encode(), durable=True, mode=0o600)
    except OSError as error:
        raise ConfigError(
            f"Cannot keep the answers in {path}: {in_words(error)}.", hint="Run it with sudo: `sudo lintel setup`."
        ) from None


def answers_of(settings: Settings) -> Answers:
    """What the settings say already, of the first door, its first reader and the first camera."""
    door, camera = settings.doors[0], settings.cameras[0]
    reader = door.readers[0]
    pins = {wire.signal: wire.pin for wire in door.inputs}
    first = next((one for one in settings.operators if one.login), None)
    return Answers(
        camera=CameraAnswers(source=camera.source),
        reader=ReaderAnswers(
            kind=reader.kind,
            source="" if reader.source == "stdin" else reader.source,
            data0_pin=reader.data0_pin,
            data1_pin=reader.data1_pin,
        ),
        relay=RelayAnswers(
            lock="magnet" if door.fail_safe else "strike",
            pin=door.pin,
            active_high=door.active_high,
            exit_button_pin=pins.get(DoorInput.REX),
            contact_pin=pins.get(DoorInput.DPS),
        ),
        operator=OperatorAnswers(login=first.login, role=first.role) if first else OperatorAnswers(),
    )
