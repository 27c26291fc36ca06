"""A mode's file on a full disk, and in the format of an earlier version."""

import os
import resource
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn

import pytest

from device.door import mode as module
from device.door.lasting import Lasting, Mode, Order
from device.door.mode import UNREADABLE, ModeFile
from device.errors import DoorError
from tests.device.door.mode_files import EVACUATED, LOCKED_DOWN, OLD_LOCKDOWN, again, slot_files

OLD_EVACUATION = b'{"ordered":"evacuation","switched":false,"fire":false}'
OLD_FIRE = b'{"ordered":"none","switched":false,"fire":true}'


class TestFullDisk:
    @pytest.mark.parametrize("lasting", [LOCKED_DOWN, EVACUATED], ids=str)
    def test_it_is_overwritten_in_place(
        self, memory: ModeFile, tmp_path: Path, full_disk: AbstractContextManager[None], lasting: Lasting
    ) -> None:
        memory.write(Lasting())
        with full_disk:
            memory.write(lasting)
        assert again(tmp_path).read() == (lasting, "")

    def test_no_file_is_made_for_it(self, memory: ModeFile, tmp_path: Path) -> None:
        memory.write(Lasting())
        made = {path.stat().st_ino for path in slot_files(tmp_path)}
        memory.write(LOCKED_DOWN)
        assert {path.stat().st_ino for path in slot_files(tmp_path)} == made

    def test_disk_without_room_at_the_start_is_an_error_and_no_half_file(
        self, memory: ModeFile, tmp_path: Path
    ) -> None:
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limit[1]))
        try:
            with pytest.raises(DoorError, match="lockdown or evacuation") as full:
                memory.write(LOCKED_DOWN)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        assert ("Make room" in full.value.hint, list((tmp_path / "state").iterdir())) == (True, [])
        memory.write(LOCKED_DOWN)
        assert again(tmp_path).read() == (LOCKED_DOWN, "")

    def test_too_many_open_files_are_no_hindrance(self, memory: ModeFile, tmp_path: Path) -> None:
        memory.write(Lasting())
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limit[1]))
        try:
            memory.write(LOCKED_DOWN)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
        assert again(tmp_path).read() == (LOCKED_DOWN, "")

    def test_write_that_fails_is_tried_in_the_same_slot(
        self, memory: ModeFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        memory.write(LOCKED_DOWN)
        sync = os.fdatasync
        for fails in (True, True, False):
            monkeypatch.setattr(os, "fdatasync", _failing if fails else sync)
            if fails:
                with pytest.raises(DoorError):
                    memory.write(EVACUATED)
                assert LOCKED_DOWN in [module._decoded(path.read_bytes()).lasting for path in slot_files(tmp_path)]
            else:
                memory.write(EVACUATED)
        assert again(tmp_path).read() == (EVACUATED, "")

    def test_folder_that_was_emptied_is_filled_again(self, memory: ModeFile, tmp_path: Path) -> None:
        memory.write(LOCKED_DOWN)
        for path in slot_files(tmp_path):
            path.unlink()
        memory.write(EVACUATED)
        memory.write(LOCKED_DOWN)
        assert again(tmp_path).read() == (LOCKED_DOWN, "")

    def test_content_is_on_the_disk_when_it_returns(self, memory: ModeFile, monkeypatch: pytest.MonkeyPatch) -> None:
        memory.write(Lasting())
        done: list[str] = []
        put, sync = os.pwrite, os.fdatasync

        def noted_put(descriptor: int, content: bytes, offset: int) -> int:
            done.append("put")
            return put(descriptor, content, offset)

        def noted_sync(descriptor: int) -> None:
            done.append("sync")
            sync(descriptor)

        monkeypatch.setattr(os, "pwrite", noted_put)
        monkeypatch.setattr(os, "fdatasync", noted_sync)
        memory.write(LOCKED_DOWN)
        assert done == ["put", "sync", "put", "sync"]


def _failing(_descriptor: int) -> NoReturn:
    raise OSError(5, "Input/output error")


class TestPreviousFormat:
    @pytest.fixture
    def previous(self, tmp_path: Path) -> Path:
        (tmp_path / "state").mkdir()
        return tmp_path / "state" / "door-main.json"

    @pytest.mark.parametrize(
        ("content", "mode"),
        [
            (OLD_LOCKDOWN, Mode(ordered=Order.LOCKDOWN)),
            (OLD_EVACUATION, Mode(ordered=Order.EVACUATION)),
            (OLD_FIRE, Mode(fire=True)),
        ],
    )
    def test_it_is_read_and_replaced(self, tmp_path: Path, previous: Path, content: bytes, mode: Mode) -> None:
        previous.write_bytes(content)
        memory = again(tmp_path)
        lasting, why = memory.read()
        assert (lasting, why) == (Lasting(mode), "")
        memory.write(lasting)
        assert (previous.exists(), again(tmp_path).read()) == (False, (Lasting(mode), ""))

    def test_it_counts_while_it_is_there(self, memory: ModeFile, tmp_path: Path, previous: Path) -> None:
        """As after an older version ran for a while: this one had removed it."""
        memory.write(EVACUATED)
        previous.write_bytes(OLD_LOCKDOWN)
        assert again(tmp_path).read()[0].mode == Mode(ordered=Order.LOCKDOWN)

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
            OLD_LOCKDOWN + b" " * 5000,
            b"\xff\xfe",
            b"[" * 4000,
            b"\x00" * 53,
        ],
        ids=lambda content: repr(content[:20]),
    )
    def test_damaged_it_is_a_lockdown(self, tmp_path: Path, previous: Path, content: bytes) -> None:
        previous.write_bytes(content)
        lasting, why = again(tmp_path).read()
        assert (lasting, why.startswith(f"{previous.with_suffix('')} is damaged: ")) == (UNREADABLE, True)

    @pytest.mark.parametrize(
        ("content", "evacuated"), [(OLD_LOCKDOWN, False), (OLD_EVACUATION, True), (OLD_FIRE, False), (b"{", False)]
    )
    def test_evacuation_in_it_is_honored_when_securing(
        self, tmp_path: Path, previous: Path, content: bytes, evacuated: bool
    ) -> None:
        previous.write_bytes(content)
        assert again(tmp_path).is_evacuated() == evacuated
