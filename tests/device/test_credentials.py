"""The written form of badges: every credential reads back as itself, everything else is a `CredentialError`."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from device.credentials import FORMATS, WIDTHS, format_badge, parse_badge
from device.errors import CredentialError
from device.records import Credential

RANGES = {
    "h10301": (st.integers(0, 255), st.integers(0, 65535)),
    "number": (st.just(0), st.integers(0, 10**20 - 1)),
    "csn4": (st.just(0), st.integers(1, 2**32 - 1)),
    "csn7": (st.just(0), st.integers(1, 2**56 - 1)),
    "csn10": (st.just(0), st.integers(1, 2**80 - 1)),
    "h10306": (st.integers(0, 65535), st.integers(0, 65535)),
    "c1k35s": (st.integers(0, 4095), st.integers(0, 2**20 - 1)),
    "h10304": (st.integers(0, 65535), st.integers(0, 2**19 - 1)),
    "h10302": (st.just(0), st.integers(1, 2**35 - 1)),
}
OWN = st.builds(
    Credential,
    st.from_regex(r"own:[a-z][a-z0-9-]{0,31}", fullmatch=True),
    st.just(0) | st.integers(0, 2**63 - 1),
    st.integers(0, 2**65 - 1),
)
WIDEST = Credential("own:" + "x" * 32, 2**63 - 1, 2**65 - 1)
credentials = st.one_of(OWN, *(st.builds(Credential, st.just(name), *range_) for name, range_ in RANGES.items()))
TABLE = [
    ("17:4242", Credential("h10301", 17, 4242)),
    ("h10301:17:4242", Credential("h10301", 17, 4242)),
    (" 017:004242\t", Credential("h10301", 17, 4242)),
    ("0:0", Credential("h10301", 0, 0)),
    ("255:65535", Credential("h10301", 255, 65535)),
    ("123456", Credential("number", 0, 123456)),
    ("number:000123", Credential("number", 0, 123)),
    ("99999999999999999999", Credential("number", 0, 10**20 - 1)),
    ("csn:04A2B9C1", Credential("csn4", 0, 0x04A2B9C1)),
    ("CSN:04a2b9c1", Credential("csn4", 0, 0x04A2B9C1)),
    ("csn:04A2B9C1D2E3F4", Credential("csn7", 0, 0x04A2B9C1D2E3F4)),
    ("csn:04A2B9C1D2E3F4A5B6C7", Credential("csn10", 0, 0x04A2B9C1D2E3F4A5B6C7)),
    ("h10306:35284:7041", Credential("h10306", 35284, 7041)),
    ("C1K35S:1337:002137", Credential("c1k35s", 1337, 2137)),
    ("h10304:22602:89248", Credential("h10304", 22602, 89248)),
    ("h10302:11850046624", Credential("h10302", 0, 11850046624)),
    ("own:acme:17", Credential("own:acme", 0, 17)),
    ("own:acme:0:17", Credential("own:acme", 0, 17)),
    ("own:acme:5:17", Credential("own:acme", 5, 17)),
    ("own:a-1:340282366920938463463374607431768211455", Credential("own:a-1", 0, 2**128 - 1)),
]
WRONG = [
    "",
    " ",
    "256:1",
    "1:65536",
    "-1:1",
    "1:-1",
    "+1",
    "1.0",
    "1e3",
    "0x10",
    "1_000",
    "17:",
    ":17",
    "1:2:3",
    "17 : 4242",
    "17:4242\n17:4243",
    "17:4242\x00",
    "100000000000000000000",
    "csn:",
    "csn:00000000",
    "csn:04A2B9C",
    "csn:04A2B9C1D",
    "csn:04A2B9CG",
    "csn4:04A2B9C1",
    "h10306:65536:1",
    "h10306:1:65536",
    "h10306:1",
    "c1k35s:4096:1",
    "c1k35s:1:1048576",
    "h10304:65536:1",
    "h10304:1:524288",
    "h10302:0",
    "h10302:34359738368",
    "h10302:1:1",
    "own:acme",
    "own:1acme:1",
    "own::1",
    "own:acme:1:",
    "own:acme:9223372036854775808:1",
    "own:acme:1:340282366920938463463374607431768211455",
    f"own:{'x' * 33}:1",
    "badge",
    "number:",
    "١٢٣",
    "\uff11\uff12\uff13",
    "²",
    "\udcff",
    "9" * 5000,
]


def test_every_format_has_its_range_here() -> None:
    assert {*RANGES, "own"} == {known.name for known in FORMATS}


def test_every_width_is_that_of_a_format() -> None:
    assert set(WIDTHS) == {known.name for known in FORMATS} - {"number", "own"}


def test_widest_credential_of_an_own_format_reads_back_as_itself() -> None:
    assert parse_badge(format_badge(WIDEST)) == WIDEST


@given(credentials)
def test_credential_reads_back_as_itself(credential: Credential) -> None:
    assert parse_badge(format_badge(credential)) == credential


@given(credentials)
def test_written_form_is_the_same_in_lower_case(credential: Credential) -> None:
    assert parse_badge(format_badge(credential).lower()) == credential


@given(credentials, credentials)
def test_different_credentials_are_written_differently(one: Credential, other: Credential) -> None:
    assert (format_badge(one) == format_badge(other)) == (one == other)


@pytest.mark.parametrize(("written", "credential"), TABLE)
def test_badge_is_read(written: str, credential: Credential) -> None:
    assert parse_badge(written) == credential


@pytest.mark.parametrize("written", WRONG)
def test_wrong_badge_is_refused(written: str) -> None:
    with pytest.raises(CredentialError, match=r"^Badge .* is (not in a known format|out of range for \w+)\.$"):
        parse_badge(written)


def accepted(written: str) -> Credential | None:
    try:
        return parse_badge(written)
    except CredentialError:
        return None


@given(
    st.text()
    | st.text("0123456789:csnhumber abcdefABCDEF", max_size=30)
    | st.from_regex(r"(own:a|c1k35s|h1030[246]):[0-9]{0,20}(:[0-9]{0,40})?", fullmatch=True)
)
@example("csn:ffffffffffffffffffff")
def test_anything_typed_is_a_credential_or_refused(written: str) -> None:
    credential = accepted(written)
    assert credential is None or parse_badge(format_badge(credential)) == credential


def test_error_repeats_no_more_than_a_line_of_what_was_typed() -> None:
    with pytest.raises(CredentialError) as refused:
        parse_badge("\U0001f600" * 100_000)
    assert len(refused.value.message) < 120


def test_error_shows_control_characters_in_escaped_form() -> None:
    with pytest.raises(CredentialError) as refused:
        parse_badge("\x1b[2J17:4242")
    assert "\x1b" not in refused.value.message


@pytest.mark.parametrize("written", ["17:4242", "csn:04A2B9C1", "h10306:17:4242", "h10302:4242"])
def test_hint_gives_an_example_that_is_a_badge(written: str) -> None:
    with pytest.raises(CredentialError) as refused:
        parse_badge("?")
    assert written in refused.value.hint


def test_credential_of_an_unknown_format_cannot_be_written() -> None:
    with pytest.raises(CredentialError, match="no card format named 'felica'"):
        format_badge(Credential("felica", 0, 1))
