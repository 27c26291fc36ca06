"""A serial number that is drawn for each reading is no badge, whichever reader gives it; other formats may hold it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.credentials import doubt_about, is_random, parse_badge
from device.policy.hearing import begun
from device.policy.modes import Terms
from device.policy.showing import Showing
from device.readers.formats import decode, formats_for
from device.readers.osdp.events import event_from
from device.readers.pn532.dialogue import Card, badge_of
from device.readers.presentations import Presentations
from device.readers.rdm6300 import Rdm6300Parser
from device.readers.sockets import Client
from device.readers.typed.lines import LineParser
from device.readers.typed.wedge import KeyParser
from device.records import BADGE_AND_FACE, BadgeRead, Credential, DoorState, Reason, Security
from tests.device.readers.events import as_badge
from tests.device.readers.typed.keys import typed

PHONE = Credential("csn4", 0, 0x08A2B9C1)
TERMS = Terms(BADGE_AND_FACE, probes=1, timeout_s=6.0, max_age_s=0.5)
BYTES = bytes.fromhex("08A2B9C1")
TABLE = formats_for(("csn4",))


def shown(credential: Credential | None) -> Showing:
    return begun(BadgeRead(credential, 1.0, "front"), TERMS, door=DoorState.LOCKED, now=1.0)


def of_wiegand() -> object:
    return decode("".join(f"{byte:08b}" for byte in BYTES), TABLE)


def of_osdp() -> object:
    report = {"event": 1, "format": 1, "length": 32, "data": BYTES}
    return as_badge(event_from(report, 1.0, "front", TABLE)).credential


def of_osdp_text() -> object:
    return as_badge(event_from({"event": 1, "format": 2, "data": b"csn:08A2B9C1" * 8}, 1.0, "front", TABLE)).credential


def of_pn532() -> object:
    return badge_of(Card(BYTES, has_pages=False), "", frozenset({"csn4"}))[0]


def of_pn532_text() -> object:
    return badge_of(Card(b"\x04" + bytes(6), has_pages=True), "csn:08a2b9c1", frozenset({"ndef"}))[0]


def of_line() -> object:
    (read,) = LineParser("front", Security.LOCAL).take(b"csn:08A2B9C1\r\n", 1.0)
    return as_badge(read).credential


def of_wedge() -> object:
    (read,) = KeyParser("front").take(typed("csn:08a2b9c1\n"), 1.0)
    return as_badge(read).credential


@pytest.mark.parametrize("read", [of_wiegand, of_osdp, of_osdp_text, of_pn532, of_pn532_text, of_line, of_wedge])
def test_every_kind_of_reader_is_refused_with_the_reason(read: Callable[[], object]) -> None:
    assert read() == PHONE
    verdict = shown(PHONE).verdict
    assert verdict is not None
    assert verdict.reason.code == "badge-random"


def test_program_at_a_socket_hears_that_it_is_refused() -> None:
    class Peer:
        sent = b""

        def send(self, answer: bytes) -> None:
            self.sent += answer

    peer = Peer()
    client = Client(peer, "front")  # type: ignore[arg-type]  # all that a client asks of it
    client.take(b"csn:08A2B9C1\n", 1.0)
    client.answer(client.reads.popleft())
    assert peer.sent == b"refused: The phone or card invents a number each time, so it can't be anyone's badge.\n"


@pytest.mark.parametrize("state", [DoorState.LOCKDOWN, DoorState.FAULT])
def test_random_number_is_the_reason_in_each_state_of_the_door(state: DoorState) -> None:
    showing = begun(BadgeRead(PHONE, 1.0, "front"), TERMS, door=state, now=1.0)
    assert showing.verdict is not None
    assert showing.verdict.reason is Reason.BADGE_RANDOM


@pytest.mark.parametrize(
    "written",
    ["csn:08A2B9C1010203", "csn:08010203040506070809", "csn:04A2B9C1", "csn:80A2B9C1", "csn:C1B9A208"],
)
def test_other_serial_numbers_are_looked_up(written: str) -> None:
    assert shown(parse_badge(written)).awaits_claim


@pytest.mark.parametrize(
    "written", [f"{0x08A2B9C1}", "8:16962", "h10306:2210:47553", "h10302:144882113", "own:site:144882113"]
)
def test_other_formats_may_hold_such_a_value(written: str) -> None:
    assert shown(parse_badge(written)).awaits_claim


def test_tag_of_125_khz_may_begin_with_08() -> None:
    (read,) = Rdm6300Parser("front").take(b"\x020008A2B9C1D2\x03", 1.0)
    assert as_badge(read).credential == Credential("number", 0, 0x08A2B9C1)


@given(st.integers(1, 2**32 - 1))
def test_random_are_those_of_four_bytes_that_begin_with_08(number: int) -> None:
    assert is_random(Credential("csn4", 0, number)) == (number.to_bytes(4)[0] == 8)


@pytest.mark.parametrize(("written", "doubted"), [("csn:8804A1B2", True), ("csn:04A1B2C3", False), ("8", False)])
def test_four_bytes_behind_a_cascade_tag_are_doubted(written: str, doubted: bool) -> None:
    assert doubt_about(parse_badge(written)).startswith("only the beginning of a number of 7 bytes") is doubted


@pytest.mark.parametrize(("sent", "random"), [("C1B9A208", True), ("08B9A2C1", False)])
def test_reader_in_reverse_is_judged_by_the_order_of_the_card(sent: str, random: bool) -> None:
    found = decode(f"{int(sent, 16):032b}", formats_for(("csn4:reversed",)))
    assert isinstance(found, Credential)
    assert is_random(found) is random


@given(st.lists(st.integers(0, 2**24 - 1), min_size=1, max_size=40))
def test_phone_that_lies_there_is_one_presentation(drawn: list[int]) -> None:
    presentations = Presentations(3.0)
    numbers = (Credential("csn4", 0, 8 << 24 | number) for number in drawn)
    begins = [presentations.begins(BadgeRead(one, 0.1 * place)) for place, one in enumerate(numbers)]
    assert begins == [True] + [False] * (len(drawn) - 1)


def test_phone_that_was_not_served_begins_again() -> None:
    presentations = Presentations(3.0)
    presentations.begins(BadgeRead(PHONE, 0.0))
    presentations.unserved(Credential("csn4", 0, 0x08000001))
    assert presentations.begins(BadgeRead(PHONE, 0.1))
