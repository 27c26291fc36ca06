"""OSDP readers opened in the background: each as far as it can, together on their line, with a real peripheral."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from device.errors import ReaderError
from device.readers.formats import encode
from device.readers.group import ReaderGroup
from device.readers.kinds import group_of, open_in_background
from device.readers.osdp.reader import OsdpReader
from device.readers.osdp.sharing import SharedLine
from device.records import BadgeRead, Notice, ReaderNotice
from device.settings.tables import ReaderSettings
from tests.device.readers.events import as_notice
from tests.device.readers.osdp.bench import EILEEN, KEY, Desk, events_until, wait_until

pytest.importorskip("osdp_sys", reason="libosdp is not installed, so there is no peripheral to speak to")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.fixture
def group_at(desk: Desk) -> Iterator[Callable[..., ReaderGroup]]:
    groups = []

    def group_at(*settings: ReaderSettings) -> ReaderGroup:
        groups.append(group_of(settings, open_in_background(settings, desk.around), desk.around.clock))
        return groups[-1]

    yield group_at
    for group in groups:
        group.close()


def notices_of(events: list[BadgeRead | ReaderNotice], name: str) -> list[Notice]:
    return [as_notice(event).notice for event in events if getattr(event, "notice", None) and event.reader == name]


def reads_eileen(event: object) -> bool:
    return isinstance(event, BadgeRead) and event.credential == EILEEN


def test_reader_without_a_key_does_not_keep_its_neighbor_from_work(
    desk: Desk, group_at: Callable[..., ReaderGroup]
) -> None:
    desk.keep(KEY, "front")
    peripheral = desk.peripheral(KEY, 0, "--enforce")
    group = group_at(desk.settings("front", 0), desk.settings("back", 1))
    events = events_until(group, reads_eileen, lambda: peripheral.do(card=encode(EILEEN)))
    assert notices_of(events, "back") == [Notice.LOST]
    assert group.trouble().startswith("Reader back does not work: The OSDP reader back has no usable key")


def test_line_missing_at_start_is_found_with_all_its_readers(desk: Desk, group_at: Callable[..., ReaderGroup]) -> None:
    for name in ("front", "back"):
        desk.keep(KEY, name)
    peripheral = desk.peripheral(KEY, 0, "--enforce")
    desk.bench.unplug_panel()
    group = group_at(desk.settings("front", 0), desk.settings("back", 1))
    wait_until(lambda: "Reader front" in group.trouble() and "Reader back" in group.trouble(), "missing both")
    desk.bench.plug_panel_in()
    events = events_until(group, reads_eileen, lambda: peripheral.do(card=encode(EILEEN)))
    assert notices_of(events, "front")[:2] == [Notice.LOST, Notice.FOUND]


def test_line_whose_thread_died_is_opened_again(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    """By whatever: a bug, or libosdp."""
    desk.keep(KEY)
    peripheral = desk.peripheral(KEY, 0, "--enforce")
    settings = desk.settings()
    shared = SharedLine((settings,), desk.around)
    first = shared.open(settings)

    def die() -> NoReturn:
        raise MemoryError

    monkeypatch.setattr(first._line, "_step", die)
    wait_until(lambda: first._line.fault, "the thread's end")
    with pytest.raises(ReaderError, match="has stopped: there is not enough memory"):
        first.read(1.0)
    first.close()
    second = wait_until(lambda: opened(shared, settings), "opening it again")
    events_until(second, reads_eileen, lambda: peripheral.do(card=encode(EILEEN)))
    second.close()


def opened(shared: SharedLine, settings: ReaderSettings) -> OsdpReader | None:
    try:
        return shared.open(settings)
    except ReaderError:
        return None


def test_key_that_comes_later_asks_for_a_restart(desk: Desk) -> None:
    desk.keep(KEY, "front")
    front, back = desk.settings("front", 0), desk.settings("back", 1)
    shared = SharedLine((front, back), desk.around)
    reader = shared.open(front)
    with pytest.raises(ReaderError, match="has no usable key"):
        shared.open(back)
    desk.keep(KEY, "back")
    with pytest.raises(ReaderError, match="was opened without the reader back") as refused:
        shared.open(back)
    assert refused.value.hint == "Restart the service."
    reader.close()


def test_without_libosdp_only_that_reader_is_a_trouble(
    desk: Desk, group_at: Callable[..., ReaderGroup], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import os

    desk.keep(KEY)
    monkeypatch.setitem(__import__("sys").modules, "osdp_sys", None)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    group = group_at(desk.settings(), ReaderSettings(name="desk", source=str(fifo)))
    wait_until(group.trouble, "the trouble")
    assert group.trouble().startswith("Reader front does not work: OSDP readers need libosdp, which is not installed.")
    wait_until(lambda: group.was_tried, "opening the FIFO")
    fifo.write_text("17:1001\n")
    assert reads_eileen(events_until(group, reads_eileen)[-1])
