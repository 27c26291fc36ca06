"""The table of readers, and opening those of the settings: all or none, each found again, OSDP ones together."""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn, get_args, get_type_hints

import msgspec
import pytest

from device.clock import SystemClock
from device.errors import ConfigError, DoorError, ReaderError
from device.ports import Reader
from device.readers.context import ReaderContext
from device.readers.group import ReaderGroup
from device.readers.kinds import (
    KINDS,
    ReaderKind,
    format_table_of,
    group_of,
    hold_time_of,
    kind_of,
    open_in_background,
    open_readers,
    security_of,
)
from device.readers.recovery import Recovered
from device.readers.streams import StreamReader
from device.records import Credential, Notice, Security
from device.settings.tables import ReaderSettings
from device.virtual.pins import SimulatedPins
from device.virtual.reader import SimulatedReader
from tests.device.readers.events import as_badge, as_notice
from tests.there import there
from tests.waiting import until

AROUND = ReaderContext(SystemClock(), lambda: SimulatedPins(SystemClock()).factory, Path("/nowhere"))
WIEGAND = ReaderSettings(name="front", kind="wiegand", data0_pin=5, data1_pin=6)


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "reader"
    os.mkfifo(path)
    return path


@pytest.fixture
def lines(fifo: Path) -> ReaderSettings:
    return ReaderSettings(name="desk", source=str(fifo))


@pytest.fixture
def opened() -> Iterator[Callable[..., dict[str, Reader]]]:
    """Opens readers, and closes them in the end."""
    readers: list[Reader] = []

    def open_all(*settings: ReaderSettings, around: ReaderContext = AROUND) -> dict[str, Reader]:
        found = open_readers(settings, around)
        readers.extend(found.values())
        return found

    yield open_all
    for reader in readers:
        reader.close()


class Lines:
    """Stands in for OSDP's own opener: writes down who was opened together, and can refuse."""

    def __init__(self) -> None:
        self.together: list[list[str]] = []
        self.refused = False

    def open_readers(self, settings: tuple[ReaderSettings, ...], around: ReaderContext) -> dict[str, SimulatedReader]:
        if self.refused:
            raise ReaderError("There is no key.", hint="Set one.")
        self.together.append([one.name for one in settings])
        return {one.name: SimulatedReader(around.clock) for one in settings}


@pytest.fixture
def osdp(monkeypatch: pytest.MonkeyPatch) -> Lines:
    lines = Lines()
    monkeypatch.setattr("device.readers.osdp.reader.open_readers", lines.open_readers)
    return lines


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def osdp_reader(name: str, source: str = "/dev/ttyUSB0", address: int = 0) -> ReaderSettings:
    return ReaderSettings(name=name, kind="osdp", source=source, address=address)


def test_every_kind_of_the_settings_has_its_row() -> None:
    kinds = get_args(get_args(get_type_hints(ReaderSettings, include_extras=True)["kind"])[0])
    assert tuple(kind.name for kind in KINDS) == kinds


def test_promises_are_sentences() -> None:
    assert [kind.name for kind in KINDS if not kind.promise.endswith(".")] == []


def test_osdp_alone_has_a_secure_channel() -> None:
    assert [kind.name for kind in KINDS if kind.security is Security.SECURE_CHANNEL] == ["osdp"]


@pytest.mark.parametrize("module", ["rdm6300", "pn532.dialogue", "typed.wedge"])
def test_row_promises_what_the_reader_says_of_its_badges(module: str) -> None:
    found = importlib.import_module(f"device.readers.{module}").SECURITY
    (kind,) = (kind for kind in KINDS if kind.name in module.split("."))
    assert kind.security is found


def test_lines_of_a_fifo_are_local(lines: ReaderSettings) -> None:
    assert security_of(lines) is Security.LOCAL


def test_lines_of_a_device_are_clear_text() -> None:
    assert security_of(ReaderSettings(source="/dev/ttyUSB0")) is Security.CLEAR_TEXT


def test_reader_of_bits_has_the_formats_of_its_settings() -> None:
    table = format_table_of(ReaderSettings(kind="wiegand", formats=("h10302",)), AROUND)
    assert [known.name for known in there(table).formats] == ["h10302"]


@pytest.mark.parametrize("kind", ["wiegand", "osdp"])
def test_formats_of_the_settings_count_for_readers_of_bits(kind: str) -> None:
    settings = msgspec.convert({"kind": kind, "source": "/dev/ttyUSB0", "formats": ["h10302"]}, ReaderSettings)
    assert [known.name for known in there(format_table_of(settings, AROUND)).formats] == ["h10302"]


