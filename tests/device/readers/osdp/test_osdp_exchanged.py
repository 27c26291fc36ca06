"""A reader that was exchanged for another one, against real peripherals: it is refused, though it has the key."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from device.readers.formats import encode
from device.records import BadgeRead, Notice
from tests.device.readers.osdp.bench import EILEEN, KEY, OTHER_KEY, Desk, next_notice, read, wait_until

pytest.importorskip("osdp_sys", reason="libosdp is not installed, so there is no peripheral to speak to")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.keep(KEY)
    yield desk
    desk.close()


def identity_of(desk: Desk) -> str:
    return (desk.around.state_dir / "osdp" / "front.reader").read_text().strip()


def test_first_reader_with_the_key_is_remembered(desk: Desk) -> None:
    desk.up(desk.peripheral(KEY))
    assert identity_of(desk) == "abcdef:1:00000007"
    assert (desk.around.state_dir / "osdp" / "front.reader").stat().st_mode & 0o777 == 0o600


def test_same_reader_is_taken_after_a_restart(desk: Desk) -> None:
    peripheral = desk.peripheral(KEY)
    desk.up(peripheral)
    desk.close_readers()
    assert read(peripheral, desk.up(peripheral), EILEEN) == EILEEN


def test_another_reader_with_the_same_key_is_refused(desk: Desk) -> None:
    peripheral = desk.peripheral(KEY)
    desk.up(peripheral)
    desk.close_readers()
    peripheral.stop()
    other = desk.peripheral(KEY, 0, "--serial", "8")
    reader = desk.open()
    notice = next_notice(reader)
    assert notice.notice is Notice.LOST
    assert notice.detail.startswith("another reader, abcdef:1:00000008, is in its place, expected abcdef:1:00000007;")
    other.do(card=encode(EILEEN))
    events = [event for _ in range(20) if (event := reader.read(0.1))]
    assert [event for event in events if isinstance(event, BadgeRead)] == []


def test_reader_that_was_given_a_new_key_is_a_new_one(desk: Desk) -> None:
    peripheral = desk.peripheral(KEY)
    desk.up(peripheral)
    desk.close_readers()
    peripheral.stop()
    desk.keep(OTHER_KEY)
    other = desk.peripheral(OTHER_KEY, 0, "--serial", "8")
    assert read(other, desk.up(other), EILEEN) == EILEEN
    wait_until(lambda: identity_of(desk) == "abcdef:1:00000008", "remembering the other reader")
