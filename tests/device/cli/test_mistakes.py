"""Mistakes of those who type: each has its exit code, a sentence and a way out, and none a traceback."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.device.commands import Lintel

LINTEL = Path(sys.executable).parent / "lintel"
FILES: dict[str, str | bytes] = {
    "typo.toml": "[[doors]]\npni = 17",
    "binary.toml": b"[a]\n\xff\xfe",
    "nowhere.toml": '[vision]\nmodels_dir = "/none"',
    "scenario-typo.toml": 'title = "A"\ncolour = 1\n[[step]]\ntitle = "B"',
    "scenario-reason.toml": 'title = "A"\n[[step]]\ntitle = "B"\nexpect = { reason = "luck" }',
    "scenario-image.toml": 'title = "A"\n[images]\na = "none.jpg"\n[[step]]\ntitle = "B"',
    "scenario-face.toml": (
        'title = "A"\n[images]\na = "nobody.png"\n[[enroll]]\nname = "N"\nbadge = "1"\nimages = ["a"]\n'
        '[[step]]\ntitle = "B"'
    ),
    "text.avi": "no film",
    "file": "",
}
USAGE, CONFIG, MODEL, IMAGE, CAMERA, DOOR, STORE, BADGE, REFUSED, SCENARIO, READER = 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13
WRONG = [
    ("", USAGE, "Usage: "),
    ("frobnicate", USAGE, "No such command 'frobnicate'"),
    ("-v", USAGE, "Missing command"),
    ("--frobnicate", USAGE, "No such option"),
    ("people", USAGE, "Usage: "),
    ("people frobnicate", USAGE, "No such command"),
    ("people show", USAGE, "Missing argument 'NAME'"),
    ("--config none.toml config", CONFIG, "No such file"),
    ("--config . config", CONFIG, "Is a directory"),
    ("--config typo.toml config", CONFIG, "unknown field `pni`"),
    ("--config binary.toml people list", CONFIG, "byte 0xff in line 2 is not UTF-8"),
    ("--config typo.toml run", CONFIG, "unknown field `pni`"),
    ("--config typo.toml door secure", DOOR, "unknown field `pni`"),
    ("--config nowhere.toml compare EILEEN GRACE", MODEL, "No manifest at /none"),
    ("--config nowhere.toml simulate", MODEL, "No manifest at /none"),
    ("--state-dir file people list", STORE, "File exists"),
    ("--state-dir file/below people list", STORE, "Not a directory"),
    ("--state-dir /proc/none badges list", STORE, "No such file"),
    ("--state-dir \x1b[2J people list", USAGE, "expected text without control characters"),
    ("--state-dir \udcff people list", USAGE, "expected text without control characters"),
    ("compare EILEEN none.jpg", IMAGE, "No such file"),
    ("compare EILEEN .", IMAGE, "Is a directory"),
    ("compare EILEEN file", IMAGE, "file is empty"),
    ("compare EILEEN damaged.png", IMAGE, "truncated"),
    ("compare EILEEN nobody.png", IMAGE, "nobody.png cannot be compared: No face was found"),
    ("compare two.png EILEEN", IMAGE, "two.png cannot be compared: The picture shows more than one face"),
    ("compare pixel.png EILEEN", IMAGE, "cannot be compared"),
    ("compare wide.png EILEEN", IMAGE, "cannot be compared"),
    ("compare high.png EILEEN", IMAGE, "cannot be compared"),
    ("compare \udcff.jpg EILEEN", IMAGE, "No such file"),
    ("compare EILEEN", USAGE, "Missing argument 'IMAGE_B'"),
    ("verify 17:9999 EILEEN", BADGE, "This badge is not assigned to anyone"),
    ("verify card EILEEN", BADGE, "'card' is not in a known format"),
    ("verify 999:1 EILEEN", BADGE, "out of range"),
    ("verify \udcff EILEEN", BADGE, "not in a known format"),
    ("enroll 17:1 --name N", USAGE, "Give pictures, --camera or --at"),
    ("enroll 17:1 --name N --camera EILEEN", USAGE, "Give pictures, --camera or --at"),
    ("enroll 17:1 EILEEN", USAGE, "Missing option '--name'"),
    ("enroll 17:1 EILEEN --name \t", USAGE, "expected text without control characters"),
    ("enroll 17:1 EILEEN --name \x1b[2J", USAGE, "expected text without control characters"),
    ("enroll 17:1 EILEEN --name \udcff", USAGE, "expected text without control characters"),
    ("enroll 17:1 --name N --camera --pictures 0", USAGE, "not in the range"),
    ("enroll card EILEEN --name N", BADGE, "'card' is not in a known format"),
    ("enroll 17:1 none.jpg --name N", IMAGE, "No such file"),
    ("enroll 17:1 damaged.png --name N", IMAGE, "truncated"),
    ("enroll 17:1 nobody.png --name N", REFUSED, "nobody.png: No face was found"),
    ("enroll 17:1 two.png nobody.png --name N", REFUSED, "two.png: The picture shows more than one face"),
    ("enroll 17:1 EILEEN GRACE --name N", REFUSED, "do not show one and the same person"),
    ("people show Nobody", BADGE, "No person named 'Nobody' is enrolled"),
    ("people remove Nobody --yes", BADGE, "No person named 'Nobody' is enrolled"),
    ("badges revoke 17:9999", BADGE, "Badge 17:9999 is not assigned to anyone"),
    ("badges revoke card", BADGE, "'card' is not in a known format"),
    ("audit list --limit 0", USAGE, "not in the range"),
    ("audit list --limit many", USAGE, "not a valid integer"),
    ("audit list --limit 99999999999999999999", USAGE, "not in the range"),
    ("simulate --scenario none.toml", SCENARIO, "No such file"),
    ("simulate --scenario .", SCENARIO, "Is a directory"),
    ("simulate --scenario binary.toml", SCENARIO, "byte 0xff in line 2 is not UTF-8"),
    ("simulate --scenario scenario-typo.toml", SCENARIO, "unknown field `colour`"),
    ("simulate --scenario scenario-reason.toml", SCENARIO, "do not exist: luck"),
    ("simulate --scenario scenario-image.toml", IMAGE, "none.jpg: No such file"),
    ("simulate --scenario scenario-face.toml", REFUSED, "No face was seen"),
    ("simulate --scenario a.toml --video b.avi", USAGE, "Choose one of"),
    ("simulate --webcam --video b.avi", USAGE, "Choose one of"),
    ("simulate --video none.avi", CAMERA, "no such file"),
    ("simulate --video text.avi", CAMERA, "damaged, truncated, or in a format"),
    ("simulate --video damaged.png", IMAGE, "truncated"),
    ("simulate --webcam 63", CAMERA, "No camera at /dev/video63"),
    ("run", DOOR, "no GPIO chip"),
    ("run", DOOR, "lintel simulate"),
    ("door secure", DOOR, "no GPIO chip"),
    ("door open", USAGE, "No such command"),
]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pictures: dict[str, Path]) -> Path:
    """A folder with all the wrong files, on a machine without GPIO."""
    folder = tmp_path / "work"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    for path in pictures.values():
        (folder / path.name).symlink_to(path)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("device.door.wires.chip.DEVICES", tmp_path)
    return folder


@pytest.fixture
def type_line(lintel: Lintel, portrait_files: dict[str, Path]) -> Callable[..., Any]:
    """Runs a command line, split at spaces, as nothing here is quoted."""
    names = {"EILEEN": portrait_files["eileen-collins"], "GRACE": portrait_files["grace-hopper"]}
    return lambda line: lintel(*(names.get(word, word) for word in line.split(" ") if word))


@pytest.mark.usefixtures("workplace", "state")
@pytest.mark.parametrize(("line", "exit_code", "said"), WRONG, ids=[ascii(line) for line, *_ in WRONG])
def test_mistake_is_told(type_line: Callable[..., Any], line: str, exit_code: int, said: str) -> None:
    ended = type_line(line)
    assert (ended.exit_code, said in ended.err) == (exit_code, True), ended


@pytest.mark.usefixtures("workplace", "state")
@pytest.mark.parametrize("line", [line for line, exit_code, _ in WRONG if exit_code != USAGE], ids=ascii)
def test_mistake_comes_with_a_way_out(type_line: Callable[..., Any], line: str) -> None:
    assert type_line(line).err.count("What to do: ") == 1


@pytest.mark.usefixtures("workplace")
def test_damaged_database_is_told(lintel: Lintel, state: Path) -> None:
    state.mkdir()
    (state / "lintel.db").write_bytes(b"no database" * 100)
    ended = lintel("people", "list")
    assert (ended.exit_code, "restore a copy" in ended.err) == (STORE, True)


@pytest.mark.usefixtures("workplace", "state")
def test_nobody_is_enrolled_by_a_mistake(type_line: Callable[..., Any]) -> None:
    type_line("enroll 17:1 EILEEN GRACE --name N")
    type_line("enroll 17:1 nobody.png --name N")
    assert type_line("people list --json").json == []


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("line", ["--config typo.toml run", "compare none.jpg none.jpg", "frobnicate"])
def test_real_process_ends_without_a_traceback(lintel_process: Lintel, state: Path, line: str) -> None:
    ended = lintel_process("--state-dir", state, *line.split())
    assert (ended.exit_code > 1, "Traceback" in ended.err) == (True, False)


@pytest.mark.usefixtures("state")
def test_reader_of_the_output_may_leave() -> None:
    """As `head` does."""
    ours, theirs = os.pipe()
    os.close(ours)
    ended = subprocess.run([LINTEL, "config"], stdout=theirs, stderr=subprocess.PIPE, text=True, check=False)
    os.close(theirs)
    assert ended.stderr == ""
