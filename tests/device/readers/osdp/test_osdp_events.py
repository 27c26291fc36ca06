"""libosdp's reports to records: cards, keys, conditions, and whatever a hostile reader could say instead."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.readers.formats import encode, formats_for
from device.readers.osdp.events import Condition, condition_after, event_from, notices
from device.records import BadgeRead, Credential, KeyPress, Notice, Security
from tests.device.readers.events import as_badge

EILEEN = Credential("h10301", 17, 1001)
FORMATS = formats_for(())
CARD, KEYS, STATUS = 1, 2, 4
LOCAL, REMOTE = 2, 3


def event(**report: bytes | float | str | None) -> BadgeRead | KeyPress | None:
    return event_from(report, 7.0, "front", FORMATS)


def raw(bits: str, card_format: int = 1) -> dict[str, Any]:
    data = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    return {"event": CARD, "reader_no": 0, "format": card_format, "direction": 0, "length": len(bits), "data": data}


@pytest.mark.parametrize("card_format", [0, 1])
def test_card_in_bits(card_format: int) -> None:
    assert event(**raw(encode(EILEEN), card_format)) == BadgeRead(
        EILEEN, 7.0, "front", Security.SECURE_CHANNEL, "", encode(EILEEN)
    )


def test_card_in_text_and_what_libosdp_gives_behind_it() -> None:
    """It counts a text in bits, and gives as many bytes: what is behind the text is its own memory."""
    text = b"17:1001"
    badge = event(event=CARD, format=2, data=text + b"\xaa" * (7 * len(text)))
    assert (as_badge(badge).credential, as_badge(badge).fault) == (EILEEN, "")


def test_text_that_is_no_badge_is_not_repeated() -> None:
    badge = event(event=CARD, format=2, data=b"secret" + bytes(42))
    assert (as_badge(badge).credential, as_badge(badge).fault, as_badge(badge).bits) == (
        None,
        "The reader sent a text that is not a badge.",
        "",
    )


@pytest.mark.parametrize("length", [-1, 33, 1 << 40, "26", None, 2.0])
def test_card_with_a_length_that_its_data_do_not_have(length: float | str | None) -> None:
    badge = event(event=CARD, format=1, length=length, data=bytes(4))
    assert (as_badge(badge).credential, as_badge(badge).fault) == (None, "No bits given.")


def test_keys_as_the_standard_sends_them() -> None:
    assert event(event=KEYS, data=b"12\x7f\x0d") == KeyPress("12*#", 7.0, "front")


def test_keys_that_no_pad_has() -> None:
    assert event(event=KEYS, data=b"A\x00\xff") is None


def test_keys_are_in_no_repr() -> None:
    assert "1234" not in repr(event(event=KEYS, data=b"1234"))


@given(st.text("01", min_size=1, max_size=512))
def test_bits_come_as_they_were(bits: str) -> None:
    assert as_badge(event(**raw(bits))).bits == bits


@pytest.mark.parametrize(
    ("reports", "told"),
    [
        ([(LOCAL, [1, 0])], [Notice.TAMPERED]),
        ([(LOCAL, [1, 0]), (LOCAL, [1, 0])], [Notice.TAMPERED]),
        ([(LOCAL, [1, 1])], [Notice.TAMPERED, Notice.POWER_FAILED]),
        ([(LOCAL, [1, 0]), (LOCAL, [0, 0])], [Notice.TAMPERED, Notice.RESTORED]),
        ([(LOCAL, [1, 0]), (LOCAL, [0, 1])], [Notice.TAMPERED, Notice.POWER_FAILED]),
        ([(LOCAL, [1, 0]), (REMOTE, [1]), (LOCAL, [0, 0])], [Notice.TAMPERED, Notice.TAMPERED]),
        ([(REMOTE, [2]), (REMOTE, [0])], [Notice.TAMPERED, Notice.RESTORED]),
        ([(LOCAL, [0, 0])], []),
        ([(LOCAL, [1])], []),
        ([(REMOTE, [1, 1])], []),
        ([(0, [1, 1])], []),
    ],
)
def test_conditions_are_told_when_they_change(reports: list[tuple[int, list[int]]], told: list[Notice]) -> None:
    condition, said = Condition(), []
    for about, values in reports:
        after = condition_after(condition, {"event": STATUS, "type": about, "report": bytes(values)})
        said += [one.notice for one in notices(condition, after, 7.0, "front")]
        condition = after
    assert said == told


def test_where_it_is_tampered_with_is_said() -> None:
    both = Condition(tampered=True, remote_tampered=True)
    assert notices(Condition(), both, 7.0, "front")[0].detail == "its housing and its reader head"


hostile = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 600),
    st.integers(),
    st.floats(),
    st.binary(max_size=80),
    st.text(max_size=20),
    st.lists(st.integers(0, 255), max_size=4),
)
names = st.sampled_from(["event", "type", "format", "length", "data", "report", "reader_no", "direction", "other"])


@given(st.dictionaries(names, hostile), st.sampled_from([CARD, KEYS, STATUS, None]))
def test_whatever_is_reported_nothing_is_raised(
    report: dict[str, bytes | float | str | list[int] | None], about: int | None
) -> None:
    report |= {} if about is None else {"event": about}
    before = Condition(tampered=True)
    assert isinstance(event_from(report, 7.0, "front", FORMATS), BadgeRead | KeyPress | None)
    assert len(notices(before, condition_after(before, report), 7.0, "front")) <= 2
