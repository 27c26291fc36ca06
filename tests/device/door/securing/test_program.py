"""The program that secures doors without the environment: it leaves the levels that `lintel door secure` leaves."""

import fcntl
import json
import os
import struct
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.door.lasting import Lasting, Mode, Order
from device.door.mode import ModeFile
from device.door.securing.relays import StatedDoor, known_wires
from device.door.securing.secure import secure_all
from device.errors import DoorError
from tests.device.door.securing.bench import by_lintel, by_program
from tests.device.lgpio import Lgpio

OWN_CHANGES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
DOORS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["main", "side", "back"])},
        optional={
            "pin": st.integers(0, 5) | st.just(40),
            "active_high": st.booleans(),
            "fail_safe": st.booleans(),
            "strike_time_s": st.just(3.0),
        },
    ),
    max_size=3,
    unique_by=lambda door: door["name"],
)
OUTPUTS = st.lists(
    st.fixed_dictionaries(
        {
            "door": st.sampled_from(["main", "side"]),
            "signal": st.sampled_from(["shunt", "siren"]),
            "pin": st.integers(4, 8),
            "active_high": st.booleans(),
        }
    ),
    max_size=2,
    unique_by=lambda one: one["pin"],
)
CHIPS = st.none() | st.sampled_from(
    [
        {"label": "pinctrl-bcm2711", "path": "/dev/gpiochip0", "lines": 58},
        {"label": "pinctrl-rp1", "path": "/dev/gpiochip4", "lines": 54},
    ]
)
SAID = (
    st.none()
    | st.sampled_from(["[[doors", "[[doors]]\nactve_high = false\n", "[[doors]]\npin = 3\n"])
    | st.builds(
        lambda doors, label: (
            "".join(
                "[[doors]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in door.items())
                for door in doors
            )
            + (f"[gpio]\nchip = {json.dumps(label)}\n" if label else "")
        ),
        DOORS,
        st.sampled_from(["", "pinctrl-bcm2711", "pinctrl-rp1", "/dev/gpiochip0"]),
    )
)


def by_command() -> int:
    """The exit code of `lintel door secure`, as far as its pins go."""
    known = known_wires(None, lambda _words: None)
    try:
        secure_all(known.relays, known.outputs, chip=known.chip, given_up=known.given_up)
    except DoorError as error:
        return int(error.exit_code)
    return 0


def write(path: Path, text: str | None) -> None:
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)


REMEMBERED = st.tuples(DOORS, OUTPUTS, CHIPS, st.sampled_from(["today", "earlier", "none", "garbage"]))


@OWN_CHANGES
@given(REMEMBERED, SAID, st.sampled_from(Order))
def test_both_leave_the_same_levels(
    secure: ModuleType,
    tmp_path: Path,
    was: tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any] | None, str],
    said: str | None,
    order: Order,
) -> None:
    doors, outputs, found, form = was
    driven = {"relays": doors, "outputs": outputs, "chip": found, "state": str(tmp_path / "state")}
    remembered = {"today": json.dumps(driven), "earlier": json.dumps(doors), "none": None, "garbage": '{"relays": 3'}
    write(tmp_path / "runtime" / "relays.json", remembered[form])
    write(tmp_path / "runtime" / "outputs.json", json.dumps(outputs) if form == "earlier" else None)
    write(tmp_path / "lintel.toml", said)
    memory = ModeFile(tmp_path / "state", "main")
    memory.write(Lasting(Mode(ordered=order)))
    memory.close()
    assert by_program(secure) == by_lintel()


def test_program_knows_what_a_door_may_say(secure: ModuleType) -> None:
    assert set(StatedDoor.__struct_fields__) == secure.KNOWN


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("is_fire", [True, False])
def test_program_reads_modes_of_both_formats(secure: ModuleType, tmp_path: Path, order: Order, is_fire: bool) -> None:
    memory = ModeFile(tmp_path / "state", "main")
    memory.write(Lasting(Mode(ordered=order, fire=is_fire)))
    assert secure.is_evacuated("main", "") == memory.is_evacuated()
    memory.close()
    old = {"ordered": str(order), "switched": False, "fire": is_fire}
    memory.previous.write_text(json.dumps(old))
    assert secure.is_evacuated("main", "") == memory.is_evacuated()


