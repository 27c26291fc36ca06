"""`lintel readers decode`: keypad bursts, and the order in which a reader sends, found by an enrolled badge."""

import pytest

from device.cli.text.reader_events import Transcript
from device.commissioning.byte_orders import ByteOrders
from device.readers.formats import formats_for
from device.records import BadgeRead, Credential
from tests.device.cli.readers.bench import CARD
from tests.device.commands import Lintel

ANN = "csn:04A2B9C1"
SENT = {"reversed": "C1B9A204", "bits-reversed": "20459D83", "mirrored": "839D4520"}


def bits_of(written: str) -> str:
    return "".join(f"{byte:08b}" for byte in bytes.fromhex(written))


@pytest.fixture
def ann(lintel: Lintel, eileen: object, state: object) -> object:  # noqa: ARG001 - the folder must be named before
    """Eileen Collins with a serial number as badge."""
    return lintel("enroll", ANN, eileen, "--name", "Eileen Collins")


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("order", ["reversed", "bits-reversed", "mirrored"])
def test_order_that_gives_an_enrolled_badge_is_suggested(lintel: Lintel, order: str) -> None:
    ended = lintel("readers", "decode", "--format", "csn4", bits_of(SENT[order]))
    assert ended.exit_code == 0
    expected = f'read so, this is badge {ANN} of Eileen Collins. Set `formats = ["csn4:{order}"]`.'
    assert ended.err.rstrip().endswith(expected)
    again = lintel("readers", "decode", "--format", f"csn4:{order}", bits_of(SENT[order]))
    assert (again.err, again.out.splitlines()[-1]) == ("", f"badge {ANN} (csn4, facility 0, number 77773249)")


@pytest.mark.usefixtures("ann")
def test_order_as_it_is_needs_no_word(lintel: Lintel) -> None:
    assert lintel("readers", "decode", "--format", "csn4", bits_of("04A2B9C1")).err == ""


@pytest.mark.usefixtures("ann")
def test_order_is_not_suggested_for_a_strangers_card(lintel: Lintel) -> None:
    assert lintel("readers", "decode", "--format", "csn4", bits_of("C1B9A205")).err == ""


@pytest.mark.usefixtures("ann")
def test_random_number_of_a_reader_in_reverse_is_explained(lintel: Lintel) -> None:
    lintel("badges", "add", "Eileen Collins", "csn:04A2B908")
    ended = lintel("readers", "decode", "--format", "csn4", bits_of("08B9A204"), "--json")
    assert (ended.exit_code, ended.json["refused"]) == (1, "random")
    assert 'Set `formats = ["csn4:reversed"]`.' in ended.json["hint"]


@pytest.mark.usefixtures("state")
def test_without_a_store_nothing_is_suggested_and_none_is_made(lintel: Lintel, state: object) -> None:
    assert lintel("readers", "decode", "--format", "csn4", bits_of("C1B9A204")).err == ""
    assert not getattr(state, "exists", bool)()


@pytest.mark.parametrize(
    ("bits", "keys"),
    [
        (("0101",), ("5", 4)),
        (("0000",), ("0", 4)),
        (("11100001",), ("1", 8)),
        (("01011010",), ("*", 8)),
        (("0001", "0010", "0011", "0100", "1011"), ("1234#", 4)),
        (("0001 0010 0011",), ("123", 4)),
        (("11100001", "11010010", "01001011"), ("12#", 8)),
        (("000100100011",), ("123", 4)),
        (("1110000111010010",), ("12", 8)),
        (("1010", "1011"), ("*#", 4)),
    ],
)
def test_bursts_of_a_keypad_are_keys(lintel: Lintel, bits: tuple[str, ...], keys: tuple[str, int]) -> None:
    ended = lintel("readers", "decode", *bits, "--json")
    assert (ended.exit_code, ended.json) == (0, {"keys": keys[0], "bits_a_key": keys[1]})


def test_keys_are_printed_in_words(lintel: Lintel) -> None:
    assert lintel("readers", "decode", "0001", "1011").out == "keys 1#, 4 bits each\n"


@pytest.mark.parametrize(
    ("bits", "hint"),
    [
        ("00011110", "whether the wires of data 0 and data 1 are swapped"),
        ("1110", "whether the wires of data 0 and data 1 are swapped"),
        ("11100011", "A key of 8 bits has the inverse of its last four first"),
        ("100010", "set the keypad to send 4 or 8 bits a key"),
        ("00001111", "whether the wires of data 0 and data 1 are swapped"),
    ],
)
def test_burst_that_is_no_key_is_explained(lintel: Lintel, bits: str, hint: str) -> None:
    ended = lintel("readers", "decode", bits, "--json")
    assert (ended.exit_code, hint in ended.json["hint"]) == (1, True)


def test_frame_that_a_keypad_may_have_sent_says_so(lintel: Lintel) -> None:
    ended = lintel("readers", "decode", CARD)
    assert ended.err.startswith("Note: A keypad in a 26-bit mode sends such a frame when 69 is typed.")


def test_six_digits_in_a_frame_are_named(lintel: Lintel) -> None:
    ended = lintel("readers", "decode", "0" + bits_of("123456") + "0")
    assert "when 13398 or 123456 is typed" in ended.err


def test_card_written_in_fours_stays_a_card(lintel: Lintel) -> None:
    words = [f"{int(digit, 16):04b}" for digit in "04929158"]
    ended = lintel("readers", "decode", *words)
    assert ended.out.splitlines()[-1].startswith("badge csn:04929158")
    assert ended.err == "Note: If each word is a burst of its own, these are the keys 04929158.\n"


def test_monitor_and_test_print_the_suggestion_below_the_badge() -> None:
    table = formats_for(("csn4",))
    orders = ByteOrders(lambda credential: "Ann" if credential == Credential("csn4", 0, 0x04A2B9C1) else None)
    transcript = Transcript(10.0, {"front": table}, orders.suggestion)
    read = BadgeRead(Credential("csn4", 0, 0xC1B9A204), 10.0, "front", bits=bits_of("C1B9A204"))
    last = list(transcript.lines(read))[-1].strip()
    assert last.endswith('this is badge csn:04A2B9C1 of Ann. Set `formats = ["csn4:reversed"]`.')
