"""A camera's address: what is one, and that no error or text repeats it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.cameras.rtsp.address import Address, address_of_environment, parsed_address
from device.errors import CameraError

SECRET = "hunter2"
WHOLE = "rtsp://door:hunter2@192.168.1.20:554/Streaming/Channels/102?transportmode=unicast"


@pytest.mark.parametrize(
    "text",
    [WHOLE, "rtsps://door:hunter2@camera.lan/s", "rtsp://camera/", "rtsp://[fe80::1]:8554/x", "rtsp://a:b%40c@h/x"],
)
@pytest.mark.parametrize("around", ["{}", "{}\n", "{}\r\n", " {} \n\n", "\ufeff{}\n"], ids=["", "n", "rn", "sp", "bom"])
def test_address_is_taken_as_editors_write_it(text: str, around: str) -> None:
    content = around.format(text).encode()
    assert parsed_address(content).url == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "door:hunter2",
        "http://door:hunter2@camera/x",
        "file:///etc/shadow",
        "rtsp:///hunter2",
        "rtsp://door:hunter2@camera:99999/x",
        "rtsp://door:hunter2@camera:x/x",
        "rtsp://door:hunter2@camera:0/x",
        "rtsp://door:hunter2@[::1/x",
        "rtsp://door:hunter 2@camera/x",
        "rtsp://door:hunter2@camera/x\nrtsp://door:hunter2@other/x",
        "rtsp://door:hunter2@camera/\x00",
        "rtsp://door:hunter2ä@camera/x",
        "rtsp://door:hunter2@camera/" + "x" * 2048,
    ],
    ids=range(14),
)
def test_what_is_no_address_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(CameraError, match="is not a camera's address") as refused:
        parsed_address(text.encode())
    said = f"{refused.value!r} {refused.value} {refused.value.hint} {refused.value.__cause__}"
    assert SECRET not in said


@given(st.binary(max_size=200))
def test_any_bytes_are_an_address_or_refused(content: bytes) -> None:
    try:
        found = parsed_address(content)
    except CameraError:
        found = Address("rtsp://refused")
    assert found.url.startswith(("rtsp://", "rtsps://"))


def test_address_does_not_show_in_a_representation() -> None:
    assert SECRET not in repr(parsed_address(WHOLE.encode()))


def test_address_comes_from_the_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "address").write_text(f"{WHOLE}\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert address_of_environment().url == WHOLE


def test_missing_credential_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(CameraError, match="`address` can't be read"):
        address_of_environment()


def test_process_without_credentials_is_told_how_it_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(CameraError, match="gave no credential") as raised:
        address_of_environment()
    assert "systemctl start lintel-rtsp@NAME" in raised.value.hint
