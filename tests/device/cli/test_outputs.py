"""What is printed on terminals of other encodings, and how a command ends whose output is full, closed or left."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from device.cli.main import cli
from device.commandline import run_command
from device.credentials import parse_badge
from device.records import Event
from device.store.store import Store
from tests.device.conftest import LINTEL

AT = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
NAME = "Ève نرگس\u200cجان 中村 👩\u200d🚒"
ENCODINGS = ["ascii", "latin-1", "iso8859-15", "cp1252", "cp437", "koi8-r", "shift-jis", "gbk", "utf-16", "utf-8"]
LINES = [
    "people list",
    "people find Ève",
    "people show NAME",
    "people time NAME extended",
    "people rename NAME OTHER",
    "people remove NAME --yes",
    "badges list",
    "badges add NAME 17:2",
    "badges suspend 17:1",
    "badges revoke 17:1",
    "badges replace 17:1 17:3",
    "audit list",
]
LOCALES = [
    "LC_ALL=C",
    "LC_ALL=POSIX",
    "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0",
    "PYTHONIOENCODING=cp1252",
    "LC_ALL=xx",
]
OUTPUT_CLOSED, SYSTEM_REFUSED, NON_MATCH, UNKNOWN_BADGE = 141, 74, 1, 9


@dataclass(frozen=True)
class Printed:
    """What a command printed, in bytes."""

    exit_code: int
    out: bytes
    err: bytes


@pytest.fixture
def people(state: Path) -> None:
    """One person with a name that no old encoding has."""
    with Store(state) as store, store.people() as known, store.audit() as audit:
        person = known.add(NAME, AT)
        known.issue(parse_badge("17:1"), person, AT)
        audit.note(Event.ENROLLED, AT, person=person, badge="17:1")


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Printed]:
    """Runs a command line in this process, its output in an encoding."""

    def run(encoding: str, *arguments: str) -> Printed:
        out, err = io.BytesIO(), io.BytesIO()
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding, "strict"))
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding, "strict"))
        code = run_command(cli, arguments)
        return Printed(code, out.getvalue(), err.getvalue())

    return run


def words(line: str) -> list[str]:
    return [{"NAME": NAME, "OTHER": "سارا"}.get(word, word) for word in line.split()]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("line", LINES)
def test_command_does_and_prints_the_same_in_every_encoding(
    on_terminal: Callable[..., Printed], encoding: str, line: str
) -> None:
    printed = on_terminal(encoding, *words(line))
    assert (printed.exit_code, printed.err) == (0, b"")
    assert printed.out.decode(encoding).endswith("\n")


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        (
            "ascii",
            "\\u00c8ve \\u0646\\u0631\\u06af\\u0633\\u062c\\u0627\\u0646 \\u4e2d\\u6751 \\U0001f469\\U0001f692: ",
        ),
        ("latin-1", "Ève \\u0646\\u0631\\u06af\\u0633\\u062c\\u0627\\u0646 \\u4e2d\\u6751 \\U0001f469\\U0001f692: "),
        ("shift-jis", "\\u00c8ve \\u0646\\u0631\\u06af\\u0633\\u062c\\u0627\\u0646 中村 \\U0001f469\\U0001f692: "),
        ("utf-8", "Ève \u2068نرگس\u200cجان\u2069 中村 👩\u200d🚒: "),
    ],
)
def test_letter_that_an_encoding_lacks_is_escaped(
    on_terminal: Callable[..., Printed], encoding: str, shown: str
) -> None:
    assert on_terminal(encoding, "people", "list").out.decode(encoding) == f"{shown}badge 17:1, 0 references\n"


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("encoding", [*ENCODINGS[:-2], "utf-8"])
@pytest.mark.parametrize("line", ["people list --json", "people find 17:1 --json", "badges list --json"])
def test_json_is_json_in_every_encoding(on_terminal: Callable[..., Printed], encoding: str, line: str) -> None:
    (found,) = msgspec.json.decode(on_terminal(encoding, *line.split()).out)
    assert found["person"]["name"] == NAME


@pytest.mark.parametrize("encoding", [*ENCODINGS[:-2], "utf-8"])
def test_settings_printed_in_any_encoding_load(
    on_terminal: Callable[..., Printed], tmp_path: Path, encoding: str
) -> None:
    source = tmp_path / "Tür 門 🚪.mp4"
    (tmp_path / "a.toml").write_text(f'# für die Tür\n[[cameras]]\nsource = "{source}"\n', encoding="utf-8")
    for options in (["--changed"], ["--migrate"], []):
        printed = on_terminal(encoding, "--config", str(tmp_path / "a.toml"), "config", *options)
        (tmp_path / "b.toml").write_bytes(printed.out)
        shown = on_terminal("utf-8", "--config", str(tmp_path / "b.toml"), "config", "--json")
        assert msgspec.json.decode(shown.out)["cameras"][0]["source"] == str(source)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "line", ["people show سارا", "people rename سارا Ada", "people find سارا", "badges add سارا 17:9"]
)
def test_error_about_a_name_is_a_sentence_in_every_encoding(
    on_terminal: Callable[..., Printed], encoding: str, line: str
) -> None:
    printed = on_terminal(encoding, *line.split())
    assert printed.exit_code in (1, 9)
    assert "No " in printed.err.decode(encoding)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("line", ["people find -", "badges revoke -", "badges suspend -"])
@pytest.mark.parametrize(
    "typed",
    [b"\xff\xfe\n", "17:1\n".encode("utf-16"), "17:1\n".encode("utf-16-le"), "17:1é\n".encode("latin-1"), b"\x80"],
)
def test_standard_input_in_another_encoding_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: bytes, line: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed), "utf-8"))
    assert run_command(cli, line.split()) == 2
    said = capsys.readouterr().err
    assert ("standard input isn't text in UTF-8" in said, "17" in said) == (True, False)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("typed", ["17:1\n", "\ufeff17:1\n", "\ufeff17:1\r\n", " 17:1", "17:1\r\n17:2\r\n"])
def test_badge_in_a_file_of_another_system_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode()), "utf-8"))
    assert run_command(cli, ["badges", "revoke", "-"]) == 0
    assert capsys.readouterr().out.startswith("Badge 17:1 of Ève")


def shell(line: str, state: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LINTEL_STATE_DIR": str(state), "L": str(LINTEL)}
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
    )


ANSWERS = [
    (">/dev/full 2>/dev/full", SYSTEM_REFUSED),
    (">/dev/full", SYSTEM_REFUSED),
    (">&-", SYSTEM_REFUSED),
    (">&- 2>&-", SYSTEM_REFUSED),
    ("<&- >&- 2>&-", SYSTEM_REFUSED),
    ("2>/dev/full", NON_MATCH),
    ("2>&-", NON_MATCH),
    ("<&-", NON_MATCH),
    (">/dev/null 2>/dev/full", NON_MATCH),
]


@pytest.mark.parametrize(("to", "code"), ANSWERS)
def test_answer_that_is_not_printed_is_not_given(
    state: Path, portrait_files: dict[str, Path], to: str, code: int
) -> None:
    eileen, grace = portrait_files["eileen-collins"], portrait_files["grace-hopper"]
    assert shell(f'"$L" compare {eileen} {grace} {to}', state).returncode == code


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    "line", ["people list", "people find Eve", "badges list", "audit list --json", "config --json"]
)
@pytest.mark.parametrize("to", [">/dev/full 2>/dev/full", ">&- 2>&-"])
def test_list_that_is_not_printed_is_an_error_of_the_system(state: Path, line: str, to: str) -> None:
    assert shell(f'"$L" {line} {to}', state).returncode == SYSTEM_REFUSED


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('"$L" people find nobody >&- 2>&-', NON_MATCH),
        ('"$L" badges revoke 17:9 >/dev/full 2>/dev/full', UNKNOWN_BADGE),
        ('"$L" badges revoke 17:9 2>&-', UNKNOWN_BADGE),
        ('"$L" frobnicate 2>/dev/full', 2),
        ('"$L" people remove nobody <&-', 130),
        ('"$L" badges revoke - <&-', 2),
        ('"$L" people list 2>&1 | true; exit ${PIPESTATUS[0]}', OUTPUT_CLOSED),
    ],
)
def test_code_of_a_refusal_is_kept_without_outputs(state: Path, line: str, code: int) -> None:
    assert shell(line, state).returncode == code


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_no_message_is_written_into_the_database(state: Path, closed: str) -> None:
    """A database that is opened at the descriptor of a closed output would be printed into."""
    shell(f'"$L" badges suspend 17:1 {closed}', state)
    with Store(state) as store, store.people() as known:
        assert known.held(parse_badge("17:1")).state == "suspended"


@pytest.mark.usefixtures("people")
def test_message_of_a_full_output_says_so_without_a_traceback(state: Path) -> None:
    ended = shell('"$L" people list >/dev/full', state)
    assert ended.stderr.startswith("Error: No space left on device, while reading or writing.\nWhat to do: ")
    assert "Exception ignored" not in ended.stderr


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("variables", LOCALES)
def test_name_is_understood_by_a_process_in_any_locale(state: Path, variables: str) -> None:
    ended = shell(f"{variables} \"$L\" people time '{NAME}' extended | iconv -c -t ascii", state)
    assert (ended.stderr, "has the extended strike time" in ended.stdout) == ("", True)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("variables", LOCALES)
def test_list_is_printed_by_a_process_in_any_locale(state: Path, variables: str) -> None:
    ended = shell(f'{variables} "$L" people list | iconv -c -t ascii', state)
    assert (ended.stderr, "badge 17:1, 0 references" in ended.stdout) == ("", True)
