"""`lintel link token`, `code`, `keygen` and `sign`: from a key to a command that counts once."""

import json
import stat
from pathlib import Path

import pytest

from device.remote.tokens import key_bytes, parsed
from tests.device.commands import Lintel


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINTEL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    return tmp_path


def added(lintel: Lintel, state: Path, *more: str) -> str:
    """The id of a new client."""
    public = lintel("link", "keygen", state / "gate.pem").out.strip()
    ended = lintel("link", "token", "add", "gate", "--key", public, "--command", "release", *more)
    assert ended.exit_code == 0, ended.err
    return ended.out.strip()


def test_key_is_for_its_owner_alone(lintel: Lintel, state: Path) -> None:
    public = lintel("link", "keygen", state / "gate.pem").out.strip()
    assert stat.S_IMODE((state / "gate.pem").stat().st_mode) == 0o600
    assert lintel("link", "keygen", state / "gate.pem").out.strip() == public


def test_signed_command_is_of_the_clients_key(lintel: Lintel, state: Path) -> None:
    uid = added(lintel, state)
    public = lintel("link", "keygen", state / "gate.pem").out.strip()
    said = lintel("link", "sign", "--key", state / "gate.pem", "--id", uid, "--door", "main", "release")
    token = parsed(said.out.strip())
    assert token.is_by(key_bytes(public))
    assert (token.kid, token.claims.cmd, token.claims.door) == (uid, "release", "main")
    assert token.claims.exp - token.claims.iat == pytest.approx(30)


def test_each_token_has_a_nonce_of_its_own(lintel: Lintel, state: Path) -> None:
    uid = added(lintel, state)
    said = [lintel("link", "sign", "--key", state / "gate.pem", "--id", uid, "--door", "main", "secure") for _ in "ab"]
    assert len({parsed(one.out.strip()).claims.jti for one in said}) == 2


def test_client_is_listed_and_revoked(lintel: Lintel, state: Path) -> None:
    uid = added(lintel, state, "--door", "main")
    (shown,) = json.loads(lintel("link", "token", "list", "--json").out)
    assert (shown["id"], shown["commands"], shown["doors"]) == (uid, ["release"], ["main"])
    assert lintel("link", "token", "revoke", "gate").exit_code == 0
    assert lintel("link", "token", "list", "--json").out == "[]\n"


def test_note_says_that_commands_are_off(lintel: Lintel, state: Path) -> None:
    public = lintel("link", "keygen", state / "gate.pem").out.strip()
    ended = lintel("link", "token", "add", "gate", "--key", public, "--command", "release")
    assert "Note: no signed command counts yet; set `signed = true` under [remote]." in ended.err


def test_code_is_shown_once(lintel: Lintel, state: Path) -> None:  # noqa: ARG001
    code = lintel("link", "code", "add", "anna").out.strip()
    assert (len(code), code.isdigit(), code[:2]) == (8, True, "01")
    assert code[2:] not in lintel("link", "code", "list", "--json").out


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("link", "token", "revoke", "nobody"), 7, "There is no key named 'nobody'."),
        (("link", "code", "reset", "anna"), 7, "There is no code named 'anna'."),
        (("link", "code", "add", "anna", "--door", "cellar"), 7, "There is no door 'cellar'."),
        (("link", "code", "add", "An na"), 2, "expected a small letter"),
        (("link", "token", "add", "gate", "--key", "x", "--command", "release"), 7, "Not a public key"),
        (("link", "token", "add", "gate", "--key", "x", "--command", "evacuate"), 2, "evacuate"),
    ],
)
@pytest.mark.usefixtures("state")
def test_mistakes_are_named(lintel: Lintel, arguments: tuple[str, ...], exit_code: int, said: str) -> None:
    ended = lintel(*arguments)
    assert (ended.exit_code, said in ended.err) == (exit_code, True), ended.err


def test_other_file_is_not_a_key(lintel: Lintel, state: Path) -> None:
    (state / "other").write_text("-----BEGIN PRIVATE KEY-----\n")
    ended = lintel("link", "sign", "--key", state / "other", "--id", "0" * 32, "--door", "main", "release")
    assert (ended.exit_code, "is not an Ed25519 key" in ended.err) == (7, True)
