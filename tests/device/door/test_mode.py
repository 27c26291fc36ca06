"""The mode on the disk: it comes back as it was, whole or not at all, and what cannot be read is a lockdown."""

import itertools
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.door.controller import Mode, Order
from device.door.mode import MAX_BYTES, UNREADABLE, ForgetfulMemory, ModeFile
from device.errors import DoorError
from tests.processes import started

MODES = tuple(itertools.starmap(Mode, itertools.product(Order, (False, True), (False, True))))


@pytest.fixture
def memory(tmp_path):
    return ModeFile(tmp_path / "state", "main")


def test_door_that_was_never_anything_is_nothing(memory):
    assert memory.read() == (Mode(), "")


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_mode_comes_back(memory, mode):
    memory.write(mode)
    assert memory.read() == (mode, "")


def test_last_mode_comes_back(memory):
    for mode in MODES:
        memory.write(mode)
    assert memory.read() == (MODES[-1], "")


def test_doors_do_not_mix(tmp_path):
    ModeFile(tmp_path, "front").write(UNREADABLE)
    assert ModeFile(tmp_path, "back").read() == (Mode(), "")


def test_nothing_else_is_left_in_the_folder(memory):
    memory.write(Mode())
    assert [path.name for path in memory.path.parent.iterdir()] == ["door-main.json"]


def test_nobody_else_may_read_it(memory):
    memory.write(Mode())
    assert stat.S_IMODE(memory.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"ordered": "none"}',
        b'{"ordered": "nothing", "switched": false, "fire": false}',
        b'{"ordered": "none", "switched": 0, "fire": false}',
        b'{"ordered": "none", "switched": false, "fire": false, "more": 1}',
        b'{"ordered": "none", "switched": false, "fire": false}' + b" " * MAX_BYTES + b"x",
        b"\xff\xfe",
        b"[" * 4000,
        b"\x00" * 53,
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_cannot_be_read_is_a_lockdown(memory, content):
    memory.path.parent.mkdir()
    memory.path.write_bytes(content)
    mode, why = memory.read()
    assert mode == UNREADABLE
    assert why.startswith(f"{memory.path} is damaged: ")


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_content_raises(memory, content):
    memory.path.parent.mkdir(exist_ok=True)
    memory.path.write_bytes(content)
    assert isinstance(memory.read()[0], Mode)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_any_flipped_bit_is_that_mode_or_a_lockdown_and_never_an_evacuation_by_chance(memory, mode):
    memory.write(mode)
    content = memory.path.read_bytes()
    for place, bit in itertools.product(range(len(content)), range(8)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        memory.path.write_bytes(flipped)
        assert memory.read()[0] in (mode, UNREADABLE)


def test_folder_instead_of_the_file_is_a_lockdown(memory):
    memory.path.mkdir(parents=True)
    mode, why = memory.read()
    assert (mode, "cannot be read" in why) == (UNREADABLE, True)


def test_folder_that_cannot_be_written_to_is_an_error():
    with pytest.raises(DoorError, match="Cannot write down in /proc/none"):
        ModeFile(Path("/proc/none"), "main").write(Mode())


def test_unfinished_file_is_passed_over(memory):
    memory.write(UNREADABLE)
    memory.path.with_suffix(".new").write_bytes(b"half a fi")
    assert memory.read() == (UNREADABLE, "")
    memory.write(Mode())
    assert memory.read() == (Mode(), "")


def test_content_is_on_the_disk_before_its_name_and_the_name_before_it_returns(memory, monkeypatch):
    done = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (done.append(_kind(descriptor)), fsync(descriptor)))
    monkeypatch.setattr(Path, "replace", lambda path, target: (done.append("name"), replace(path, target)))
    memory.write(Mode())
    assert done == ["file", "name", "folder"]


def _kind(descriptor):
    return "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"


WRITER = """
import itertools, pathlib, sys
from device.door.controller import Mode, Order
from device.door.mode import ModeFile
memory = ModeFile(pathlib.Path(sys.argv[1]), "main")
for ordered in itertools.cycle([Order.LOCKDOWN, Order.EVACUATION]):
    memory.write(Mode(ordered, True, True))
    print(ordered, flush=True)
"""


@pytest.mark.parametrize("after", [1, 2, 3, 10, 11])
def test_killed_writer_leaves_the_last_mode_or_the_next(tmp_path, after):
    with started([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE) as writer:
        assert [writer.stdout.readline() for _ in range(after)]
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
    mode, why = ModeFile(tmp_path, "main").read()
    assert (why, mode.ordered is Order.NONE, mode.switched, mode.fire) == ("", False, True, True)


def test_forgetful_memory_forgets():
    memory = ForgetfulMemory()
    memory.write(UNREADABLE)
    assert memory.read() == (Mode(), "")
