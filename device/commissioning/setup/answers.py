"""The answers of `lintel setup` as one table, with a table for each door."""

from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from device.records import BasisKind, Role
from device.settings.lock import Group, Pin
from device.settings.operators import Account

NONE = "none"
FIRST = "main"
"""The name of the first door where nothing names it."""
DoorName = Annotated[str, Meta(pattern=r"^([a-z][a-z0-9-]{0,31})?$")]
Line = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200)]


class CameraAnswers(Group, frozen=True):
    """Which camera sees people at the way in."""

    source: Annotated[
        Line, Meta(min_length=1, description="device number or path, `csi:0`, or `none`: go on without a camera")
    ] = "0"


class PortAnswers(Group, frozen=True):
    """Where a reader is connected."""

    kind: str = NONE
    source: Annotated[Line, Meta(description="its device or socket; not used by `wiegand`")] = ""
    address: Annotated[int, Meta(ge=0, le=126, description="address of an `osdp` reader on its line")] = 0
    data0_pin: Annotated[Pin | None, Meta(description="GPIO number (BCM) of Wiegand's data 0")] = None
    data1_pin: Annotated[Pin | None, Meta(description="GPIO number (BCM) of Wiegand's data 1")] = None


class ReaderAnswers(PortAnswers, frozen=True):
    """Where badges come from."""

    kind: Annotated[
        Literal["wiegand", "osdp", "wedge", "rdm6300", "pn532", "lines", "socket"],
        Meta(description="kind of the reader; `lintel readers list` explains each"),
    ] = "wedge"


class ExitReaderAnswers(PortAnswers, frozen=True):
    """The reader on the other side, by which people leave; no camera sees them."""

    kind: Annotated[
        Literal["none", "wiegand", "osdp", "wedge", "rdm6300", "pn532", "lines", "socket"],
        Meta(description="kind of the reader at the way out, or `none`"),
    ] = "none"


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


class DoorAnswers(Group, frozen=True):
    """One door."""

    name: Annotated[DoorName, Meta(description="name of the door; the first one may go without")] = ""
    camera: CameraAnswers = CameraAnswers(source=NONE)
    reader: ReaderAnswers = ReaderAnswers()
    exit_reader: ExitReaderAnswers = ExitReaderAnswers()
    relay: RelayAnswers = RelayAnswers()


DOOR_TABLES = tuple(name for name in DoorAnswers.__struct_fields__ if name != "name")


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

    doors: Annotated[tuple[DoorAnswers, ...], Meta(max_length=16)] = ()
    boot: BootAnswers = BootAnswers()
    operator: OperatorAnswers = OperatorAnswers()
    keys: KeyAnswers = KeyAnswers()
    service: ServiceAnswers = ServiceAnswers()
    person: PersonAnswers = PersonAnswers()
    proofs: ProofAnswers = ProofAnswers()


class Place(NamedTuple):
    """A table of answers: its name, and its door's, if it is one of a door."""

    table: str
    door: str | None = None


class Given(NamedTuple):
    """Answers, and the tables that were stated: the others are defaults."""

    answers: Answers = Answers()
    stated: frozenset[Place] = frozenset()

    @property
    def doors(self) -> tuple[str, ...]:
        """The doors' names."""
        return tuple(door.name for door in self.answers.doors)

    def door(self, name: str) -> DoorAnswers:
        """The door of that name, or one of which nothing is known."""
        return next((door for door in self.answers.doors if door.name == name), DoorAnswers(name=name))

    def with_door(self, door: DoorAnswers) -> "Given":
        """The same with this door, in the place of the one of its name or behind the others."""
        doors = [door if one.name == door.name else one for one in self.answers.doors]
        doors += [door] if door.name not in self.doors else []
        return self._replace(answers=msgspec.structs.replace(self.answers, doors=tuple(doors)))

    def at(self, place: Place) -> msgspec.Struct:
        """The table there."""
        table: msgspec.Struct = getattr(self.answers if place.door is None else self.door(place.door), place.table)
        return table

    def with_table(self, place: Place, table: msgspec.Struct) -> "Given":
        """The same with this table stated."""
        if place.door is None:
            given = self._replace(answers=msgspec.structs.replace(self.answers, **{place.table: table}))
        else:
            given = self.with_door(msgspec.structs.replace(self.door(place.door), **{place.table: table}))
        return given._replace(stated=self.stated | {place})

    def called(self, first: str) -> "Given":
        """The same with a name for the door that has none."""
        doors = tuple(msgspec.structs.replace(one, name=one.name or first) for one in self.answers.doors)
        stated = frozenset(Place(one.table, first) if one.door == "" else one for one in self.stated)
        return Given(msgspec.structs.replace(self.answers, doors=doors), stated)
