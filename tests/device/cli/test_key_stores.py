"""`lintel keys` with a key that the machine locks: made after asking, handed to the service, moved and restored."""

import os
import sys
from contextlib import nullcontext
from dataclasses import astuple
from pathlib import Path

import pytest

from device.errors import KeyMissing
from device.files import keys_folder
from device.store.store import Store
from device.store.vault.key_files import KeyFiles
from device.store.vault.key_text import wipe
from device.store.vault.stops import STOPS, THREATS
from device.store.vault.vault import Vault
from tests.device.commands import Lintel
from tests.device.machines import Machines

ROOT = Path(__file__).parents[3]
RECOVERY_LETTERS = 64
SYSTEMD_RUN = """#!{python} -IS
import os, sys
words = sys.argv[1:]
command = words[words.index("--") + 1 :]
said = [word.removeprefix("--property=") for word in words if word.startswith("--property=")]
for one in said:
    if one.startswith("LoadCredential="):
        place = one.removeprefix("LoadCredential=lintel.key:")
        os.environ["CREDENTIALS_DIRECTORY"] = "{folder}"
        open("{folder}/lintel.key", "xb").write(open(place, "rb").read())
for word in words:
    if word.startswith("--setenv="):
        name, _, value = word.removeprefix("--setenv=").partition("=")
        os.environ[name] = value
open("{folder}/asked", "w").write("\\n".join(words))
os.execvp(command[0], command)
"""


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    return Machines(tmp_path, monkeypatch)


@pytest.fixture
def key(state: Path) -> Path:
    return keys_folder(state) / "device.key"


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No service runs."""
    monkeypatch.setattr("device.files.RUNTIME_DIR", tmp_path / "none")


@pytest.mark.usefixtures("state", "nowhere")
def test_fuses_are_burnt_after_asking_alone(lintel: Lintel, machines: Machines, key: Path) -> None:
    pi = machines.pi("a")
    refused = lintel("keys", "init", "--store", "otp", typed="n\n")
    assert (refused.exit_code, key.exists(), (pi / "rows").exists()) == (130, False, False)
    assert "Burn 32 random bytes into this Pi's fuses? This is for good." in refused.err
    assert lintel("keys", "init", "--store", "otp", typed="y\n").exit_code == 0
    assert ((pi / "burns").read_text(), key.read_bytes().startswith(b"lintel-device-key-1-otp ")) == ("x", True)


@pytest.mark.usefixtures("state", "nowhere")
def test_fuses_that_hold_a_key_are_used_as_they_are(lintel: Lintel, machines: Machines) -> None:
    pi = machines.pi("a")
    (pi / "rows").write_text("0 0 0 0 0 0 0 1")
    assert lintel("keys", "init", "--store", "otp").exit_code == 0
    assert not (pi / "burns").exists()


@pytest.mark.usefixtures("state", "nowhere")
def test_status_says_what_each_store_stops(lintel: Lintel, machines: Machines) -> None:
    machines.pi("a")
    lintel("keys", "init", "--store", "otp", "--yes")
    here = lintel("keys", "status", "--json").json
    assert (here["kind"], here["stops"]["stolen_card"], here["trouble"]) == ("otp", "stopped", "")
    machines.pi("b")
    elsewhere = lintel("keys", "status", "--json")
    assert (elsewhere.exit_code, elsewhere.json["kind"], elsewhere.json["key"]) == (1, "otp", "")
    assert "are empty" in elsewhere.json["trouble"]


def service(state: Path) -> KeyFiles:
    """The key's places as the service looks for them."""
    return KeyFiles(state, takes=True)


@pytest.mark.parametrize("kind", ["otp", "tpm"])
def test_root_hands_the_key_to_the_service_alone(
    lintel: Lintel, machines: Machines, state: Path, runtime: Path, kind: str
) -> None:
    """The unit runs `keys open` at each start; the service takes the key into its memory."""
    machines.pi("a")
    with machines.tpm("a") if kind == "tpm" else nullcontext():
        assert lintel("keys", "init", "--store", kind, "--yes").exit_code == 0
        (runtime / "handed.key").unlink()
        assert lintel("keys", "open").exit_code == 0
    assert oct((runtime / "handed.key").stat().st_mode) == "0o100400"
    keys = service(state)
    with Store(state, places=keys) as store:
        assert store.vault.trouble() == ""
        assert list(runtime.iterdir()) == []
        store.vault.finish_rotation()  # has it look for the key again
        assert store.vault.trouble() == ""


