"""The mode on the disk: it comes back as it was or as it became, also from a full disk and from a write cut short."""

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

from device.door import mode as module
from device.door.lasting import Lasting, Mode, Order, Standing
from device.door.mode import UNREADABLE, ForgetfulMemory, ModeFile
from device.errors import DoorError
from tests.device.door.mode_files import EVACUATED, LOCKED_DOWN, OLD_LOCKDOWN, again, slot_files
from tests.processes import output_of, started

ALL = tuple(
    Lasting(Mode(ordered, switched, fire), standing)
    for ordered, switched, fire, standing in itertools.product(
        Order, (False, True), (False, True), (Standing.CLOSED, Standing.FORCED)
    )
)


def test_door_that_was_never_anything_is_nothing(memory: ModeFile) -> None:
    assert (memory.read(), memory.exists, memory.is_evacuated()) == ((Lasting(), ""), False, False)


@pytest.mark.parametrize("lasting", ALL, ids=str)
def test_it_comes_back(memory: ModeFile, tmp_path: Path, lasting: Lasting) -> None:
    memory.write(lasting)
    assert again(tmp_path).read() == (lasting, "")


def test_last_comes_back(memory: ModeFile, tmp_path: Path) -> None:
    for lasting in (*ALL, *reversed(ALL), *ALL):
        memory.write(lasting)
        assert again(tmp_path).read() == (lasting, "")


