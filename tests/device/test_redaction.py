"""A camera's password is hidden wherever its address is shown."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import CameraError
from device.failures import in_words
from device.redaction import is_redacted, redacted

SHOWN = [
    ("rtsp://user:secret@host/x", "rtsp://user:***@host/x"),
    ("rtsps://user:secret@host:322/x", "rtsps://user:***@host:322/x"),
    ("RTSP://user:secret@host/x", "RTSP://user:***@host/x"),
    ("http://user:secret@host", "http://user:***@host"),
    ("https://user:p%40ss@[fe80::1]:8443/mjpg", "https://user:***@[fe80::1]:8443/mjpg"),
    ("rtsp://user:p@ss@host/x", "rtsp://user:***@host/x"),
    ("rtsp://user:p/a?s#s@host/x", "rtsp://user:***@host/x"),
    ("rtsp://user:p:q@host/x", "rtsp://user:***@host/x"),
    ("rtsp://user:'\"`@host/x", "rtsp://user:***@host/x"),
    ("rtsp://user:пароль@host/x", "rtsp://user:***@host/x"),
    ("rtsp://:secret@host/x", "rtsp://:***@host/x"),
    ("rtsp://a1b2c3d4@host/x", "rtsp://***@host/x"),
    ("rtsp:/user:secret@host/x", "rtsp:/user:***@host/x"),
    ("user:secret@host/x", "user:***@host/x"),
    ("//user:secret@192.0.2.1/x", "//user:***@192.0.2.1/x"),
    ("http://host/x?token=abc", "http://host/x?token=***"),
    ("http://host/x?user=admin&pwd=888&channel=2", "http://host/x?user=***&pwd=***&channel=2"),
    ("http://host/x?loginuse=a;loginpas=b", "http://host/x?loginuse=***;loginpas=***"),
    ("http://host/x?abcdef", "http://host/x?***"),
    ("http://host/x#access_token=abc", "http://host/x#access_token=***"),
    ("rtsp://host/user=admin_password=tlJw_channel=1.sdp", "rtsp://host/user=admin_password=***"),
    ("rtsp://host/live/key=abc/1", "rtsp://host/live/key=***/1"),
    ("srt://host:9000?streamid=publish:cam&passphrase=abcabcabc", "srt://host:9000?streamid=***&passphrase=***"),
    ("Cannot open 'rtsp://u:secret@h/x': refused.", "Cannot open 'rtsp://u:***@h/x': refused."),
    ("Cannot open http://h/x?token=abc.", "Cannot open http://h/x?token=***."),
    ("rtsp://a:secret@h and rtsp://b:other@k", "rtsp://a:***@h and rtsp://b:***@k"),
]
PLAIN = [
    "rtsp://host/x",
    "rtsp://host:554/cam/realmonitor?channel=1&subtype=0",
    "/dev/video0",
    "0",
    "see https://example.org/docs/cameras.html.",
    "Badge 17:1001 of Ada was revoked at 12:30 UTC.",
    "lintel-rtsp@front.service",
    "mail ada@example.org",
    "clips/door: 3.mp4",
    "",
]


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_password_of_an_address_is_hidden(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize("text", PLAIN)
def test_text_without_a_password_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("text", [text for text, _ in SHOWN])
def test_hiding_twice_changes_nothing_more(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


SECRETS = st.text(st.characters(exclude_categories=("Z", "C"), exclude_characters="\x85"), min_size=4, max_size=20)


@given(secret=SECRETS, slashes=st.sampled_from(["/", "//", "///"]), before=st.sampled_from(["", "Cannot open ", "'"]))
def test_no_password_survives_in_any_spelling(secret: str, slashes: str, before: str) -> None:
    shown = redacted(f"{before}rtsp:{slashes}user:{secret}@host/stream")
    assert shown == f"{before}rtsp:{slashes}user:***@host/stream"


@given(secret=st.text("abcdefghijklmnopqrstuvwxyzABCDEF0123456789%+-_~.", min_size=4).map(lambda text: f"{text}Q"))
def test_no_token_survives_in_a_query(secret: str) -> None:
    assert redacted(f"http://host/x?a={secret}&channel=1") == "http://host/x?a=***&channel=1"


@pytest.mark.parametrize(
    ("address", "copied"),
    [("rtsp://user:***@host/x", True), ("rtsp://user:secret@host", False), ("rtsp://host/x", False), ("***", False)],
)
def test_address_copied_from_output_is_known(address: str, copied: bool) -> None:
    assert is_redacted(address) is copied


def test_error_never_holds_a_password() -> None:
    error = CameraError("No answer from rtsp://u:secret@h.", hint="Try `ffprobe rtsp://u:secret@h`.")
    assert (error.message, error.hint) == ("No answer from rtsp://u:***@h.", "Try `ffprobe rtsp://u:***@h`.")
    assert str(error) == "No answer from rtsp://u:***@h."
    assert "secret" not in repr(error)
    assert "secret" not in repr(pickle.loads(pickle.dumps(error)))


@pytest.mark.parametrize("kind", [ValueError, RuntimeError, OSError])
def test_words_of_other_errors_never_hold_a_password(kind: type[Exception]) -> None:
    assert in_words(kind("cannot open rtsp://u:secret@h/x"), quoted=True) == "cannot open rtsp://u:***@h/x"
