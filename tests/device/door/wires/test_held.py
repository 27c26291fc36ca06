"""Who holds a line: asked as the kernel defines it."""

from pathlib import Path

import pytest

from device.door.wires.held import holders


def test_lines_are_asked_for_as_the_kernel_defines_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """linux/gpio.h: name and consumer of 32 bytes, offset, attributes, flags; 256 bytes in all."""
    asked: list[int] = []

    def answered(_file: object, request: int, given: bytes) -> bytes:
        assert (request, len(given)) == (0xC100B405, 256)
        line = int.from_bytes(given[64:68], "little")
        asked.append(line)
        flags = (1 if line == 17 else 0).to_bytes(8, "little")
        return b"\0" * 32 + b"relayd".ljust(32, b"\0") + given[64:72] + flags + b"\0" * 176

    monkeypatch.setattr("device.door.wires.held.fcntl.ioctl", answered)
    (tmp_path / "gpiochip0").touch()
    assert holders(tmp_path / "gpiochip0", [18, 17]) == {17: "relayd"}
    assert asked == [17, 18]
