"""The figures of badges as text, as frames and as key strokes: how long a line, a frame and a pause may be."""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from device.clock import SystemClock
from device.errors import ReaderEnded, ReaderError
from device.readers.rdm6300 import Rdm6300Parser
from device.readers.typed.lines import LineParser, open_line_reader
from device.readers.typed.wedge import EVIOCGNAME, EVIOCGRAB, KeyParser
from device.records import BadgeRead, ReaderEvent, Security

TAG = b"\x0262E3086CED08"
"""The data sheet's example, without its end."""
NEVER_ENDED = "a line whose end was lost"
TOO_LONG = "a line of more than 80 characters"


def said(events: list[ReaderEvent]) -> list[str]:
    """The number of each badge, or why it is none."""
    reads = [event for event in events if isinstance(event, BadgeRead)]
    return [str(read.credential.number) if read.credential else read.fault for read in reads]


def line_parser() -> LineParser:
    return LineParser("front", Security.LOCAL)


class TestLine:
    def test_line_of_80_characters_may_be_a_badge(self) -> None:
        assert said(line_parser().take(b"17:1001".rjust(80) + b"\n", 10.0)) == ["1001"]

    def test_80_characters_wait_for_their_end(self) -> None:
        parser = line_parser()
        assert (said(parser.take(b"17:1001".rjust(80), 10.0)), said(parser.take(b"\n", 10.0))) == ([], ["1001"])

    def test_81_characters_are_too_many(self) -> None:
        assert said(line_parser().take(b"17:1001".rjust(81), 10.0)) == [TOO_LONG]

    @pytest.mark.parametrize(("pause_s", "read"), [(0.9, ["1001"]), (1.0, ["1001"]), (1.1, [NEVER_ENDED])])
    def test_pause_of_a_second_is_within_a_line(self, pause_s: float, read: list[str]) -> None:
        parser = line_parser()
        parser.take(b"17:10", 10.0)
        assert said(parser.take(b"01\n", 10.0 + pause_s)) == read

    def test_rest_of_a_line_after_a_pause_is_no_badge(self) -> None:
        parser = line_parser()
        parser.take(b"17:10", 10.0)
        assert (said(parser.take(b"1\n17:1002\n", 12.0))) == [NEVER_ENDED, "1002"]


class TestWhereLinesComeFrom:
    @contextmanager
    def typed(self, text: bytes) -> Iterator[None]:
        """Standard input that says this and ends."""
        kept, (out, into) = os.dup(0), os.pipe()
        os.write(into, text)
        os.close(into)
        os.dup2(out, 0)
        try:
            yield
        finally:
            os.dup2(kept, 0)
            os.close(kept)
            os.close(out)

    def test_standard_input_ends_with_its_last_line(self) -> None:
        with self.typed(b"17:1001"):
            reader = open_line_reader("stdin", SystemClock())
            read = reader.read(5.0)
            with pytest.raises(ReaderEnded):
                reader.read(5.0)
        assert isinstance(read, BadgeRead)
        assert (said([read]), read.security) == (["1001"], Security.LOCAL)

    def test_fifo_outlives_those_who_write_to_it(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "badges")
        reader = open_line_reader(str(tmp_path / "badges"), SystemClock())
        found = []
        for line in ("17:1001\n", "17:1002\n"):
            (tmp_path / "badges").write_text(line)
            read = reader.read(5.0)
            assert isinstance(read, BadgeRead)
            found += said([read])
        reader.close()
        assert found == ["1001", "1002"]

    def test_missing_device_is_named_with_what_was_expected(self, tmp_path: Path) -> None:
        with pytest.raises(ReaderError, match="expected a character device or a FIFO"):
            open_line_reader(str(tmp_path / "none"), SystemClock())


class TestTag:
    @pytest.mark.parametrize(("pause_s", "read"), [(0.19, ["3808980205"]), (0.2, ["3808980205"]), (0.25, [])])
    def test_pause_of_a_fifth_of_a_second_is_within_a_frame(self, pause_s: float, read: list[str]) -> None:
        parser = Rdm6300Parser("front")
        parser.take(TAG, 0.0)
        assert said(parser.take(b"\x03", pause_s)) == read

    def test_frame_has_14_bytes_at_most(self) -> None:
        parser = Rdm6300Parser("front")
        assert [len(parser.take(byte, 10.0)) for byte in (TAG + b"\r", b"\n", b"?", b"\x03")] == [0, 0, 1, 0]

    @pytest.mark.parametrize("end", [b"\x03", b"\r\n\x03"])
    def test_frame_ends_as_either_module_ends_it(self, end: bytes) -> None:
        assert said(Rdm6300Parser("front").take(TAG + end, 10.0)) == ["3808980205"]


class TestKeyboard:
    NOT_A_BADGE = "a line that is not a badge, of {} characters"

    def typed(self, *codes: int, shift: int = 0) -> list[str]:
        """What a parser makes of keys that go down, with one of the shift keys held, and Enter."""
        events = [(shift, 1)] * bool(shift) + [(code, 1) for code in codes] + [(shift, 0)] * bool(shift) + [(28, 1)]
        data = b"".join(struct.pack("llHHi", 0, 0, 1, code, value) for code, value in events)
        return said(KeyParser("front").take(data, 10.0))

    def test_kernel_is_asked_by_its_own_numbers(self) -> None:
        """From Linux's input.h: EVIOCGRAB, and EVIOCGNAME(256)."""
        assert (EVIOCGRAB, EVIOCGNAME) == (0x40044590, 0x81004506)

    @pytest.mark.parametrize("shift", [42, 54])
    def test_either_shift_types_the_colon(self, shift: int) -> None:
        data = b"".join(
            struct.pack("llHHi", 0, 0, 1, code, value)
            for code, value in [(2, 1), (8, 1), (shift, 1), (39, 1), (shift, 0), (2, 1), (28, 1)]
        )
        assert said(KeyParser("front").take(data, 10.0)) == ["1"]

    @pytest.mark.parametrize("lock", [58, 69, 70])
    def test_lock_keys_type_nothing(self, lock: int) -> None:
        assert self.typed(lock, 2, 3, lock) == ["12"]

    def test_space_bar_types_a_space(self) -> None:
        assert self.typed(57, 2, 3, 57) == ["12"]

    @pytest.mark.parametrize("other", [1, 55, 56, 59, 68])
    def test_other_keys_make_a_line_unreadable(self, other: int) -> None:
        assert self.typed(2, other, 3) == [self.NOT_A_BADGE.format(3)]

    @pytest.mark.parametrize(("pause_s", "read"), [(1.0, ["12"]), (1.1, [])])
    def test_half_an_event_waits_a_second_for_its_other_half(self, pause_s: float, read: list[str]) -> None:
        events = b"".join(struct.pack("llHHi", 0, 0, 1, code, 1) for code in (2, 3, 28))
        parser = KeyParser("front")
        parser.take(events[:10], 10.0)
        assert said(parser.take(events[10:], 10.0 + pause_s)) == read
