"""The questions of `lintel setup`, a function for each table of answers; what is typed is checked at once."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from device.commissioning.setup.answers import (
    NONE,
    BootAnswers,
    CameraAnswers,
    DoorAnswers,
    ExitReaderAnswers,
    Given,
    KeyAnswers,
    OperatorAnswers,
    PersonAnswers,
    PortAnswers,
    ReaderAnswers,
    RelayAnswers,
    ServiceAnswers,
)
from device.commissioning.setup.found import Choice
from device.commissioning.setup.site import Site
from device.records import BasisKind, Role

Table = TypeVar("Table")
Reader = TypeVar("Reader", bound=PortAnswers)
PINS = "0 to 27"
WIEGAND = Choice("wiegand", "two wires at the header")
KINDS = (
    Choice("osdp", "OSDP on RS-485, encrypted"),
    Choice("pn532", "PN532, reads cards itself"),
    Choice("rdm6300", "RDM6300, 125 kHz"),
    Choice("lines", "sends a line of text for each badge"),
)


def camera(site: Site, _now: CameraAnswers) -> CameraAnswers:
    """Which camera, of those that are there."""
    found = _free(site, site.hands.cameras())
    if not found:
        site.say("No camera was found. Plug one in and answer `again`; or type a device, or `none` to go on without.")
    choices = (*found, Choice("again", "look again"), Choice(NONE, "go on without: no face can be verified"))

    def asked() -> CameraAnswers:
        picked = site.terminal.choose("Which camera sees people at the way in?", choices, choices[0].value)
        return msgspec.convert({"source": picked}, CameraAnswers)

    picked = _checked(asked, site)
    return camera(site, _now) if picked.source == "again" else picked


def _free(site: Site, found: Sequence[Choice]) -> tuple[Choice, ...]:
    return tuple(one for one in found if one.value not in site.taken)


def reader(site: Site, now: ReaderAnswers) -> ReaderAnswers:
    """Which reader, of the ports that are there, or on Wiegand's two wires."""
    found = _free(site, site.hands.ports())
    if not found:
        site.say("No port or device of a reader was found. A Wiegand reader shows only when a badge is presented.")
    choices = (*found, WIEGAND, Choice("again", "look again"))
    picked = site.terminal.choose("Where do badges come from?", choices, choices[0].value)
    return reader(site, now) if picked == "again" else _reader_at(site, picked, now, ReaderAnswers)


def exit_reader(site: Site, now: ExitReaderAnswers) -> ExitReaderAnswers:
    """Which reader at the way out, if there is one."""
    choices = (Choice(NONE, "people leave by the handle or a button"), *_free(site, site.hands.ports()), WIEGAND)
    picked = site.terminal.choose("By which reader do people leave?", choices, NONE)
    return ExitReaderAnswers() if picked == NONE else _reader_at(site, picked, now, ExitReaderAnswers)


def _reader_at(site: Site, picked: str, now: PortAnswers, form: type[Reader]) -> Reader:
    if picked == "wiegand":
        zero = _pin(site, "GPIO number (BCM) of data 0 (green)", 23 if now.data0_pin is None else now.data0_pin)
        one = _pin(site, "and of data 1 (white)", 24 if now.data1_pin is None else now.data1_pin)
        return form(kind="wiegand", data0_pin=zero, data1_pin=one)
    kind = "wedge" if picked.startswith("/dev/input/") else "socket" if picked.endswith(".sock") else ""

    def asked() -> Reader:
        said: dict[str, object] = {"source": picked}
        said["kind"] = kind or site.terminal.choose("What kind of reader is at this port?", KINDS, "osdp")
        if said["kind"] == "osdp":
            said["address"] = _number(site.terminal.ask("Its address on the line", str(now.address)))
        return msgspec.convert(said, form)

    return _checked(asked, site)


def _number(typed: str) -> object:
    """What is no number is left as it is, for its table to refuse."""
    return int(typed) if len(typed) <= 3 and typed.isascii() and typed.isdigit() else typed