@pytest.mark.parametrize("content", [b"", b"lintel1 ", b"lintel1 00000000 {}", b"\xff" * 512])
def test_damaged_memory_releases_no_door(secure: ModuleType, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state" / "door-main.mode-a").write_bytes(content)
    assert not secure.is_evacuated("main", "")


def test_slot_of_the_size_with_another_checksum_counts_not(secure: ModuleType, tmp_path: Path) -> None:
    body = b'{"sequence":1,"ordered":"evacuation","switched":false,"fire":false,"standing":"open","boot":""}'.ljust(495)
    slot = b"lintel1 %08x %s" % (zlib.crc32(body) ^ 1, body)
    (tmp_path / "state" / "door-main.mode-a").write_bytes(slot)
    assert not secure.is_evacuated("main", "")


ONE = {"name": "main", "pin": 9, "active_high": False, "fail_safe": False}
WIRE = {"door": "main", "signal": "siren", "pin": 5, "active_high": True}
FOUND = {"label": "pinctrl-bcm2711", "path": "/dev/gpiochip0", "lines": 58}


class Chip:
    """Answers the kernel's two requests, as linux/gpio.h has them."""

    def __init__(self, folder: Path, busy: int | None = None) -> None:
        self.levels: dict[int, int] = {}
        self.busy, self._file = busy, folder / "line"
        self._file.touch()

    def ioctl(self, _descriptor: int, request: int, buffer: bytearray) -> int:
        if request == 0x8044B401:
            buffer[:] = struct.pack("=32s32sI", b"gpiochip0", b"pinctrl-bcm2711", 58)
            return 0
        assert (request, len(buffer)) == (0xC250B407, 592)
        (pin,) = struct.unpack_from("=I", buffer, 0)
        flags, attributes = struct.unpack_from("=QI", buffer, 288)
        identity, level, mask = struct.unpack_from("=I4xQQ", buffer, 320)
        (lines,) = struct.unpack_from("=I", buffer, 560)
        assert (flags, attributes, identity, mask, lines) == (8, 1, 2, 1, 1)
        if pin == self.busy:
            raise OSError(16, "Device or resource busy")
        self.levels[pin] = level
        struct.pack_into("=i", buffer, 588, os.open(self._file, os.O_RDONLY))
        return 0


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chip:
    board = Chip(tmp_path)
    monkeypatch.setattr(fcntl, "ioctl", board.ioctl)
    return board


def test_lines_are_driven_by_the_kernel_s_interface(secure: ModuleType, tmp_path: Path, board: Chip) -> None:
    write(tmp_path / "lintel.toml", "[[doors]]\npin = 5\nactive_high = false\n")
    assert (secure.main(), board.levels) == (0, {5: 1})


def test_line_that_is_taken_keeps_no_other_from_its_level(secure: ModuleType, tmp_path: Path, board: Chip) -> None:
    board.busy = 5
    write(tmp_path / "lintel.toml", '[[doors]]\npin = 5\n[[doors]]\nname = "side"\npin = 6\n')
    assert (secure.main(), board.levels) == (7, {6: 0})


@pytest.mark.parametrize(
    "case",
    [
        (9, "[[doors]]\npin = 3\n", (0, {3: 0, 5: 0})),
        (5, "[[doors]]\npin = 3\n", (0, {3: 0, 9: 1})),
        (3, "[[doors]]\npin = 3\n", (7, {9: 1, 5: 0})),
        (9, "[[doors]]\npin = 9\n", (7, {5: 0})),
        (9, "[[doors", (7, {5: 0})),
        (9, None, (7, {5: 0})),
        (9, '[[doors]]\npin = 3\n[gpio]\nchip = "other"\n', (0, {5: 0})),
    ],
    ids=["given up", "output", "the settings'", "still the settings'", "unreadable settings", "none", "another chip"],
)
def test_busy_pin_counts_only_while_it_is_a_door_s(
    secure: ModuleType,
    tmp_path: Path,
    board: Chip,
    lgpio: Lgpio,
    case: tuple[int, str | None, tuple[int, dict[int, int]]],
) -> None:
    """So it is for the program and for `lintel door secure`."""
    busy, said, left = case
    write(tmp_path / "runtime" / "relays.json", json.dumps({"relays": [ONE], "outputs": [WIRE], "chip": FOUND}))
    write(tmp_path / "lintel.toml", said)
    board.busy = busy
    lgpio.refused.add(("output", busy))
    assert (secure.main(), board.levels) == left
    code = by_command()
    assert (code, {pin: lgpio.levels(pin)[-1] for pin in {3, 5, 9} - {busy} if lgpio.levels(pin)}) == left


def test_machine_without_a_chip_is_a_failure(secure: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "dev" / "gpiochip0").unlink()
    assert secure.main() == 7


def test_chip_that_udev_has_not_handed_over_yet_is_waited_for(
    secure: ModuleType, tmp_path: Path, board: Chip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the unit's user has it at a quick boot."""
    write(tmp_path / "lintel.toml", "[[doors]]\npin = 5\n")
    refusing(monkeypatch, looks=7)
    waited: list[float] = []
    monkeypatch.setattr(secure.time, "sleep", waited.append)
    assert (secure.main(), board.levels) == (0, {5: 0})
    assert sum(waited) < 1.0


def test_chip_that_stays_refused_is_a_failure(
    secure: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Within 3 s, as the unit has no more than 5 s for it when it stops."""
    write(tmp_path / "lintel.toml", "[[doors]]\npin = 5\n")
    refusing(monkeypatch, looks=10**6)
    waited: list[float] = []
    monkeypatch.setattr(secure.time, "sleep", waited.append)
    assert (secure.main(), 2.5 < sum(waited) <= 3.0 + 1e-9) == (7, True)
    assert "/dev/gpiochip0: Permission denied" in capsys.readouterr().err


def refusing(monkeypatch: pytest.MonkeyPatch, looks: int) -> None:
    """The chip's file is root's alone for so many looks at it."""
    left, real = iter(range(looks)), os.open

    def opened(path: Any, flags: int, *rest: int) -> int:
        if "gpiochip" in str(path) and next(left, None) is not None:
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", opened)


HOSTILE: list[Any] = [
    5,
    None,
    "x",
    [3],
    {"relays": [ONE], "outputs": None},
    *({"relays": [ONE], "outputs": [WIRE | wrong]} for wrong in ({"pin": -5}, {"pin": 2**40}, {"pin": [5]})),
    {"relays": [ONE], "outputs": [WIRE | {"active_high": "x"}]},
    *({"relays": [ONE], "chip": wrong} for wrong in (7, "abc", FOUND | {"label": []}, {"label": "a"})),
]


@pytest.mark.parametrize("was", HOSTILE)
def test_hostile_memory_leaves_the_settings_to_go_by(secure: ModuleType, tmp_path: Path, was: object) -> None:
    write(tmp_path / "runtime" / "relays.json", json.dumps(was))
    write(tmp_path / "lintel.toml", "[[doors]]\npin = 3\n")
    assert by_program(secure) == by_lintel() == ({3: 0}, "", frozenset())


@pytest.mark.parametrize("chip_said", ["5", '"/dev/gpio\\u0000"', "[]"])
def test_hostile_chip_leaves_what_was_driven(secure: ModuleType, tmp_path: Path, board: Chip, chip_said: str) -> None:
    write(tmp_path / "runtime" / "relays.json", json.dumps({"relays": [ONE], "chip": FOUND}))
    write(tmp_path / "lintel.toml", f"[[doors]]\npin = 3\n[gpio]\nchip = {chip_said}\n")
    assert by_program(secure) == by_lintel()
    assert (secure.main(), board.levels) == (0, {9: 1})


def test_user_without_a_home_secures(secure: ModuleType, board: Chip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert (secure.main(), board.levels) == (0, {17: 0})
