"""A service that crashes again and again waits longer and longer, at most half a minute, with its doors driven."""

from pathlib import Path

import pytest

from device.start_count import StartCount


def test_first_restart_does_not_wait(tmp_path: Path) -> None:
    assert [StartCount(tmp_path).begin() for _ in range(2)] == [0.0, 0.0]


def test_each_crash_in_a_row_waits_longer_up_to_half_a_minute(tmp_path: Path) -> None:
    waits = [StartCount(tmp_path).begin() for _ in range(20)]
    assert waits == sorted(waits)
    assert (waits[2], waits[-1]) == (1.0, 30.0)


def test_what_has_worked_begins_again(tmp_path: Path) -> None:
    for _ in range(5):
        StartCount(tmp_path).begin()
    StartCount(tmp_path).works()
    assert StartCount(tmp_path).begin() == 0.0


def test_without_a_folder_nothing_is_counted() -> None:
    assert [StartCount(None).begin() for _ in range(9)] == [0.0] * 9


def test_file_that_says_nothing_counts_as_none(tmp_path: Path) -> None:
    for content in (b"", b"-5", b"\xff\xfe", b"many"):
        (tmp_path / "starts").write_bytes(content)
        assert StartCount(tmp_path).begin() == 0.0


def test_full_disk_does_not_keep_the_service_from_starting(tmp_path: Path) -> None:
    (tmp_path / "starts").mkdir()
    assert StartCount(tmp_path).begin() == 0.0


def test_service_that_ends_in_order_begins_again(tmp_path: Path) -> None:
    for _ in range(5):
        StartCount(tmp_path).begin()
    with StartCount(tmp_path).forgotten_when_it_works():
        pass
    assert StartCount(tmp_path).begin() == 0.0


def test_crash_is_not_forgotten(tmp_path: Path) -> None:
    for _ in range(5):
        StartCount(tmp_path).begin()
    with pytest.raises(MemoryError), StartCount(tmp_path).forgotten_when_it_works():
        raise MemoryError
    assert StartCount(tmp_path).begin() > 1.0
