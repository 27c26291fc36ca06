"""`lintel hardware test` at a Wiegand reader: a badge that is read, none, and one whose bytes come in reverse."""

from pathlib import Path

import pytest

from device.commissioning.byte_orders import ByteOrders
from device.commissioning.walkthrough import Bench, Result, Tried, Walkthrough
from device.readers.formats import encode
from device.records import Credential, Line
from device.settings.tables import DoorSettings, InputSettings, ReaderSettings, Settings, StoreSettings
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from device.virtual.wiegand import WiegandWires, frame

CARD = Credential("csn4", 0, 0x04A2B9C1)
TURNED = Credential("csn4", 0, 0xC1B9A204)
WAIT_S = 20.0


class Presenting:
    """An installer who presents a card when told to; `bits` are what the reader makes of it."""

    def __init__(self, pins: SimulatedPins, clock: SimulatedClock, bits: str) -> None:
        self.said: list[str] = []
        self._wires, self._clock, self._bits = WiegandWires(pins.factory, 23, 24), clock, bits

    def say(self, text: str) -> None:
        self.said.append(text.strip())
        if "Present an enrolled badge (20 s)" in text and self._bits:
            self._clock.at(self._clock.monotonic() + 1.0, self.present)

    def present(self) -> None:
        self._wires.schedule(frame(self._bits), self._clock)

    def confirm(self, question: str) -> bool:
        raise AssertionError(question)

    def act(self, wire: InputSettings, line: Line) -> None:
        raise AssertionError(wire, line)


def tried(bits: str, folder: Path, formats: tuple[str, ...] = ("csn4",)) -> list[Tried]:
    clock = SimulatedClock()
    pins = SimulatedPins(clock)
    reader = ReaderSettings(name="outside", kind="wiegand", data0_pin=23, data1_pin=24, formats=formats)
    door = DoorSettings(readers=(reader, ReaderSettings(name="desk")))
    settings = Settings(doors=(door,), store=StoreSettings(state_dir=str(folder)))
    walkthrough = Walkthrough(Bench(pins.factory, clock, clock.attend), Presenting(pins, clock, bits), WAIT_S)
    orders = ByteOrders(lambda credential: "Ann" if credential == CARD else None)
    return list(walkthrough.at_readers(door, settings, orders))


def test_badge_that_is_read_works(tmp_path: Path) -> None:
    expected = Tried("main", "reader outside", "GPIO 23 and 24", Result.WORKS, "badge csn:04A2B9C1")
    assert tried(encode(CARD), tmp_path) == [expected]


def test_bytes_in_reverse_fail_with_what_to_set(tmp_path: Path) -> None:
    (one,) = tried(encode(TURNED), tmp_path)
    assert one.result is Result.FAILS
    assert one.detail.endswith('this is badge csn:04A2B9C1 of Ann. Set `formats = ["csn4:reversed"]`.')


def test_bytes_in_reverse_work_once_that_is_set(tmp_path: Path) -> None:
    (one,) = tried(encode(TURNED), tmp_path, ("csn4:reversed",))
    assert (one.result, one.detail) == (Result.WORKS, "badge csn:04A2B9C1")


@pytest.mark.parametrize(
    ("bits", "why"),
    [
        ("", "no badge came"),
        (encode(Credential("csn4", 0, 0x08A2B9C1)), "The phone or card invents a number each time"),
        ("1" * 32, "All 32 bits are 1."),
    ],
)
def test_nothing_that_is_a_badge_fails_with_the_reason(tmp_path: Path, bits: str, why: str) -> None:
    (one,) = tried(bits, tmp_path)
    assert (one.result, one.detail.startswith(why)) == (Result.FAILS, True)


def test_pin_that_is_taken_fails(tmp_path: Path) -> None:
    clock = SimulatedClock()
    reader = ReaderSettings(name="outside", kind="wiegand")
    door = DoorSettings(readers=(reader,))
    pins = SimulatedPins(clock)
    walkthrough = Walkthrough(Bench(pins.factory, clock, clock.attend), Presenting(pins, clock, ""), WAIT_S)
    settings = Settings(doors=(door,), store=StoreSettings(state_dir=str(tmp_path)))
    (one,) = walkthrough.at_readers(door, settings, ByteOrders(lambda _credential: None))
    assert (one.result, "has no `data0_pin`" in one.detail) == (Result.FAILS, True)
