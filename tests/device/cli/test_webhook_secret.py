"""`lintel link webhook-secret`: a secret, the next one beside it, and the old one gone."""

import stat
from pathlib import Path

import standardwebhooks

from device.link.webhooks.signing import keys_in, signature
from tests.device.commands import Lintel


def test_secret_is_made_for_its_owner_alone_and_printed(lintel: Lintel, tmp_path: Path) -> None:
    file = tmp_path / "shop"
    said = lintel("link", "webhook-secret", file)
    assert (said.out, stat.S_IMODE(file.stat().st_mode)) == (file.read_text(), 0o600)
    assert standardwebhooks.Webhook(said.out.strip())


def test_both_sign_until_the_rotation_is_finished(lintel: Lintel, tmp_path: Path) -> None:
    file = tmp_path / "shop"
    old = lintel("link", "webhook-secret", file).out.strip()
    new = lintel("link", "webhook-secret", "--rotate", file).out.strip()
    assert file.read_text() == f"{new}\n{old}\n"
    assert signature(keys_in(file.read_text(), "x"), "1-a", 1, b"").count("v1,") == 2
    assert lintel("link", "webhook-secret", "--rotate", file).exit_code == 3
    assert lintel("link", "webhook-secret", "--finish", file).exit_code == 0
    assert file.read_text() == f"{new}\n"


def test_no_secret_is_overwritten(lintel: Lintel, tmp_path: Path) -> None:
    file = tmp_path / "shop"
    lintel("link", "webhook-secret", file)
    before = file.read_text()
    assert lintel("link", "webhook-secret", file).exit_code == 3
    assert file.read_text() == before


def test_other_files_are_left_as_they_are(lintel: Lintel, tmp_path: Path) -> None:
    file = tmp_path / "id_rsa"
    file.write_text("something else\n")
    assert [lintel("link", "webhook-secret", *more, file).exit_code for more in ((), ("--rotate",))] == [3, 3]
    assert file.read_text() == "something else\n"


def test_rotation_takes_a_secret(lintel: Lintel, tmp_path: Path) -> None:
    assert lintel("link", "webhook-secret", "--rotate", tmp_path / "none").exit_code == 3
