"""Secrets of the link: credentials of the unit, or files that others can't read."""

from pathlib import Path

import pytest

from device.errors import ConfigError
from device.link.secrets import secret_of

WORD = "tr0ub4dor"


def file_with(folder: Path, content: bytes, mode: int = 0o600) -> str:
    path = folder / "password"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def test_a_file_of_one_user_is_read(tmp_path: Path) -> None:
    assert secret_of(file_with(tmp_path, b"tr0ub4dor\n")).text == WORD


def test_a_credential_is_read_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file_with(tmp_path, WORD.encode(), 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert secret_of("password").text == WORD


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o601])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="Others may read the secret") as refused:
        secret_of(file_with(tmp_path, WORD.encode(), mode))
    assert "chmod 600" in refused.value.hint


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_what_is_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"empty|not text|larger"):
        secret_of(file_with(tmp_path, content))


@pytest.mark.parametrize("name", ["../password", "a/b", "..", ""])
def test_a_name_leads_out_of_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(ConfigError, match="Not the name of a credential"):
        secret_of(name)


def test_a_credential_without_a_unit_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigError) as refused:
        secret_of("mqtt-password")
    assert "LoadCredential=mqtt-password:" in refused.value.hint


def test_no_text_of_it_shows_the_secret(tmp_path: Path) -> None:
    secret = secret_of(file_with(tmp_path, WORD.encode()))
    assert WORD not in f"{secret} {secret!r}"


def test_a_folder_or_pipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        secret_of(str(tmp_path))