@pytest.mark.usefixtures("state", "nowhere")
def test_recovery_line_is_no_answer_about_fuses(lintel: Lintel, machines: Machines, key: Path) -> None:
    """It comes from a pipe, as on the page about keys, and was read as the answer."""
    pi = machines.pi("a")
    lintel("keys", "init")
    line, before = lintel("keys", "recovery").out, key.read_bytes()
    ended = lintel("keys", "restore", "--store", "otp", typed=line)
    assert (ended.exit_code, "Add `--yes`" in ended.err, key.read_bytes()) == (8, True, before)
    assert not (pi / "burns").exists()


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("cut", ["Vault._finish_rotation", "KeyFiles._move_next"])
def test_start_ends_a_rotation_that_a_power_cut_has_ended(
    lintel: Lintel, machines: Machines, state: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    """Else faces are denied until an operator comes: root alone opens the key, and its part is the first at a start."""
    machines.pi("a")
    lintel("keys", "init", "--store", "otp", "--yes")

    def dies(*_words: object) -> None:
        raise KeyMissing("The power is gone.", hint="")

    with monkeypatch.context() as patched:
        owner, _, name = cut.partition(".")
        patched.setattr({"Vault": Vault, "KeyFiles": KeyFiles}[owner], name, dies)
        assert lintel("keys", "rotate").exit_code == 8
    if cut == "KeyFiles._move_next":  # the old one's bytes were overwritten, the new one has not its name yet
        wipe(keys_folder(state) / "device.key")
    assert lintel("keys", "open").exit_code == 0
    with Store(state, places=service(state)) as store:
        assert store.vault.trouble() == ""
    assert not (keys_folder(state) / "device.key.next").exists()


@pytest.mark.parametrize("kind", ["otp", "tpm"])
def test_start_brings_no_forgotten_key_back(
    lintel: Lintel, machines: Machines, key: Path, runtime: Path, kind: str
) -> None:
    """A power cut after the housing was opened, before the file was destroyed: root's part comes first at the start."""
    machines.pi("a")
    with machines.tpm("a") if kind == "tpm" else nullcontext():
        assert lintel("keys", "init", "--store", kind, "--yes").exit_code == 0
        (runtime / "handed.key").unlink()
        (key.parent / "forgotten").write_text("The device key was forgotten: the housing of door main was opened\n")
        opened = lintel("keys", "open")
    assert (opened.exit_code, "housing of door main was opened" in opened.err) == (8, True)
    assert (list(runtime.iterdir()), (key.parent / "forgotten").exists()) == ([], True)


@pytest.mark.usefixtures("runtime")
def test_service_hands_its_key_to_commands_of_its_own(
    lintel: Lintel, machines: Machines, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.pi("a")
    lintel("keys", "init", "--store", "otp", "--yes")
    keys = service(state)
    (found,) = keys.found().keys
    descriptor = keys.handed()
    assert descriptor is not None
    monkeypatch.setenv("LINTEL_KEY_FD", str(descriptor))
    with Store(state) as store:
        assert (store.vault.trouble(), store.vault.begin().id) == ("", found.id)
    os.close(descriptor)


@pytest.mark.usefixtures("state")
def test_key_of_another_kind_is_not_handed_over(lintel: Lintel, runtime: Path) -> None:
    lintel("keys", "init")
    assert (lintel("keys", "open").exit_code, list(runtime.iterdir())) == (0, [])


@pytest.mark.usefixtures("nowhere")
def test_recovery_line_moves_the_key_into_the_fuses(lintel: Lintel, machines: Machines, state: Path, key: Path) -> None:
    pi = machines.pi("a")
    lintel("keys", "init")
    line = lintel("keys", "recovery").out
    assert (len(line), line.encode()) == (RECOVERY_LETTERS + 1, key.read_bytes())
    moved = lintel("keys", "restore", "--store", "otp", "--yes", typed=line)
    assert (moved.exit_code, (pi / "burns").read_text(), lintel("keys", "recovery").out) == (0, "x", line)
    assert line.split()[1].encode() not in b"".join(path.read_bytes() for path in key.parent.iterdir())
    with Store(state) as store:
        assert "which root opens at the start of the service" in store.vault.trouble()


@pytest.mark.usefixtures("state", "nowhere")
def test_recovery_line_opens_the_store_on_another_machine(lintel: Lintel, machines: Machines) -> None:
    machines.pi("a")
    lintel("keys", "init", "--store", "otp", "--yes")
    line = lintel("keys", "recovery").out
    machines.pi("b")
    assert lintel("keys", "recovery").exit_code == 8
    assert lintel("keys", "restore", "--store", "otp", "--yes", typed=line).exit_code == 0
    assert lintel("keys", "status", "--json").json["trouble"] == ""


WRONG = {
    "nothing": ("", "That is not a recovery line."),
    "half": ("lintel-device-key-1 AAAA\n", "That is not a recovery line."),
    "another": ("lintel-device-key-1 " + "A" * 43 + "=\n", "but the store was sealed with"),
}


@pytest.mark.usefixtures("state", "nowhere")
@pytest.mark.parametrize(("line", "said"), WRONG.values(), ids=list(WRONG))
def test_wrong_recovery_line_changes_nothing(lintel: Lintel, key: Path, line: str, said: str) -> None:
    lintel("keys", "init")
    content = key.read_bytes()
    ended = lintel("keys", "restore", typed=line)
    assert (ended.exit_code, said in ended.err, key.read_bytes()) == (8, True, content)


@pytest.mark.usefixtures("state", "runtime")
def test_rotation_keeps_the_lock(lintel: Lintel, machines: Machines, key: Path, state: Path) -> None:
    machines.pi("a")
    lintel("keys", "init", "--store", "otp", "--yes")
    before = key.read_bytes()
    assert lintel("keys", "rotate").exit_code == 0
    assert (key.read_bytes() == before, key.read_bytes().startswith(b"lintel-device-key-1-otp ")) == (False, True)
    with Store(state, places=service(state)) as store:
        assert store.vault.trouble() == ""


@pytest.mark.usefixtures("state", "nowhere")
def test_without_systemd_exec_says_so(lintel: Lintel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("device.cli.key_exec.SYSTEMD", tmp_path / "none")
    ended = lintel("keys", "exec", "--", "true")
    assert (ended.exit_code, "There is no systemd running here" in ended.err) == (8, True)


@pytest.fixture
def unit(machines: Machines, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A systemd-run that hands a credential in; the folder where it lies, with the words that it was asked."""
    if os.geteuid() != 0:
        pytest.skip("keys exec takes root")
    folder = tmp_path / "unit"
    (tmp_path / "memory").mkdir()
    folder.mkdir()
    monkeypatch.setattr("device.cli.key_exec.SYSTEMD", folder)
    monkeypatch.setattr("device.cli.key_exec.MEMORY", tmp_path / "memory")
    machines.program("systemd-run", SYSTEMD_RUN.format(python=sys.executable, folder=folder))
    machines.program("systemctl", "#!/bin/sh\necho LoadCredential=lintel.key:/etc/lintel/lintel.key\n")
    return folder


@pytest.mark.usefixtures("nowhere")
def test_exec_runs_a_command_with_the_key(
    lintel: Lintel, machines: Machines, state: Path, unit: Path, tmp_path: Path
) -> None:
    machines.pi("a")
    lintel("keys", "init", "--store", "otp", "--yes")
    line = lintel("keys", "recovery").out
    ended = lintel("keys", "exec", "--", sys.executable, "-c", "import sys; sys.exit(3)")
    asked = (unit / "asked").read_text().splitlines()
    assert (ended.exit_code, (unit / "lintel.key").read_text(), list((tmp_path / "memory").iterdir())) == (3, line, [])
    assert {f"--setenv=LINTEL_STATE_DIR={state}", "--wait", "--pipe", "--property=User=root"} <= set(asked)
    assert line.split()[1] not in " ".join(asked)


@pytest.mark.usefixtures("state", "nowhere")
def test_exec_has_the_credential_of_the_service(lintel: Lintel, machines: Machines, unit: Path) -> None:
    """For a key that is in no file of ours."""
    machines.program("systemd-run", f'#!/bin/sh\necho "$@" > {unit}/asked\n')
    assert lintel("keys", "exec", "--", "true").exit_code == 0
    assert "--property=LoadCredential=lintel.key:/etc/lintel/lintel.key" in (unit / "asked").read_text()


def test_docs_say_what_each_store_stops() -> None:
    page = (ROOT / "docs" / "keys.md").read_text()
    rows = ["| " + " | ".join([f"`{kept}`", *astuple(stops)]) + " |" for kept, stops in STOPS.items()]
    assert [row for row in rows if f"\n{row}\n" not in page] == []
    assert f"\n| the key is kept in | {' | '.join(THREATS.values())} |\n" in page