def relay(site: Site, now: RelayAnswers) -> RelayAnswers:
    """The lock and its wires. The polarity is found out, never asked."""
    locks = (
        Choice("strike", "locked without power (fail-secure)"),
        Choice("magnet", "open without power (fail-safe)"),
    )
    lock = _checked(
        lambda: (
            msgspec.convert({"lock": site.terminal.choose("What locks the door?", locks, now.lock)}, RelayAnswers).lock
        ),
        site,
    )
    return RelayAnswers(
        lock=lock,
        pin=_pin(site, "GPIO number (BCM) of the relay's input", now.pin),
        exit_button_pin=_maybe_pin(site, "GPIO of the exit button", now.exit_button_pin),
        contact_pin=_maybe_pin(site, "GPIO of the door's contact", now.contact_pin),
    )


def another(site: Site, given: Given) -> str:
    """The name of one more door; "" for no more."""

    def asked() -> str:
        typed = site.terminal.ask("Name of another door of this Pi (- for no more)", "-")
        if typed != "-" and typed in given.doors:
            raise ValueError(f"there is a door {typed} already")
        return "" if typed == "-" else msgspec.convert({"name": typed}, DoorAnswers).name

    return _checked(asked, site)


def boot(site: Site, _now: BootAnswers) -> BootAnswers:
    """Whether the firmware is asked for `strict_gpiod`."""
    site.say("A pin keeps its level when its program is killed, unless `dtparam=strict_gpiod` makes it an input then.")
    return BootAnswers(strict_gpiod=site.terminal.agree("Write that line to /boot/firmware/config.txt?"))


def operator(site: Site, now: OperatorAnswers) -> OperatorAnswers:
    """Who administers the door."""

    def asked() -> OperatorAnswers:
        login = site.terminal.ask("User of this system who administers the door (- for root alone)", now.login or "-")
        if login == "-":
            return OperatorAnswers()
        roles = tuple(Choice(role.value, "") for role in Role if role is not Role.LINK)
        role = site.terminal.choose("What may they do?", roles, Role.ADMIN.value)
        table = msgspec.convert({"login": login, "role": role}, OperatorAnswers)
        if not site.hands.is_known(login):
            raise ValueError(f"this system has no user {login}: `sudo adduser {login}` makes one")
        return table

    return _checked(asked, site)


def keys(site: Site, now: KeyAnswers) -> KeyAnswers:
    """Where the device key is kept."""
    stores = (
        Choice("file", "stops no thief of the card"),
        Choice("otp", "locked by this Pi's fuses, burnt for good: stops a thief of the card alone"),
        Choice("tpm", "sealed in a TPM"),
    )
    return _checked(
        lambda: msgspec.convert(
            {"store": site.terminal.choose("Where is the device key kept?", stores, now.store)}, KeyAnswers
        ),
        site,
    )


def service(site: Site, _now: ServiceAnswers) -> ServiceAnswers:
    """Whether to start it."""
    return ServiceAnswers(start=site.terminal.agree("Start the service now, and after each boot?"))


def person(site: Site, _now: PersonAnswers) -> PersonAnswers:
    """Who opens the door first."""
    name = site.terminal.ask("Name of the first person (- to enroll later)", "-")
    if name == "-":
        return PersonAnswers()
    bases = tuple(Choice(one.value, "") for one in BasisKind)
    return _checked(
        lambda: msgspec.convert(
            {"name": name, "basis": site.terminal.choose("Legal basis of their face data?", bases, "consent")},
            PersonAnswers,
        ),
        site,
    )


def _pin(site: Site, question: str, default: int) -> int:
    while True:
        typed = site.terminal.ask(question, str(default))
        if len(typed) <= 2 and typed.isascii() and typed.isdigit() and int(typed) <= 27:
            return int(typed)
        site.say(f"Expected a GPIO number, {PINS}; received {typed[:20]!r}.")


def _maybe_pin(site: Site, question: str, default: int | None) -> int | None:
    while True:
        typed = site.terminal.ask(f"{question} (- for none)", "-" if default is None else str(default))
        if typed == "-":
            return None
        if len(typed) <= 2 and typed.isascii() and typed.isdigit() and int(typed) <= 27:
            return int(typed)
        site.say(f"Expected a GPIO number, {PINS}, or -; received {typed[:20]!r}.")


def _checked(asked: Callable[[], Table], site: Site) -> Table:
    while True:
        try:
            return asked()
        except ValueError as error:  # msgspec's are
            site.say(f"That is not accepted: {error}.")
