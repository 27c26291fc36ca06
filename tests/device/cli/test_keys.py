"""`lintel keys`: made once, looked at, rotated, unlocked; what can't be done is said in a sentence."""

from pathlib import Path

import pytest

from device.store.store import Store
from tests.device.commands import Ended, Lintel

WORDS = "correct horse battery staple"


@pytest.fixture
def key(state: Path) -> Path:
    return state.with_name("state-keys") / "device.key"


@pytest.fixture
def words(tmp_path: Path) -> Path:
    (tmp_path / "passphrase").write_text(f"{WORDS}\nanother line\n")
    return tmp_path / "passphrase"


def enroll(lintel: Lintel, eileen: Path) -> Ended:
    return lintel("enroll", "17:1001", eileen, "--name", "Eileen Collins")


def verify(lintel: Lintel, eileen: Path) -> int:
    return lintel("verify", "17:1001", eileen).exit_code


@pytest.mark.usefixtures("state")
def test_without_a_key_status_says_that_none_was_made(lintel: Lintel, key: Path) -> None:
    ended = lintel("keys", "status")
    assert (ended.exit_code, ended.out) == (0, "No device key was made yet; the first enrollment makes one.\n")
    assert not key.exists()


@pytest.mark.usefixtures("state")
def test_enrollment_on_a_fresh_folder_makes_the_key(lintel: Lintel, eileen: Path, key: Path) -> None:
    assert enroll(lintel, eileen).exit_code == 0
    status = lintel("keys", "status", "--json").json
    assert (status["place"], status["kind"], status["data_keys"], status["trouble"]) == (str(key), "file", 1, "")


@pytest.mark.usefixtures("state")
def test_status_says_what_a_file_stops_and_how_to_move_it(lintel: Lintel, key: Path) -> None:
    lintel("keys", "init")
    ended = lintel("keys", "status")
    assert "\n  a copy of the database or the state folder: stopped\n  a stolen card: not stopped\n" in ended.out
    assert f"sudo install -D -m 600 -o root {key} /etc/lintel/lintel.key" in ended.out


@pytest.mark.usefixtures("state")
def test_key_is_made_once(lintel: Lintel, key: Path) -> None:
    made = lintel("keys", "init", "--json").json
    content = key.read_bytes()
    again = lintel("keys", "init")
    assert (made["place"], again.exit_code, key.read_bytes() == content) == (str(key), 8, True)
    assert again.err.startswith("Error: This store has a device key already.\n")


@pytest.mark.usefixtures("state")
def test_faces_match_after_a_rotation(lintel: Lintel, eileen: Path, key: Path) -> None:
    enroll(lintel, eileen)
    before = key.read_bytes()
    rotated = lintel("keys", "rotate", "--json").json
    assert (rotated["before"] == rotated["key"], key.read_bytes() == before, verify(lintel, eileen)) == (
        False,
        False,
        0,
    )
    events = [row["event"] for row in lintel("audit", "list", "--json").json]
    assert events == ["enrolled", "key-rotated"]


@pytest.mark.usefixtures("state")
def test_rotation_without_a_key_is_refused(lintel: Lintel) -> None:
    ended = lintel("keys", "rotate")
    assert (ended.exit_code, ended.err.splitlines()[0]) == (8, "Error: No device key was made yet.")


@pytest.mark.usefixtures("state")
def test_lost_key_is_an_error_with_what_to_do(lintel: Lintel, eileen: Path, key: Path) -> None:
    enroll(lintel, eileen)
    key.rename(key.with_name("moved"))
    ended, status = lintel("verify", "17:1001", eileen), lintel("keys", "status")
    assert (ended.exit_code, status.exit_code) == (8, 1)
    assert "is missing; looked in" in ended.err
    assert "What to do: Put the key back from where you keep a copy" in ended.err
    assert lintel("people", "list").exit_code == lintel("badges", "list").exit_code == 0
    assert lintel("people", "remove", "Eileen Collins", "--yes").exit_code == 0