def test_lines_from_where_one_may_not_look_are_clear_text() -> None:
    """A name of 300 characters, as no file system has."""
    assert security_of(ReaderSettings(source=f"/dev/{300 * 'x'}")) is Security.CLEAR_TEXT


def test_reader_of_numbers_has_no_card_formats() -> None:
    assert format_table_of(ReaderSettings(kind="pn532", formats=("ndef",)), AROUND) is None


def test_readers_come_by_name_in_the_order_of_the_settings(
    opened: Callable[..., dict[str, Reader]], lines: ReaderSettings, osdp: Lines
) -> None:
    found = opened(osdp_reader("a"), lines, osdp_reader("b", address=1), WIEGAND)
    assert list(found) == ["a", "desk", "b", "front"]
    assert osdp.together == [["a", "b"]]


def test_standard_input_is_not_looked_for_again(
    opened: Callable[..., dict[str, Reader]],
) -> None:
    assert isinstance(opened(ReaderSettings())["reader"], StreamReader)


@pytest.mark.usefixtures("osdp")
def test_other_readers_are_found_again(opened: Callable[..., dict[str, Reader]], lines: ReaderSettings) -> None:
    found = opened(lines, WIEGAND, osdp_reader("a"))
    assert [name for name, reader in found.items() if isinstance(reader, Recovered)] == ["desk", "front"]


def test_badge_passes_through(opened: Callable[..., dict[str, Reader]], lines: ReaderSettings, fifo: Path) -> None:
    reader = opened(lines)["desk"]
    fifo.write_text("17:4242\n")
    assert as_badge(reader.read(5.0)).credential == Credential("h10301", 17, 4242)


def test_reader_that_is_gone_says_so(
    opened: Callable[..., dict[str, Reader]],
) -> None:
    ours, theirs = os.openpty()
    reader = opened(ReaderSettings(name="desk", source=os.ttyname(theirs)))["desk"]
    os.close(theirs)
    os.close(ours)
    assert as_notice(reader.read(5.0)).notice is Notice.LOST


def test_reader_that_is_missing_at_first_is_an_error(
    opened: Callable[..., dict[str, Reader]],
) -> None:
    with pytest.raises(ReaderError, match="/dev/none"):
        opened(ReaderSettings(source="/dev/none"))


def test_one_that_cannot_be_opened_closes_the_others(
    opened: Callable[..., dict[str, Reader]], lines: ReaderSettings, osdp: Lines
) -> None:
    before = open_descriptors()
    osdp.refused = True
    with pytest.raises(ReaderError, match="There is no key"):
        opened(lines, osdp_reader("a"))
    assert open_descriptors() == before


def test_two_readers_on_one_source_are_refused(opened: Callable[..., dict[str, Reader]], lines: ReaderSettings) -> None:
    with pytest.raises(ConfigError, match="The readers 'desk' and 'twin' both read from"):
        opened(lines, ReaderSettings(name="twin", source=lines.source))


def test_osdp_reader_and_another_on_one_line_are_refused(
    opened: Callable[..., dict[str, Reader]],
) -> None:
    with pytest.raises(ConfigError, match="The readers 'a' and 'b' both read from /dev/ttyUSB0"):
        opened(osdp_reader("a"), ReaderSettings(name="b", kind="rdm6300", source="/dev/ttyUSB0"))