@given(st.lists(st.tuples(st.sampled_from(ALL), st.booleans()), min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_last_comes_back_over_restarts(tmp_path: Path, changes: list[tuple[Lasting, bool]]) -> None:
    memory = again(tmp_path)
    for lasting, restarts in changes:
        if restarts:
            memory.close()
            memory = again(tmp_path)
        memory.write(lasting)
        assert again(tmp_path).read() == (lasting, "")
    memory.close()


def test_doors_do_not_mix(tmp_path: Path) -> None:
    ModeFile(tmp_path, "front").write(UNREADABLE)
    assert ModeFile(tmp_path, "back").read() == (Lasting(), "")


def test_two_small_files_are_all_there_is(memory: ModeFile, tmp_path: Path) -> None:
    for lasting in ALL:
        memory.write(lasting)
    assert [(path.name, path.stat().st_size) for path in sorted((tmp_path / "state").iterdir())] == [
        ("door-main.mode-a", 512),
        ("door-main.mode-b", 512),
    ]


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes files for others")
def test_what_root_makes_belongs_to_the_owner_of_the_folder(memory: ModeFile, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    os.chown(tmp_path / "state", 12345, 12346)
    memory.write(Lasting())
    assert {(path.stat().st_uid, path.stat().st_gid) for path in slot_files(tmp_path)} == {(12345, 12346)}


def test_nobody_else_may_read_it(memory: ModeFile, tmp_path: Path) -> None:
    memory.write(Lasting())
    assert [stat.S_IMODE(path.stat().st_mode) for path in slot_files(tmp_path)] == [0o600, 0o600]


class TestCutShort:
    """What a power cut leaves of a write: some of its bytes, in one slot."""

    @pytest.mark.parametrize(("old", "new"), [(Lasting(), LOCKED_DOWN), (LOCKED_DOWN, EVACUATED)], ids=str)
    def test_any_byte_gives_the_old_or_the_new_one(
        self, memory: ModeFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: Lasting, new: Lasting
    ) -> None:
        memory.write(old)
        before = {path: path.read_bytes() for path in slot_files(tmp_path)}
        written: list[bytes] = []
        put = os.pwrite

        def noted(descriptor: int, content: bytes, offset: int) -> int:
            written.append(content)
            return put(descriptor, content, offset)

        monkeypatch.setattr(os, "pwrite", noted)
        memory.write(new)
        after = {path: path.read_bytes() for path in slot_files(tmp_path)}
        assert len(written) == 2
        first, second = sorted(after, key=lambda path: after[path] != written[0])
        seen = set()
        for length in range(513):
            first.write_bytes(after[first][:length] + before[first][length:])
            second.write_bytes(before[second])
            seen.add(again(tmp_path).read())
            first.write_bytes(after[first])
            second.write_bytes(after[second][:length] + before[second][length:])
            assert again(tmp_path).read() == (new, "")
        assert seen == {(old, ""), (new, "")}

    @pytest.mark.parametrize("length", [0, 1, 100, 511])
    def test_file_that_ends_early_gives_the_other_one(self, memory: ModeFile, tmp_path: Path, length: int) -> None:
        memory.write(LOCKED_DOWN)
        for path in slot_files(tmp_path):
            content = path.read_bytes()
            path.write_bytes(content[:length])
            assert again(tmp_path).read() == (LOCKED_DOWN, "")
            path.write_bytes(content)

    def test_next_write_repairs_it(self, memory: ModeFile, tmp_path: Path) -> None:
        memory.write(LOCKED_DOWN)
        slot_files(tmp_path)[0].write_bytes(b"")
        again(tmp_path).write(LOCKED_DOWN)
        slot_files(tmp_path)[1].write_bytes(b"")
        assert again(tmp_path).read() == (LOCKED_DOWN, "")

    @pytest.mark.parametrize("after", [1, 2, 3, 10, 11])
    def test_killed_writer_leaves_the_last_one_or_the_next(self, tmp_path: Path, after: int) -> None:
        with started([sys.executable, "-c", WRITER, tmp_path / "state"], stdout=subprocess.PIPE) as writer:
            assert [output_of(writer).readline() for _ in range(after)]
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
        lasting, why = again(tmp_path).read()
        assert (why, lasting.mode.ordered is Order.NONE, lasting.mode.switched) == ("", False, True)


WRITER = """
import itertools, pathlib, sys
from device.door.lasting import Lasting, Mode, Order
from device.door.mode import ModeFile
memory = ModeFile(pathlib.Path(sys.argv[1]), "main")
for ordered in itertools.cycle([Order.LOCKDOWN, Order.EVACUATION]):
    memory.write(Lasting(Mode(ordered, True, True)))
    print(ordered, flush=True)
"""


@pytest.mark.parametrize("lasting", ALL[::3], ids=str)
def test_any_flipped_bit_changes_nothing(memory: ModeFile, tmp_path: Path, lasting: Lasting) -> None:
    """It may be the bit that makes an evacuation of a lockdown, in either file."""
    memory.write(Lasting(Mode(ordered=Order.EVACUATION, switched=True)))
    memory.write(lasting)
    for path in slot_files(tmp_path):
        content = path.read_bytes()
        for place, bit in itertools.product(range(0, 512, 7), range(8)):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            path.write_bytes(flipped)
            assert again(tmp_path).read()[0].mode == lasting.mode
        path.write_bytes(content)


class TestDamaged:
    @pytest.mark.parametrize(
        "content",
        [b"", b"{", OLD_LOCKDOWN, b"\x00" * 512, b"\xff" * 512, b" " * 4096, b"lintel1 00000000 {}"],
        ids=repr,
    )
    def test_both_files_are_a_lockdown(self, memory: ModeFile, tmp_path: Path, content: bytes) -> None:
        memory.write(EVACUATED)
        for path in slot_files(tmp_path):
            path.write_bytes(content)
        lasting, why = again(tmp_path).read()
        assert (lasting, "door-main is damaged: " in why, again(tmp_path).is_evacuated()) == (UNREADABLE, True, False)

    def test_the_only_file_is_a_lockdown(self, memory: ModeFile, tmp_path: Path) -> None:
        memory.write(EVACUATED)
        first, second = slot_files(tmp_path)
        first.unlink()
        second.write_bytes(b"")
        assert again(tmp_path).read()[0] == UNREADABLE

    @pytest.mark.parametrize("content", [b"", b"x" * 512, b"lintel1 00000000 {}"], ids=repr)
    @pytest.mark.parametrize("damaged", [0, 1])
    def test_one_file_ends_no_evacuation_when_securing(
        self, memory: ModeFile, tmp_path: Path, damaged: int, content: bytes
    ) -> None:
        memory.write(EVACUATED)
        slot_files(tmp_path)[damaged].write_bytes(content)
        assert (again(tmp_path).read(), again(tmp_path).is_evacuated()) == ((EVACUATED, ""), True)

    @pytest.mark.parametrize("damaged", [0, 1])
    def test_one_file_brings_no_evacuation_back(self, memory: ModeFile, tmp_path: Path, damaged: int) -> None:
        memory.write(EVACUATED)
        memory.write(Lasting())
        slot_files(tmp_path)[damaged].write_bytes(b"x" * 512)
        assert (again(tmp_path).read(), again(tmp_path).is_evacuated()) == ((Lasting(), ""), False)

    @given(st.binary(max_size=600))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_no_content_raises_or_evacuates(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "state").mkdir(exist_ok=True)
        for side in "ab":
            (tmp_path / "state" / f"door-main.mode-{side}").write_bytes(content)
        memory = again(tmp_path)
        assert (memory.read()[0], memory.is_evacuated()) == (UNREADABLE, False)

    def test_folder_instead_of_a_file_is_a_lockdown(self, tmp_path: Path) -> None:
        (tmp_path / "state" / "door-main.mode-a").mkdir(parents=True)
        lasting, why = again(tmp_path).read()
        assert (lasting, "cannot be read" in why) == (UNREADABLE, True)

    def test_link_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "state").mkdir()
        target = tmp_path / "target"
        target.write_bytes(b"precious")
        (tmp_path / "state" / "door-main.mode-a").symlink_to(target)
        with pytest.raises(DoorError):
            again(tmp_path).write(Lasting())
        assert target.read_bytes() == b"precious"


def test_folder_that_cannot_be_written_to_is_an_error() -> None:
    with pytest.raises(DoorError, match="Cannot store in /proc/none"):
        ModeFile(Path("/proc/none"), "main").write(Lasting())


class TestEvacuated:
    """What `lintel door secure` asks."""

    @pytest.mark.parametrize("lasting", ALL, ids=str)
    def test_orders_and_fires_of_this_boot_count(self, memory: ModeFile, tmp_path: Path, lasting: Lasting) -> None:
        memory.write(lasting)
        assert again(tmp_path).is_evacuated() == lasting.mode.is_evacuation

    @pytest.mark.parametrize("lasting", ALL, ids=str)
    def test_orders_outlast_a_power_cut_and_fires_do_not(
        self, memory: ModeFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lasting: Lasting
    ) -> None:
        memory.write(lasting)
        boot = tmp_path / "boot"
        boot.write_text("another\n")
        monkeypatch.setattr(module, "BOOT_ID", boot)
        assert again(tmp_path).is_evacuated() == (lasting.mode.ordered is Order.EVACUATION)


def test_forgetful_memory_forgets() -> None:
    memory = ForgetfulMemory()
    memory.write(UNREADABLE)
    assert memory.read() == (Lasting(), "")
