"""Secrets and addresses of webhooks: what the specification allows, and nothing else; none is ever shown."""

import base64
import contextlib
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from device.errors import ConfigError
from device.link.webhooks.address import address_of
from device.link.webhooks.signing import keys_in, new_secret, signature

VECTOR = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""Secret, and below its signature, of the reference library's own tests."""


def test_signature_is_that_of_the_published_vector() -> None:
    made = signature(keys_in(VECTOR, "file"), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.text("0123456789-abcdef", min_size=1), st.integers(0, 2**31), st.text())
def test_signature_is_that_of_the_reference_library(uid: str, at: int, body: str) -> None:
    text = body.encode("utf-8", "replace").decode()
    theirs = standardwebhooks.Webhook(VECTOR).sign(uid, datetime.fromtimestamp(at, UTC), text)
    assert signature(keys_in(VECTOR, "file"), uid, at, text.encode()) == theirs


def test_new_secret_has_256_bits_and_is_new() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert [len(key) for key in keys_in(f"{first}\n{second}\n", "file")] == [32, 32]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "whsec_",
        "whsec_short",
        "secret",
        VECTOR.removeprefix("whsec_"),
        f"{VECTOR}!",
        "\n".join([VECTOR] * 3),
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
    ],
)
def test_what_is_no_secret_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        keys_in(text, "file x")
    shown = f"{caught.value.message} {caught.value.hint}"
    assert [line for line in text.split() if len(line) > 6 and line in shown] == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://hooks.example.org/a?b=c", "https://hooks.example.org:443"),
        ("https://hooks.example.org:8443", "https://hooks.example.org:8443"),
        ("http://127.0.0.1:1880/lintel", "http://127.0.0.1:1880"),
        ("http://localhost/x", "http://localhost:80"),
        ("http://[::1]:8080/x", "http://::1:8080"),
    ],
)
def test_address_is_shown_without_its_path(url: str, words: str) -> None:
    address = address_of(url, "webhook x")
    assert address.words == words
    assert address.path not in repr(address)[len(words) :]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.org",
        "ftp://example.org/",
        "https://",
        "https://user:pass@example.org/",
        "https://example.org/a b",
        "https://example.org/\r\nx: y",
        "https://exämple.org/",
        "https://example.org:99999/",
        "https://[::1/",
        "https://example.org/#part",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        address_of(url, "webhook x", in_the_clear=True)


@pytest.mark.parametrize("host", ["192.168.1.9", "nodered.local", "127.0.0.1.example.org", "localhost.example.org"])
def test_address_in_the_clear_has_to_be_asked_for(host: str) -> None:
    with pytest.raises(ConfigError, match="not encrypted, and not on this machine"):
        address_of(f"http://{host}/", "webhook x")
    assert not address_of(f"http://{host}/", "webhook x", in_the_clear=True).is_encrypted


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert "\n" not in address_of(text, "webhook x").path
