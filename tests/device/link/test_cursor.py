"""The cursor: a place in the audit that outlasts a crash, and an older copy of the store."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import LinkError
from device.link.cursor import Cursor, Mark, Place

steps = st.lists(st.integers(1, 1000), max_size=60)


def place_after(numbers: list[int], first: int = 0) -> Place:
    place, row = Place((Mark(first),)), first
    for number in numbers:
        row += number
        place = place.behind(Mark(row, f"uid-{row}"))
    return place


@given(steps)
def test_marks_are_few_and_in_order(numbers: list[int]) -> None:
    rows = [mark.row for mark in place_after(numbers).marks]
    assert rows == sorted(set(rows))
    assert len(rows) <= 40


@given(steps)
def test_the_newest_and_the_first_are_kept(numbers: list[int]) -> None:
    place = place_after(numbers, first=5)
    assert place.marks[0] == Mark(5)
    assert place.newest is not None
    assert place.newest.row == 5 + sum(numbers)


@given(st.integers(50, 3000), st.data())
def test_an_older_copy_costs_few_rows_again(count: int, data: st.DataObject) -> None:
    """A mark is near: what comes again is at most twice what was lost, and a bit."""
    lost = data.draw(st.integers(1, count))
    place = place_after([1] * count).within(count - lost)
    assert place.newest is not None
    assert 0 <= count - lost - place.newest.row <= 2 * lost + 1


@given(steps, st.integers(0, 5000))
def test_no_mark_lies_beyond_the_end_of_the_audit(numbers: list[int], last: int) -> None:
    place = place_after(numbers).within(last)
    assert place.newest is not None
    assert place.newest.row <= last


def test_an_audit_that_is_shorter_than_all_marks_is_begun_at_its_end() -> None:
    assert place_after([10, 10], first=5).within(3) == Place((Mark(3),))


@given(steps)
def test_going_back_ends_at_a_row_that_is_taken_as_it_is(numbers: list[int]) -> None:
    place = place_after(numbers)
    for _ in range(30):
        place = place.without_newest()
    assert place == Place((Mark(0),))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    cursor, place = Cursor(tmp_path / "state", "mqtt"), place_after([3, 4])
    cursor.write(place)
    assert cursor.read() == place
    assert (tmp_path / "state" / "mqtt.cursor").stat().st_mode & 0o777 == 0o600


def test_without_a_file_nothing_was_begun(tmp_path: Path) -> None:
    assert Cursor(tmp_path, "mqtt").read().newest is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"marks": 3}', b'{"marks": [["x", ""]]}', b"[" * 10_000])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mqtt.cursor").write_bytes(content)
    with pytest.raises(LinkError, match=r"mqtt\.cursor is damaged") as damaged:
        Cursor(tmp_path, "mqtt").read()
    assert "sudo rm" in damaged.value.hint


def test_a_folder_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(LinkError, match="Can't write the cursor"):
        Cursor(tmp_path / "state", "mqtt").write(place_after([1]))
