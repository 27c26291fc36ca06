"""`lintel backup` and `lintel restore`: a backup is made, looked into and restored by hand."""

import json
from pathlib import Path

import pytest

from tests.device.commands import Lintel

PASSPHRASE = "a sentence to remember"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(f"{PASSPHRASE}\n")
    return path


@pytest.fixture
def saved(lintel: Lintel, state: Path, tmp_path: Path, secret: Path) -> Path:  # noqa: ARG001
    path = tmp_path / "of-today.backup"
    assert lintel("backup", "save", path, "--passphrase-file", secret).exit_code == 0
    return path


def test_backup_says_until_when_it_is_kept(lintel: Lintel, state: Path, tmp_path: Path, secret: Path) -> None:  # noqa: ARG001
    ended = lintel("backup", "save", tmp_path / "x", "--passphrase-file", secret, "--keep", "7", "--json")
    shown = json.loads(ended.out)
    assert (ended.exit_code, "lintel.db" in shown["parts"], shown["deleted"]) == (0, True, [])


def test_backup_is_looked_into(lintel: Lintel, saved: Path, secret: Path) -> None:
    ended = lintel("backup", "show", saved, "--passphrase-file", secret)
    assert (ended.exit_code, "  lintel.db\n" in ended.out) == (0, True)


def test_wrong_passphrase_says_what_to_do(lintel: Lintel, saved: Path) -> None:
    ended = lintel("backup", "show", saved, typed="another sentence here\n")
    assert (ended.exit_code, "Type the passphrase that it was made with." in ended.err) == (8, True)


def test_short_passphrase_is_refused(lintel: Lintel, state: Path, tmp_path: Path) -> None:  # noqa: ARG001
    ended = lintel("backup", "save", tmp_path / "x", typed="short\n")
    assert (ended.exit_code, "expected 12 or more" in ended.err) == (8, True)


def test_line_of_revocations_is_one_line(lintel: Lintel, saved: Path) -> None:  # noqa: ARG001
    ended = lintel("backup", "revocations")
    assert (ended.out.count("\n"), ended.out.startswith("lintel-revocations-1.")) == (1, True)


def test_identity_opens_what_its_recipient_sealed(lintel: Lintel, state: Path, tmp_path: Path) -> None:  # noqa: ARG001
    made = lintel("backup", "identity")
    (tmp_path / "identity").write_text(made.out)
    recipient = made.err.split()[-1]
    assert lintel("backup", "save", tmp_path / "x", "--recipient", recipient).exit_code == 0
    assert lintel("backup", "show", tmp_path / "x", "--identity", tmp_path / "identity").exit_code == 0


def test_restore_on_a_new_device(lintel: Lintel, saved: Path, tmp_path: Path, secret: Path) -> None:
    line = lintel("backup", "revocations").out
    new = ("--state-dir", tmp_path / "new")
    ended = lintel(*new, "restore", saved, "--passphrase-file", secret, "--revocations", "-", typed=line)
    assert (ended.exit_code, ended.out.splitlines()[-1]) == (
        0,
        "0 later entries of the list of revocations were applied.",
    )


def test_restore_never_replaces_a_store_unasked(lintel: Lintel, saved: Path, secret: Path) -> None:
    ended = lintel("restore", saved, "--passphrase-file", secret, "--without-revocations")
    assert (ended.exit_code, "add --replace" in ended.err) == (8, True)


def test_restore_without_the_list_says_what_is_suspended(
    lintel: Lintel, saved: Path, tmp_path: Path, secret: Path
) -> None:
    command = ("restore", saved, "--passphrase-file", secret, "--without-revocations", "--json")
    ended = lintel("--state-dir", tmp_path / "new", *command)
    shown = json.loads(ended.out)
    assert (shown["suspended"], shown["is_vouched_for"]) == (0, False)


def test_settings_of_a_backup_are_put_beside_the_store(
    lintel: Lintel,
    state: Path,  # noqa: ARG001
    tmp_path: Path,
    secret: Path,
) -> None:
    settings = tmp_path / "lintel.toml"
    settings.write_text("[clock]\nmax_gap_days = 60\n")
    assert lintel("--config", settings, "backup", "save", tmp_path / "x", "--passphrase-file", secret).exit_code == 0
    command = ("restore", tmp_path / "x", "--passphrase-file", secret, "--without-revocations", "--json")
    shown = json.loads(lintel("--state-dir", tmp_path / "new", *command).out)
    assert Path(shown["settings"]).read_text() == settings.read_text()