def locked(lintel: Lintel, words: Path, eileen: Path) -> None:
    assert lintel("keys", "init", "--store", "passphrase", "--passphrase-file", words).exit_code == 0
    assert "is locked by a passphrase" in enroll(lintel, eileen).err
    assert lintel("keys", "unlock", "--passphrase-file", words).exit_code == 0
    assert enroll(lintel, eileen).exit_code == 0


@pytest.mark.usefixtures("state")
def test_locked_key_opens_nothing_until_it_is_unlocked(
    lintel: Lintel, words: Path, eileen: Path, key: Path, runtime: Path
) -> None:
    locked(lintel, words, eileen)
    assert verify(lintel, eileen) == 0
    (runtime / "device.key").unlink()  # as a power cut does
    status = lintel("keys", "status")
    assert (verify(lintel, eileen), status.exit_code) == (8, 1)
    assert "Type the passphrase: `sudo lintel keys unlock`." in status.out
    assert WORDS.encode() not in key.read_bytes()


@pytest.mark.usefixtures("state", "runtime")
def test_wrong_passphrase_opens_nothing(lintel: Lintel, words: Path, eileen: Path, runtime: Path) -> None:
    locked(lintel, words, eileen)
    (runtime / "device.key").unlink()
    words.write_text("incorrect horse battery staple")
    ended = lintel("keys", "unlock", "--passphrase-file", words)
    assert (ended.exit_code, list(runtime.iterdir())) == (8, [])
    assert "The passphrase is another one" in ended.err


@pytest.mark.usefixtures("state", "runtime")
def test_locked_key_stays_locked_after_a_rotation(lintel: Lintel, words: Path, eileen: Path, key: Path) -> None:
    locked(lintel, words, eileen)
    assert lintel("keys", "rotate", "--passphrase-file", words).exit_code == 0
    assert (key.read_bytes().startswith(b"lintel-device-key-1-locked "), verify(lintel, eileen)) == (True, 8)
    lintel("keys", "unlock", "--passphrase-file", words)
    assert verify(lintel, eileen) == 0


@pytest.mark.usefixtures("state")
def test_short_passphrase_is_refused(lintel: Lintel, words: Path, key: Path) -> None:
    words.write_text("eleven lett")
    ended = lintel("keys", "init", "--store", "passphrase", "--passphrase-file", words)
    assert (ended.exit_code, "has 11 letters, expected 12 or more" in ended.err, key.exists()) == (8, True, False)


@pytest.mark.usefixtures("state")
def test_unlocking_without_the_service_is_refused(
    lintel: Lintel, words: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("device.files.RUNTIME_DIR", tmp_path / "none")
    lintel("keys", "init", "--store", "passphrase", "--passphrase-file", words)
    ended = lintel("keys", "unlock", "--passphrase-file", words)
    assert (ended.exit_code, "the service is not running" in ended.err) == (8, True)


def test_credential_is_named_as_one(
    lintel: Lintel, state: Path, key: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lintel("keys", "init")
    (tmp_path / "credentials").mkdir()
    key.rename(tmp_path / "credentials" / "lintel.key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert lintel("keys", "status", "--json").json["kind"] == "credential"
    rotated = lintel("keys", "rotate")
    assert "opens nothing any more: put the new key there" in rotated.err
    with Store(state) as store:
        assert (store.vault.trouble(), store.vault.begin().place) == ("", str(key))


@pytest.mark.usefixtures("state")
def test_no_key_is_in_what_commands_say(lintel: Lintel, eileen: Path, key: Path) -> None:
    said = [
        lintel("keys", "init"),
        enroll(lintel, eileen),
        lintel("keys", "status"),
        lintel("keys", "status", "--json"),
    ]
    secret = key.read_text().split()[1]
    assert all(secret not in ended.out + ended.err for ended in said)
