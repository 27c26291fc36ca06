"""The gate in front of libosdp: what passes, what never does, and that nothing it is fed makes it raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.readers.osdp.frames import Asked, asked_by, reply_in
from tests.device.readers.osdp.pd import frame

LONGEST = 256

POLL, CAP, CHLNG, SCRYPT = 0x60, 0x62, 0x76, 0x77
ACK, NAK, PDID, PDCAP, RAW, CCRYPT, RMAC_I, BUSY = 0x40, 0x41, 0x45, 0x46, 0x50, 0x76, 0x78, 0x79
ADDRESS = 5
ASKED = Asked(ADDRESS, 2, POLL)
MAC = b"\1\2\3\4"
WITH_MAC, ENCRYPTED, CHALLENGED, PROVED = b"\x02\x16", b"\x02\x18", b"\x03\x12\x01", b"\x03\x14\x01"


def said(answer: int, data: bytes = b"", block: bytes = b"", sequence: int = 2, address: int = ADDRESS) -> bytes:
    return frame(address, sequence, bytes([answer]) + data, block)


def with_checksum(body: bytes) -> bytes:
    """A reply in the clear with the one check character that older readers send."""
    head = bytes([0x53, ADDRESS | 0x80, 6 + len(body), 0, 2]) + body
    return head + bytes([-sum(head) & 0xFF])


def answer_to(received: bytes, asked: Asked = ASKED) -> int | None:
    reply = reply_in(received, asked)
    return reply.answer if reply else None


@pytest.mark.parametrize("answer", [ACK, NAK, PDID, PDCAP, BUSY])
def test_what_may_be_said_in_the_clear(answer: int) -> None:
    sequence = 0 if answer == BUSY else 2
    assert answer_to(said(answer, b"\0", sequence=sequence)) == answer


def test_nothing_else_is_taken_in_the_clear() -> None:
    others = set(range(256)) - {ACK, NAK, PDID, PDCAP, BUSY}
    assert {answer_to(said(answer, b"\0\1\x1a\0" + bytes(4))) for answer in others} == {None}


@pytest.mark.parametrize("answer", [ACK, NAK, RAW, 0x48, 0x53, 0x90, 0xB1])
def test_anything_is_taken_encrypted_with_a_mac(answer: int) -> None:
    assert answer_to(said(answer, bytes(16) + MAC, ENCRYPTED)) == answer


def test_answer_without_data_needs_no_encryption() -> None:
    assert answer_to(said(ACK, MAC, WITH_MAC)) == ACK


@pytest.mark.parametrize(
    ("data", "block"),
    [
        (bytes(8) + MAC, WITH_MAC),  # data, but not encrypted
        (MAC, ENCRYPTED),  # encrypted, but no data
        (bytes(15) + MAC, ENCRYPTED),  # no whole block
        (b"\1\2\3", WITH_MAC),  # no whole MAC
        (b"", WITH_MAC),
        (bytes(16) + MAC, b"\x03\x18\0"),  # a block of another length
        (bytes(16) + MAC, b"\x02\x17"),  # a command's
        (MAC, b"\x02\x15"),
        (bytes(16) + MAC, b"\x02\x19"),  # none that there is
        (bytes(16) + MAC, b"\x00"),  # no block at all
        (bytes(16) + MAC, b"\x02\x12"),  # the handshake's
        (bytes(16) + MAC, b"\x03\x14\x01"),
    ],
)
def test_card_is_taken_in_no_other_block(data: bytes, block: bytes) -> None:
    assert answer_to(said(RAW, data, block)) is None


@pytest.mark.parametrize(
    ("command", "answer", "block", "admitted"),
    [
        (CHLNG, CCRYPT, CHALLENGED, True),
        (SCRYPT, RMAC_I, PROVED, True),
        (POLL, CCRYPT, CHALLENGED, False),
        (POLL, RMAC_I, PROVED, False),
        (SCRYPT, CCRYPT, CHALLENGED, False),
        (CHLNG, RMAC_I, CHALLENGED, False),
        (CHLNG, RAW, CHALLENGED, False),
        (CHLNG, CCRYPT, PROVED, False),
        (CHLNG, CCRYPT, b"", False),
    ],
)
def test_handshake_answers_its_own_commands_alone(command: int, answer: int, block: bytes, admitted: bool) -> None:
    assert (answer_to(said(answer, bytes(16), block), Asked(ADDRESS, 2, command)) is not None) == admitted


@pytest.mark.parametrize(
    ("received", "refuses"),
    [
        (said(NAK, b"\3"), True),  # unknown command
        (said(NAK, b"\x09"), True),  # cannot be done
        (said(NAK, b"\4"), False),  # sequence
        (said(NAK, b"\6"), False),  # the secure channel
        (said(NAK, b"\1"), False),  # garbled
        (said(NAK, bytes(16) + MAC, ENCRYPTED), True),
        (said(ACK, bytes(16) + MAC, ENCRYPTED), False),
        (said(NAK), False),
    ],
)
def test_whether_the_command_itself_is_refused(received: bytes, refuses: bool) -> None:
    reply = reply_in(received, ASKED)
    assert reply is not None
    assert reply.refuses == refuses


@pytest.mark.parametrize("sequence", [0, 1, 3])
def test_other_sequence_number(sequence: int) -> None:
    assert answer_to(said(ACK, sequence=sequence)) is None


def test_reader_that_was_restarted_may_say_so() -> None:
    assert answer_to(said(NAK, b"\4", sequence=0)) == NAK


def test_reader_that_was_restarted_may_say_nothing_else() -> None:
    assert answer_to(said(PDCAP, b"\3\1\1", sequence=0)) is None


def test_other_address() -> None:
    assert answer_to(said(ACK, address=ADDRESS + 1)) is None


def test_address_of_all() -> None:
    assert answer_to(said(ACK, address=0x7F)) is None


def test_echo_of_our_own_command() -> None:
    assert answer_to(bytes.fromhex("53050900040661") + b"\0\0" + said(ACK)) == ACK


def test_checksum_will_do() -> None:
    assert answer_to(with_checksum(bytes([ACK]))) == ACK


def test_mark_and_noise_in_front() -> None:
    assert answer_to(b"\xff\xff\x53\x85\x53noise\xff" + said(ACK)) == ACK


def test_frame_without_its_mark_passes_on() -> None:
    reply = reply_in(b"\xff" + said(ACK), ASKED)
    assert reply is not None
    assert reply.frame == said(ACK)


def test_longest_frame_and_no_longer() -> None:
    room = LONGEST - 5 - 2 - 2 - 1 - 4
    whole = room - room % 16
    assert answer_to(said(RAW, bytes(whole) + MAC, ENCRYPTED)) == RAW
    assert answer_to(said(RAW, bytes(whole + 16) + MAC, ENCRYPTED)) is None


def test_frame_behind_one_that_promises_too_much() -> None:
    """A garbled length must not swallow what comes behind."""
    assert answer_to(bytes([0x53, ADDRESS | 0x80, 0xF0, 0, 4]) + said(ACK)) == ACK


@given(st.integers(0, 8 * len(said(RAW, bytes(16) + MAC, ENCRYPTED)) - 1))
def test_flipped_bit_is_refused(bit: int) -> None:
    whole = said(RAW, bytes(16) + MAC, ENCRYPTED)
    flipped = (int.from_bytes(whole, "big") ^ 1 << bit).to_bytes(len(whole), "big")
    assert answer_to(flipped) is None


@given(st.integers(1, len(said(PDCAP, b"\3\1\1")) - 1))
def test_cut_frame_is_waited_for(length: int) -> None:
    whole = said(PDCAP, b"\3\1\1")
    assert (answer_to(whole[:length]), answer_to(whole)) == (None, PDCAP)


@given(st.binary(max_size=600), st.integers(0, 127), st.integers(0, 3), st.integers(0, 255))
def test_whatever_comes_only_a_whole_frame_passes(received: bytes, address: int, sequence: int, command: int) -> None:
    reply = reply_in(received, Asked(address, sequence, command))
    assert reply is None or reply.frame in received


class TestAsked:
    def test_command_in_the_clear(self) -> None:
        assert asked_by(bytes.fromhex("ff53050900056200a304")) == Asked(5, 1, CAP)

    def test_command_in_a_secure_channel(self) -> None:
        assert asked_by(bytes.fromhex("ff53001e000d021769ad856ffab092d26399b60d45027f9ba49da528073ace")) == Asked(
            0, 1, 0x69
        )

    @given(st.binary(max_size=300))
    def test_whatever_it_is(self, frame: bytes) -> None:
        asked = asked_by(frame)
        assert asked is None or 0 <= asked.sequence <= 3


@pytest.mark.parametrize(
    ("received", "sealed"),
    [
        (said(BUSY, sequence=0), False),
        (said(ACK), False),
        (said(ACK, MAC, WITH_MAC), True),
        (said(RAW, bytes(16) + MAC, ENCRYPTED), True),
    ],
)
def test_only_what_bears_the_channels_mac_is_a_sign_of_life(received: bytes, sealed: bool) -> None:
    reply = reply_in(received, ASKED)
    assert reply is not None
    assert reply.sealed is sealed
