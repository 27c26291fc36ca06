"""A door's two slots on the disk as numbers: their size, their mode, which of them is written, and what is refused."""

import stat
from pathlib import Path

import msgspec
import pytest

from device.door import mode as module
from device.door.lasting import Lasting, Mode, Order, Standing
from device.door.mode import UNREADABLE, ModeFile

LOCKED_DOWN = Lasting(Mode(ordered=Order.LOCKDOWN), Standing.CLOSED)
FIRE = Lasting(Mode(fire=True), Standing.CLOSED)
FORMER = b'{"ordered":"evacuation","switched":false,"fire":false}'


@pytest.fixture
def memory(tmp_path: Path) -> ModeFile:
    return ModeFile(tmp_path, "main")


def slots(memory: ModeFile) -> list[bytes]:
    return [slot.path.read_bytes() for slot in memory.slots]


def sequences(memory: ModeFile) -> list[int]:
    """The number in each slot."""
    return [int(msgspec.json.decode(content[17:])["sequence"]) for content in slots(memory)]


def test_slot_is_a_sector_for_its_owner_alone(memory: ModeFile) -> None:
    memory.write(LOCKED_DOWN)
    found = [(len(slot.path.read_bytes()), stat.S_IMODE(slot.path.stat().st_mode)) for slot in memory.slots]
    assert found == [(512, 0o600)] * 2


def test_new_mode_goes_into_both_slots(memory: ModeFile) -> None:
    memory.write(LOCKED_DOWN)
    assert sorted(sequences(memory)) == [1, 2]


def test_same_mode_goes_into_the_older_slot_alone(memory: ModeFile) -> None:
    memory.write(LOCKED_DOWN)
    memory.write(Lasting(LOCKED_DOWN.mode, Standing.FORCED))
    assert sorted(sequences(memory)) == [2, 3]


def test_next_process_goes_on_counting(tmp_path: Path, memory: ModeFile) -> None:
    memory.write(LOCKED_DOWN)
    memory.close()
    after = ModeFile(tmp_path, "main")
    after.write(FIRE)
    assert (sorted(sequences(after)), after.read()) == ([3, 4], (FIRE, ""))


@pytest.mark.parametrize("side", [0, 1])
def test_either_slot_alone_is_enough(tmp_path: Path, memory: ModeFile, side: int) -> None:
    memory.write(LOCKED_DOWN)
    memory.slots[side].path.write_bytes(bytes(512))
    assert ModeFile(tmp_path, "main").read() == (LOCKED_DOWN, "")


@pytest.mark.parametrize(("size", "said"), [(511, "511 bytes instead of 512"), (513, "513 bytes instead of 512")])
def test_slot_of_another_size_is_damaged(tmp_path: Path, memory: ModeFile, size: int, said: str) -> None:
    memory.write(LOCKED_DOWN)
    for slot in memory.slots:
        slot.path.write_bytes(slot.path.read_bytes().ljust(513)[:size])
    lasting, fault = ModeFile(tmp_path, "main").read()
    assert (lasting, said in fault) == (UNREADABLE, True)


def test_slot_that_grew_is_cut_to_its_size(tmp_path: Path, memory: ModeFile) -> None:
    memory.write(LOCKED_DOWN)
    for slot in memory.slots:
        slot.path.write_bytes(slot.path.read_bytes() + b"more")
    memory.write(FIRE)
    assert ([len(content) for content in slots(memory)], ModeFile(tmp_path, "main").read()) == ([512, 512], (FIRE, ""))


@pytest.mark.parametrize(("size", "is_read"), [(4096, True), (4097, False)])
def test_file_of_a_version_before_has_4096_bytes_at_most(memory: ModeFile, size: int, is_read: bool) -> None:
    memory.previous.write_bytes(FORMER.ljust(size))
    assert (memory.read()[0] != UNREADABLE, memory.is_evacuated()) == (is_read, is_read)


def test_file_of_a_version_before_goes_with_the_first_write(memory: ModeFile) -> None:
    memory.previous.write_bytes(FORMER)
    memory.write(LOCKED_DOWN)
    assert (memory.previous.exists(), memory.read()) == (False, (LOCKED_DOWN, ""))


def test_fire_before_a_power_cut_does_not_keep_the_door_released(
    tmp_path: Path, memory: ModeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.write(FIRE)
    now = memory.is_evacuated()
    (tmp_path / "boot").write_text("another\n")
    monkeypatch.setattr(module, "BOOT_ID", tmp_path / "boot")
    assert (now, memory.is_evacuated()) == (True, False)


def test_what_is_not_written_does_not_exist(memory: ModeFile) -> None:
    before = memory.exists
    memory.write(LOCKED_DOWN)
    assert (before, memory.exists) == (False, True)
