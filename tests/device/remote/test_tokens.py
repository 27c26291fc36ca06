"""The form of a signed command: one way to write it, and nothing that is changed is read."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from device.records.remote import RemoteCommand
from device.remote.tokens import Claims, NotAToken, key_bytes, key_text, new_nonce, parsed, signed

KEY = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="))
"""Of RFC 8037, appendix A.1."""
PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
"""Of appendix A.2."""
KID = "0123456789abcdef" * 2
CLAIMS = Claims(RemoteCommand.RELEASE, "main", 1_796_000_000, 1_796_000_030, "a-nonce-of-16-chars")
TOKEN = signed(CLAIMS, kid=KID, key=KEY)
letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def counts(text: str) -> bool:
    """Whether a text is a token that the key of the tests has signed."""
    try:
        return parsed(text).is_by(key_bytes(PUBLIC))
    except NotAToken:
        return False


def forged(header: object, claims: object) -> str:
    """Signed with the right key, whatever it says."""
    said = ".".join(b64(json.dumps(one).encode()) for one in (header, claims))
    return f"{said}.{b64(KEY.sign(said.encode()))}"


HEADER = {"alg": "EdDSA", "kid": KID}
SAID = {"cmd": "release", "door": "main", "iat": 1_796_000_000, "exp": 1_796_000_030, "jti": "a-nonce-of-16-chars"}


def test_signature_is_that_of_rfc_8037() -> None:
    said = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    assert b64(KEY.sign(said)) == expected


def test_key_is_written_as_in_rfc_8037() -> None:
    assert key_text(KEY.public_key()) == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


def test_signed_command_is_read_back() -> None:
    token = parsed(TOKEN)
    assert (token.kid, token.claims, counts(TOKEN)) == (KID, CLAIMS, True)


def test_what_another_library_writes_counts() -> None:
    assert counts(forged({**HEADER, "typ": "JWT"}, SAID)) is True


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from(letters))
def test_any_changed_letter_is_refused(place: int, letter: str) -> None:
    changed = f"{TOKEN[:place]}{letter}{TOKEN[place + 1 :]}"
    assert counts(changed) is (changed == TOKEN)


@pytest.mark.slow(small="test_any_changed_letter_is_refused")
def test_each_letter_at_each_place_is_refused() -> None:
    changed = {f"{TOKEN[:place]}{letter}{TOKEN[place + 1 :]}" for place in range(len(TOKEN)) for letter in letters}
    assert [one for one in changed if counts(one)] == [TOKEN]


@given(st.binary(max_size=900) | st.text(max_size=900).map(str.encode))
def test_no_text_raises_anything_else(raw: bytes) -> None:
    assert counts(raw.decode("latin-1")) is False


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=20))
def test_no_field_takes_another_type(value: object) -> None:
    said = [
        forged(HEADER, {**SAID, name: value}) for name in ("cmd", "door", "iat", "exp", "jti") if not fits(name, value)
    ]
    assert [one for one in said if counts(one)] == []


def fits(name: str, value: object) -> bool:
    """Whether a drawn value is one that the field may have."""
    if name in ("iat", "exp"):
        return type(value) in (int, float) and 0 <= value <= 2**33  # type: ignore[operator]
    return name == "door" and isinstance(value, str) and 1 <= len(value) <= 64


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": KID},
        {"alg": "HS256", "kid": KID},
        {"alg": "EdDSA"},
        {**HEADER, "crit": ["b64"], "b64": False},
        {**HEADER, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": PUBLIC}},
        {**HEADER, "kid": "../../etc/passwd"},
        [],
        "EdDSA",
    ],
)
def test_other_headers_of_jose_are_refused(header: object) -> None:
    assert counts(forged(header, SAID)) is False


@pytest.mark.parametrize("command", ["evacuate", "clear", "open", "status", "RELEASE", ""])
def test_no_other_command_can_be_written(command: str) -> None:
    assert counts(forged(HEADER, {**SAID, "cmd": command})) is False


@pytest.mark.parametrize("extra", ["for_s", "aud", "cmd ", "nbf"])
def test_unknown_claims_are_refused(extra: str) -> None:
    assert counts(forged(HEADER, {**SAID, extra: 1})) is False


@pytest.mark.parametrize("nonce", ["", "short", "x" * 65, "with a blank in it", "ümlaut-nonce-16-ch"])
def test_nonces_of_another_form_are_refused(nonce: str) -> None:
    assert counts(forged(HEADER, {**SAID, "jti": nonce})) is False


def test_bits_that_decoders_pass_over_are_refused() -> None:
    others = [f"{TOKEN[:-1]}{letter}" for letter in letters if letter != TOKEN[-1]]
    decoded = [base64.urlsafe_b64decode(one.split(".")[2] + "==") for one in others if not one.endswith(".")]
    same = decoded.count(parsed(TOKEN).signature)
    assert (same > 0, [one for one in others if counts(one)]) == (True, [])


def test_other_key_has_not_signed_it() -> None:
    assert parsed(TOKEN).is_by(Ed25519PrivateKey.generate().public_key().public_bytes_raw()) is False


def test_nonces_are_not_alike() -> None:
    assert len({new_nonce() for _ in range(1000)}) == 1000