def test_wiegand_readers_have_no_source_to_share(
    opened: Callable[..., dict[str, Reader]],
) -> None:
    back = ReaderSettings(name="back", kind="wiegand", data0_pin=20, data1_pin=21)
    assert list(opened(WIEGAND, back)) == ["front", "back"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_module_of_every_kind_has_its_opener(kind: ReaderKind) -> None:
    module, _, function = kind.opener.partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_kind_is_found_by_its_name() -> None:
    assert kind_of(WIEGAND).name == "wiegand"


@pytest.fixture
def grouped() -> Iterator[Callable[..., ReaderGroup]]:
    """Readers of settings, opened in the background, as one."""
    groups = []

    def group_all(*settings: ReaderSettings, around: ReaderContext = AROUND) -> ReaderGroup:
        opened = open_in_background(settings, around)
        groups.append(group_of(settings, opened, around.clock))
        return groups[-1]

    yield group_all
    for group in groups:
        group.close()


def test_missing_reader_does_not_keep_another_from_work(
    grouped: Callable[..., ReaderGroup], lines: ReaderSettings, fifo: Path
) -> None:
    group = grouped(ReaderSettings(name="a", source="/dev/none"), lines)
    until(lambda: group.was_tried)
    fifo.write_text("17:4242\n")
    events = [group.read(5.0), group.read(5.0)]
    assert {getattr(event, "notice", None) for event in events} == {Notice.LOST, None}
    assert group.trouble().startswith("Reader a does not work: No badge reader at /dev/none")


def test_reader_missing_at_start_is_found_without_a_swipe(
    grouped: Callable[..., ReaderGroup], lines: ReaderSettings, fifo: Path
) -> None:
    fifo.unlink()
    group = grouped(lines)
    assert as_notice(group.read(5.0)).notice is Notice.LOST
    os.mkfifo(fifo)
    assert (as_notice(group.read(5.0)).notice, group.trouble()) == (Notice.FOUND, "")


def test_fifo_that_is_replaced_is_lost_and_found_without_a_swipe(
    grouped: Callable[..., ReaderGroup], lines: ReaderSettings, fifo: Path
) -> None:
    group = grouped(lines)
    until(lambda: group.was_tried)
    fifo.unlink()
    os.mkfifo(fifo)
    assert [as_notice(group.read(5.0)).notice for _ in range(2)] == [Notice.LOST, Notice.FOUND]
    fifo.write_text("17:4242\n")
    assert as_badge(group.read(5.0)).credential == Credential("h10301", 17, 4242)


def test_fifo_that_is_removed_is_lost_without_a_swipe(
    grouped: Callable[..., ReaderGroup], lines: ReaderSettings, fifo: Path
) -> None:
    group = grouped(lines)
    until(lambda: group.was_tried)
    fifo.unlink()
    assert as_notice(group.read(5.0)).notice is Notice.LOST


NO_PINS = ReaderSettings(name="front", kind="wiegand")
STRANGE = ReaderSettings(name="front", kind="wiegand", data0_pin=5, data1_pin=6, formats=("h99999",))


@pytest.mark.parametrize(
    ("settings", "words"),
    [(NO_PINS, "has no `data0_pin`"), (STRANGE, "h99999")],
    ids=["no pin", "no format"],
)
def test_settings_wrong_for_a_kind_are_a_trouble_that_says_what_to_do(
    grouped: Callable[..., ReaderGroup], settings: ReaderSettings, words: str
) -> None:
    group = grouped(settings)
    until(group.trouble)
    assert words in group.trouble()
    with pytest.raises(ConfigError, match=words) as refused:
        open_readers((settings,), AROUND)
    assert refused.value.hint in group.trouble() + "."


def test_second_reader_of_a_source_is_a_trouble_and_the_first_works(
    grouped: Callable[..., ReaderGroup], lines: ReaderSettings, fifo: Path
) -> None:
    group = grouped(lines, ReaderSettings(name="twin", source=lines.source))
    until(group.trouble)
    assert group.trouble().startswith("Reader twin does not work: The readers 'desk' and 'twin' both read from")
    group.read(5.0)
    fifo.write_text("17:4242\n")
    assert as_badge(group.read(5.0)).credential == Credential("h10301", 17, 4242)


def test_pins_that_are_missing_are_a_trouble(grouped: Callable[..., ReaderGroup]) -> None:
    def no_pins() -> NoReturn:
        raise DoorError("There is no GPIO chip.", hint="Enable it.")

    group = grouped(WIEGAND, around=ReaderContext(SystemClock(), no_pins, Path("/nowhere")))
    until(group.trouble)
    assert group.trouble() == "Reader front does not work: There is no GPIO chip."


def test_package_that_is_missing_is_a_trouble_without_a_crash(
    grouped: Callable[..., ReaderGroup], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    group = grouped(WIEGAND)
    until(group.trouble)
    assert group.trouble().startswith("Reader front does not work: the Python package gpiozero is missing")


def test_opening_in_the_background_waits_for_nothing() -> None:
    """Not even for a file system that is slow, or for pins."""

    def pins() -> NoReturn:
        raise AssertionError("asked for pins before the first read")

    opened = open_in_background((WIEGAND,), ReaderContext(SystemClock(), pins, Path("/nowhere")))
    assert list(opened) == ["front"]


def test_standard_input_needs_no_hold_time() -> None:
    settings = ReaderSettings(), ReaderSettings(source="/dev/ttyUSB0"), ReaderSettings(kind="socket", source="stdin")
    assert [hold_time_of(one) for one in settings] == [0.0, 3.0, 3.0]
