"""Whatever the service says, the link's parser goes on: rows, or a `ServiceLost`."""

import random
from contextlib import suppress

import msgspec
import pytest

from device.control.messages import Beat, Row, Start, Trouble
from device.control.protocol import part_line
from device.errors import LinkError
from device.link.events import event_of
from device.link.stream import ServiceLost, updates_in
from tests.device.link.rows import row

GOOD = [
    part_line(0, row(7, "decision", reason="match", outcome="granted", badge="17:1", fault="x")).strip(),
    part_line(0, Start(4)).strip(),
    part_line(0, Beat(4)).strip(),
    part_line(0, Trouble("The disk is full.")).strip(),
    b'{"kind":"error","id":0,"code":"busy","what":"Full.","hint":"Wait."}',
    b'{"kind":"end","id":0}',
]
PIECES = [
    b"{",
    b"}",
    b"[" * 600,
    b'"',
    b"\\ud800",
    b"\xff",
    b"null",
    b"1e999",
    b"-1",
    b"9" * 40,
    b":",
    b"\0",
    b'"at":""',
]


def hostile(chance: random.Random) -> bytes:
    """A line of the service with some damage, or none of its lines at all."""
    line = bytearray(chance.choice(GOOD))
    for _ in range(chance.randrange(4)):
        place = chance.randrange(len(line) + 1)
        match chance.randrange(4):
            case 0:
                line[place:place] = chance.choice(PIECES)
            case 1:
                del line[place : place + chance.randrange(1, 40)]
            case 2 if line:
                line[place % len(line)] = chance.randrange(256)
            case _:
                line[place:place] = chance.randbytes(chance.randrange(8))
    return bytes(line) if chance.random() < 0.9 else chance.randbytes(chance.randrange(200))


def parsed(count: int, seed: int) -> int:
    """How many of the lines were understood; each that isn't raises what a link goes on after."""
    chance, understood = random.Random(seed), 0
    for _ in range(count):
        with suppress(ServiceLost, LinkError):
            for update in updates_in([hostile(chance)]):
                understood += 1
                if isinstance(update, Row):
                    event_of(update, names=True)
    return understood


def test_hostile_lines_end_in_rows_or_an_error() -> None:
    assert parsed(20_000, seed=1) > 1_000


@pytest.mark.slow(small="test_hostile_lines_end_in_rows_or_an_error")
def test_a_million_hostile_lines_end_in_rows_or_an_error() -> None:
    assert parsed(1_000_000, seed=2) > 50_000


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"null", b'{"kind":"part","id":0,"part":{}}', b"\xff\xfe", b"[" * 10**5]
)
def test_what_is_not_understood_says_what_to_do(line: bytes) -> None:
    with pytest.raises(ServiceLost, match="isn't understood") as lost:
        list(updates_in([line]))
    assert "systemctl restart" in lost.value.hint


def test_a_user_without_a_role_is_told_how_to_get_one() -> None:
    line = b'{"kind":"error","id":0,"code":"forbidden","what":"No.","hint":""}'
    with pytest.raises(ServiceLost) as lost:
        list(updates_in([line]))
    assert 'role = "link"' in lost.value.hint


def test_fields_of_a_later_version_are_left_out() -> None:
    said = msgspec.json.decode(GOOD[0])
    said["part"]["a-later-field"] = 1
    assert list(updates_in([msgspec.json.encode(said)])) == list(updates_in([GOOD[0]]))
