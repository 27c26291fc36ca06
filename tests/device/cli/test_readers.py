"""`lintel readers`: cards decoded, readers listed, tried and watched, keys given."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import Signals
from typing import NoReturn

import msgspec
import pytest

from device.cli import readers
from device.cli.sightings import Sightings
from device.cli.text.reader_events import EXPECTED, Transcript
from device.clock import SystemClock
from device.commissioning import alone
from device.errors import DoorError, LintelError, ReaderError
from device.readers.context import ReaderContext
from device.readers.formats import BUILT_IN, CardFormat, encode, formats_for
from device.readers.kinds import KINDS
from device.records import BadgeRead, BadgeRemoved, Credential, KeyPress, Notice, ReaderNotice, Security, Signal
from device.settings.tables import ReaderSettings
from device.virtual.pins import SimulatedPins
from device.virtual.wiegand import WiegandWires, frame
from tests.device.commands import Lintel
from tests.processes import errors_of, started

LINTEL = Path(sys.executable).parent / "lintel"
CARD = "10010101000000000010001010"
FACILITY_42_NUMBER_69 = {"format": "h10301", "facility": 42, "number": 69}
REFUSED = [
    ("1" * 26, "all-ones"),
    ("0" * 26, "all-zeros"),
    (CARD[1:], "unknown-length"),
    ("0" + CARD[1:], "wrong-parity"),
    (f"{0x584A2B940:037b}", "ambiguous-length"),
]
HOUSE = '[[formats]]\nname = "house"\nlayout = "NNNNNNNNNNNNNNNNNNNNNNNNNN"\n'
START_TIME_S = 30.0


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Path]:
    """A settings file with this content."""

    def write(text: str) -> Path:
        path = tmp_path / "lintel.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Path]:
    """A FIFO that a program holds open, so that what is written waits for its reader."""
    path = tmp_path / "reader"
    os.mkfifo(path)
    held = os.open(path, os.O_RDWR)
    yield path
    os.close(held)


@pytest.fixture
def desk(configured: Callable[[str], Path], fifo: Path) -> Path:
    """The settings of a reader at a FIFO."""
    return configured(f'[[doors]]\n[[doors.readers]]\nname = "desk"\nsource = "{fifo}"\n')


@pytest.fixture
def front(configured: Callable[[str], Path]) -> Path:
    """The settings of a Wiegand reader."""
    return configured(
        '[[doors]]\n[[doors.readers]]\nname = "front"\nkind = "wiegand"\ndata0_pin = 5\ndata1_pin = 6\nled_pin = 13\n'
    )


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> SimulatedPins:
    """A board of mock pins in real time."""
    board = SimulatedPins(SystemClock())
    monkeypatch.setattr("device.door.wires.gpio.board_factory", lambda _chip: board.factory)
    return board


@pytest.fixture
def presenting(pins: SimulatedPins) -> Iterator[Callable[..., None]]:
    """Sends frames to the Wiegand reader, over and over until the test is over: a busy machine may tear one apart."""
    over, drivers = threading.Event(), []

    def present(*frames: str) -> None:
        wires = WiegandWires(pins.factory, 5, 6)

        def drive() -> None:
            while not over.is_set():
                for bits in frames:
                    for change in frame(bits):
                        wires.change(change)
                        over.wait(0.0005)
                    over.wait(0.1)

        drivers.append(threading.Thread(target=drive))
        drivers[-1].start()

    yield present
    over.set()
    for driver in drivers:
        driver.join()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "SHOW_S", 0.01)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """A systemd that says whether the service runs."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def says(*, runs: bool) -> None:
        script = folder / "systemctl"
        script.write_text(f"#!/bin/sh\n[ \"$*\" = 'is-active --quiet lintel' ] && exit {0 if runs else 3}\nexit 9\n")
        script.chmod(0o755)

    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(alone, "SYSTEMD", folder)
    return says


def events_in(out: str) -> list[dict[str, float | str | None]]:
    return [msgspec.json.decode(line) for line in out.splitlines()]


def test_card_is_decoded(lintel: Lintel) -> None:
    ended = lintel("readers", "decode", CARD, "--json")
    assert (ended.exit_code, ended.json) == (0, FACILITY_42_NUMBER_69)


@pytest.mark.parametrize("bits", [("1 00101010 0000000001000101 0",), ("1", "00101010", "0000000001000101", "0")])
def test_spaces_do_not_count(lintel: Lintel, bits: tuple[str, ...]) -> None:
    assert lintel("readers", "decode", "--json", *bits).json == FACILITY_42_NUMBER_69


@pytest.mark.parametrize("known", BUILT_IN, ids=lambda known: known.name)
def test_format_can_be_named(lintel: Lintel, known: CardFormat) -> None:
    bits = encode(Credential(known.name, 3 if known.has_facility else 0, 77))
    assert lintel("readers", "decode", bits, "--format", known.name.upper(), "--json").json == {
        "format": known.name,
        "facility": 3 if known.has_facility else 0,
        "number": 77,
    }


@pytest.mark.parametrize(("bits", "why"), REFUSED)
def test_refusal_has_its_reason(lintel: Lintel, bits: str, why: str) -> None:
    ended = lintel("readers", "decode", bits, "--json")
    assert (ended.exit_code, ended.json["refused"], set(ended.json)) == (1, why, {"refused", "reason", "hint"})


@pytest.mark.parametrize(("bits", "_why"), REFUSED)
def test_refusal_is_told_in_words(lintel: Lintel, bits: str, _why: str) -> None:
    ended = lintel("readers", "decode", bits)
    reason = lintel("readers", "decode", bits, "--json").json["reason"]
    assert (ended.exit_code, ended.err.splitlines()[0]) == (1, f"Refused: {reason}")


def test_card_is_drawn_with_fields_and_parity(lintel: Lintel) -> None:
    assert lintel("readers", "decode", CARD).out.splitlines() == [
        "bits    1 00101010 0000000001000101 0",
        "layout  P FFFFFFFF NNNNNNNNNNNNNNNN P",
        "parity  E XXXXXXXX XXXX............ .  even: holds",
        "parity  . ........ ....XXXXXXXXXXXX O  odd: holds",
        "badge 42:69 (h10301, facility 42, number 69)",
    ]


def test_parity_that_is_wrong_is_drawn(lintel: Lintel) -> None:
    lines = lintel("readers", "decode", "0" + CARD[1:]).out.splitlines()
    assert [line.rpartition("  ")[2] for line in lines[2:]] == ["even: WRONG", "odd: holds"]


def test_card_is_read_as_the_first_reader_of_the_settings_would(
    lintel: Lintel, configured: Callable[[str], Path]
) -> None:
    path = configured(
        '[[doors]]\n[[doors.readers]]\nkind = "wiegand"\ndata0_pin = 5\ndata1_pin = 6\nformats = ["h10304"]\n'
    )
    found = lintel("--config", path, "readers", "decode", "--json", f"{0x584A2B940:037b}").json
    assert found == {"format": "h10304", "facility": 22602, "number": 89248}


def test_own_format_is_decoded(lintel: Lintel, configured: Callable[[str], Path]) -> None:
    found = lintel("--config", configured(HOUSE), "readers", "decode", "--json", "--format", "house", "01" * 13).json
    assert found == {"format": "own:house", "facility": 0, "number": 0x1555555}


def test_number_as_wide_as_can_be_is_printed(lintel: Lintel, configured: Callable[[str], Path]) -> None:
    path = configured(f'[[formats]]\nname = "wide"\nlayout = "{"N" * 128}"\n')
    found = lintel("--config", path, "readers", "decode", "--json", "1" * 127 + "0").json
    assert found["number"] == 2**128 - 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("12",), "expected 0 and 1"),
        ((" ",), "expected 0 and 1"),
        ((), "Missing argument 'BITS...'"),
        ((CARD, "--format", "felica"), "'felica' is not a card format. Choose one of h10301, "),
        ((CARD, "--format", "37"), "'37' names several card formats. Choose one of h10302, h10304."),
    ],
)
def test_mistake_on_the_command_line_is_told(lintel: Lintel, arguments: tuple[str, ...], said: str) -> None:
    ended = lintel("readers", "decode", *arguments)
    assert (ended.exit_code, said in ended.err) == (2, True)


def test_malformed_format_in_the_settings_is_told(lintel: Lintel, configured: Callable[[str], Path]) -> None:
    path = configured('[[formats]]\nname = "house"\nlayout = "FFFFFFFFF"\n')
    ended = lintel("--config", path, "readers", "decode", CARD, "--format", "h10301")
    assert (ended.exit_code, "its layout has no N" in ended.err) == (3, True)


def test_list_has_every_kind_with_its_promise(lintel: Lintel) -> None:
    listed = lintel("readers", "list", "--json").json
    assert [(kind["name"], kind["security"], kind["promise"]) for kind in listed["kinds"]] == [
        (kind.name, kind.security.code, kind.promise) for kind in KINDS
    ]


def test_list_says_it_in_words(lintel: Lintel) -> None:
    shown = lintel("readers", "list").out
    assert [kind.name for kind in KINDS if kind.promise not in shown] == []


def test_list_has_the_readers_of_the_settings(lintel: Lintel, configured: Callable[[str], Path]) -> None:
    path = configured(
        "[[doors]]\n[[doors.readers]]\n"
        'name = "front"\nkind = "wiegand"\ndata0_pin = 5\ndata1_pin = 6\nformats = ["26", "h10302"]\n'
        '[[doors.readers]]\nname = "inside"\ndirection = "exit"\nkind = "osdp"\nsource = "/dev/ttyS0"\naddress = 3\n'
    )
    front, inside = lintel("--config", path, "readers", "list", "--json").json["readers"]
    assert (front["at"], front["formats"]) == ("GPIO 5 and 6", ["h10301", "h10302"])
    assert (inside["at"], inside["security"]) == ("/dev/ttyS0, address 3", "secure-channel")


def test_list_has_the_card_formats(lintel: Lintel, configured: Callable[[str], Path]) -> None:
    formats = lintel("--config", configured(HOUSE), "readers", "list", "--json").json["formats"]
    assert [(known["name"], known["uncovered_bits"]) for known in formats] == [
        ("h10301", 0),
        ("h10306", 0),
        ("c1k35s", 0),
        ("h10302", 0),
        ("h10304", 0),
        ("csn4", 32),
        ("csn7", 56),
        ("own:house", 26),
    ]


def test_monitor_tells_badges(lintel: Lintel, desk: Path, fifo: Path) -> None:
    fifo.write_text("17:4242\nnonsense\n")
    first, second = lintel("--config", desk, "readers", "monitor", "--seconds", "0.2").out.splitlines()
    assert first.endswith("s  desk  badge 17:4242 (h10301, facility 17, number 4242); local")
    assert second.endswith("s  desk  unreadable: a line that is not a badge, of 8 characters; local; held back")


def test_monitor_tells_machines(lintel: Lintel, desk: Path, fifo: Path) -> None:
    fifo.write_text("17:4242\n")
    (event,) = events_in(lintel("--config", desk, "readers", "monitor", "desk", "--seconds", "0.2", "--json").out)
    assert {name: event[name] for name in ("reader", "event", "badge", "format", "facility", "number")} == {
        "reader": "desk",
        "event": "badge",
        "badge": "17:4242",
        "format": "h10301",
        "facility": 17,
        "number": 4242,
    }


@pytest.mark.parametrize(("options", "key"), [((), "*"), (("--show-keys",), "5")])
def test_monitor_shows_cards_with_bits_and_keys_only_on_request(
    lintel: Lintel, front: Path, presenting: Callable[..., None], options: tuple[str, ...], key: str
) -> None:
    presenting(CARD, "0101")
    events = events_in(lintel("--config", front, "readers", "monitor", "--seconds", "1.5", "--json", *options).out)
    assert (CARD, "holds", "42:69") in [
        (event["bits"], event["parity"], event["badge"]) for event in events if event["event"] == "badge"
    ]
    assert key in {event["keys"] for event in events if event["event"] == "keys"}


def test_monitor_watches_all_readers(lintel: Lintel, configured: Callable[[str], Path], tmp_path: Path) -> None:
    text, held = "", []
    for name in ("a", "b"):
        os.mkfifo(tmp_path / name)
        held.append(os.open(tmp_path / name, os.O_RDWR))
        (tmp_path / name).write_text("17:1\n")
        text += f'[[doors.readers]]\nname = "{name}"\nsource = "{tmp_path / name}"\n'
    events = events_in(
        lintel("--config", configured(f"[[doors]]\n{text}"), "readers", "monitor", "--seconds", "0.5", "--json").out
    )
    for descriptor in held:
        os.close(descriptor)
    assert {event["reader"] for event in events} == {"a", "b"}


def test_monitor_counts_what_the_door_holds_back(lintel: Lintel, desk: Path, fifo: Path) -> None:
    fifo.write_text("17:4242\n17:4242\n17:4242\n17:4243\n17:4242\n")
    lines = lintel("--config", desk, "readers", "monitor", "--seconds", "0.2").out.splitlines()
    assert [line.partition("  desk  ")[2] for line in lines] == [
        "badge 17:4242 (h10301, facility 17, number 4242); local",
        "badge 17:4242 (h10301, facility 17, number 4242); local; held back",
        "badge 17:4243 (h10301, facility 17, number 4243); local",
    ]


def test_monitor_tells_machines_what_is_held_back(lintel: Lintel, desk: Path, fifo: Path) -> None:
    fifo.write_text("17:4242\n17:4242\n17:4243\n")
    events = events_in(lintel("--config", desk, "readers", "monitor", "--seconds", "0.2", "--json").out)
    assert [event["held_back"] for event in events] == [False, True, False]


def test_sightings_of_a_held_card_are_a_line_a_second() -> None:
    sightings = Sightings({"front": 3.0})
    reads = [BadgeRead(Credential("number", 0, 7), number / 10, "front") for number in range(31)]
    assert [sightings.is_held_back(read) for read in reads] == [False] + [True] * 30
    assert [count for read in reads[1:] if (count := sightings.due(read))] == [1, 10, 10]


def test_card_taken_away_is_not_held_back() -> None:
    sightings, read = Sightings({"front": 3.0}), BadgeRead(Credential("number", 0, 7), 0.0, "front")
    told = [sightings.is_held_back(event) for event in (read, read, BadgeRemoved(0.1, "front"), read)]
    assert told == [False, True, False, False]


def test_taking_away_is_told() -> None:
    assert list(Transcript(0.0, {}).lines(BadgeRemoved(1.5, "front"))) == ["    1.500 s  front  removed"]
    assert Transcript(0.0, {}).plain(BadgeRemoved(1.5, "front")) == {
        "at_s": 1.5,
        "reader": "front",
        "event": "removed",
    }


def test_monitor_ends_with_the_input(lintel_process: Lintel) -> None:
    ended = lintel_process("readers", "monitor", "--json", typed="17:4242\n")
    assert (ended.exit_code, [event["badge"] for event in events_in(ended.out)]) == (0, ["17:4242"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_monitor_ends_in_order_when_interrupted(desk: Path, number: Signals) -> None:
    command = [LINTEL, "--config", desk, "readers", "monitor"]
    with started(command, stderr=subprocess.PIPE) as monitor:
        assert errors_of(monitor).readline() == "Watching. Present a badge; Ctrl-C ends.\n"
        monitor.send_signal(number)
        assert (monitor.wait(START_TIME_S), errors_of(monitor).read()) == (0, "")


@pytest.mark.usefixtures("quick")
def test_test_shows_every_signal_and_waits_for_a_badge(lintel: Lintel, desk: Path, fifo: Path) -> None:
    fifo.write_text("17:4242\n")
    ended = lintel("--config", desk, "readers", "test", "--seconds", "1")
    said = [line.split()[0] for line in ended.out.splitlines() if line.strip().endswith(tuple(EXPECTED.values()))]
    assert said == [*Signal, Signal.READY]


@pytest.mark.usefixtures("quick")
def test_test_shows_a_card_that_stays_once_beside_the_signals(lintel: Lintel, desk: Path, fifo: Path) -> None:
    fifo.write_text("17:4242\n" * 5)
    ended = lintel("--config", desk, "readers", "test", "--seconds", "0.1")
    assert ended.out.count("badge 17:4242") == 1


@pytest.mark.usefixtures("quick")
def test_test_is_done_with_a_badge(lintel: Lintel, front: Path, presenting: Callable[..., None]) -> None:
    presenting(CARD)
    ended = lintel("--config", front, "readers", "test", "front", "--seconds", "20")
    assert (ended.exit_code, "badge 42:69" in ended.out) == (0, True)


@pytest.mark.usefixtures("quick")
def test_test_lights_the_led_for_a_grant(lintel: Lintel, front: Path, pins: SimulatedPins) -> None:
    lintel("--config", front, "readers", "test", "--seconds", "0.1")
    assert [level.high for level in pins.history(13)] == [True, False, True]


@pytest.mark.usefixtures("quick", "fifo")
def test_test_without_a_badge_is_a_no(lintel: Lintel, desk: Path) -> None:
    ended = lintel("--config", desk, "readers", "test", "--seconds", "0.1")
    assert (ended.exit_code, ended.err) == (1, "No badge was read within 0.1 s.\n")


@pytest.mark.parametrize("command", ["test", "monitor", "osdp-keyset"])
def test_reader_that_does_not_exist_is_told(lintel: Lintel, desk: Path, command: str) -> None:
    ended = lintel("--config", desk, "readers", command, "nobody")
    assert (ended.exit_code, "Choose one of desk." in ended.err) == (3, True)


@pytest.mark.parametrize("command", ["test", "monitor"])
def test_running_service_has_to_be_stopped_first(
    lintel: Lintel, desk: Path, service: Callable[..., None], command: str
) -> None:
    service(runs=True)
    ended = lintel("--config", desk, "readers", command, "desk")
    assert (ended.exit_code, "sudo systemctl stop lintel" in ended.err) == (13, True)


def test_stopped_service_keeps_nobody_from_watching(lintel: Lintel, desk: Path, service: Callable[..., None]) -> None:
    service(runs=False)
    assert lintel("--config", desk, "readers", "monitor", "--seconds", "0.1").exit_code == 0


@pytest.mark.parametrize(("error", "exit_code"), [(DoorError, 7), (ReaderError, 13)])
def test_reader_that_is_taken_is_told_with_the_service_in_mind(
    lintel: Lintel, front: Path, monkeypatch: pytest.MonkeyPatch, error: type[LintelError], exit_code: int
) -> None:
    def taken(_chip: str) -> NoReturn:
        raise error("GPIO busy.", hint="Let it go.")

    monkeypatch.setattr("device.door.wires.gpio.board_factory", taken)
    ended = lintel("--config", front, "readers", "monitor")
    assert (ended.exit_code, "Let it go. If the service runs, stop it meanwhile: sudo" in ended.err) == (
        exit_code,
        True,
    )


class Keyset:
    """Stands in for OSDP's key exchange: writes down what is asked of it, and can refuse."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Path, float]] = []
        self.refused = False

    def __call__(self, settings: ReaderSettings, around: ReaderContext, window_s: float, *, install: bool) -> None:
        self.asked.append((settings.name, around.state_dir, window_s))
        self.install = install
        if self.refused:
            raise ReaderError("The reader did not answer.", hint="Look at its wires.")


@pytest.fixture
def keyset(monkeypatch: pytest.MonkeyPatch) -> Keyset:
    stand_in = Keyset()
    monkeypatch.setattr("device.readers.osdp.keyset.keyset", stand_in)
    return stand_in


@pytest.fixture
def osdp(configured: Callable[[str], Path]) -> Path:
    return configured('[[doors]]\n[[doors.readers]]\nname = "front"\nkind = "osdp"\nsource = "/dev/ttyUSB0"\n')


def test_key_is_given_after_a_question(lintel: Lintel, osdp: Path, keyset: Keyset, state: Path) -> None:
    ended = lintel("--config", osdp, "readers", "osdp-keyset", "front", typed="y\n")
    assert (ended.exit_code, keyset.asked) == (0, [("front", state, 60.0)])


def test_key_is_given_without_a_question_if_so_said(lintel: Lintel, osdp: Path, keyset: Keyset) -> None:
    lintel("--config", osdp, "readers", "osdp-keyset", "front", "--yes", "--seconds", "5")
    assert [window_s for _, _, window_s in keyset.asked] == [5.0]


@pytest.mark.parametrize("install", [True, False])
def test_default_key_is_taken_again_only_if_so_said(lintel: Lintel, osdp: Path, keyset: Keyset, install: bool) -> None:
    lintel("--config", osdp, "readers", "osdp-keyset", "front", "--yes", *["--install"] * install)
    assert keyset.install is install


def test_no_key_is_given_against_the_operator(lintel: Lintel, osdp: Path, keyset: Keyset) -> None:
    ended = lintel("--config", osdp, "readers", "osdp-keyset", "front", typed="n\n")
    assert (ended.exit_code, keyset.asked) == (130, [])


def test_no_key_is_given_beside_the_service(
    lintel: Lintel, osdp: Path, keyset: Keyset, service: Callable[..., None]
) -> None:
    service(runs=True)
    ended = lintel("--config", osdp, "readers", "osdp-keyset", "front", "--yes")
    assert (ended.exit_code, keyset.asked) == (13, [])


def test_key_that_was_not_taken_is_told(lintel: Lintel, osdp: Path, keyset: Keyset) -> None:
    keyset.refused = True
    ended = lintel("--config", osdp, "readers", "osdp-keyset", "front", "--yes")
    assert (ended.exit_code, "did not answer" in ended.err, ended.out) == (13, True, "")


def test_reader_without_keys_is_told(lintel: Lintel, desk: Path, keyset: Keyset) -> None:
    ended = lintel("--config", desk, "readers", "osdp-keyset", "desk", "--yes")
    assert (ended.exit_code, "speaks lines, which has no keys" in ended.err, keyset.asked) == (3, True, [])


USUAL = Transcript(10.0, {"front": formats_for(()), "desk": None})
READ = BadgeRead(Credential("h10301", 42, 69), 12.5, "front", Security.CLEAR_TEXT, bits=CARD)


def test_frame_is_drawn_below_its_badge() -> None:
    assert [line.strip() for line in USUAL.lines(READ)][1:] == [
        "bits    1 00101010 0000000001000101 0",
        "layout  P FFFFFFFF NNNNNNNNNNNNNNNN P",
        "parity  E XXXXXXXX XXXX............ .  even: holds",
        "parity  . ........ ....XXXXXXXXXXXX O  odd: holds",
    ]


def test_frame_with_wrong_parity_is_drawn() -> None:
    read = BadgeRead(None, 10.0, "front", Security.CLEAR_TEXT, fault="Wrong parity.", bits="0" + CARD[1:])
    lines = list(USUAL.lines(read))
    assert lines[0].endswith("front  unreadable: Wrong parity.; clear-text")
    assert lines[3].endswith("even: WRONG")
    assert USUAL.plain(read)["parity"] == "wrong"


def test_frame_of_no_format_is_told_bare() -> None:
    read = BadgeRead(None, 10.0, "front", Security.CLEAR_TEXT, fault="Noise.", bits="10101")
    assert list(USUAL.lines(read))[1].strip() == "bits    10101  (5)"


def test_bits_of_a_reader_without_card_formats_are_told_bare() -> None:
    read = BadgeRead(Credential("number", 0, 5), 10.0, "desk", Security.CLONABLE, bits="01" * 13)
    assert (USUAL.plain(read)["parity"], list(USUAL.lines(read))[1].strip()) == (None, f"bits    {'01' * 13}  (26)")


def test_serial_number_has_no_parity_to_hold() -> None:
    read = BadgeRead(Credential("csn4", 0, 5), 10.0, "front", bits=f"{5:032b}")
    assert USUAL.plain(read)["parity"] is None


def test_time_is_told_from_the_beginning() -> None:
    assert (USUAL.plain(READ)["at_s"], next(USUAL.lines(READ))[:11]) == (2.5, "    2.500 s")


def test_notice_is_told() -> None:
    notice = ReaderNotice(Notice.LOST, 10.0, "front", "It hung up.")
    assert list(USUAL.lines(notice)) == ["    0.000 s  front  lost: It hung up."]


def test_keys_are_masked_one_by_one() -> None:
    assert list(USUAL.lines(KeyPress("1234#", 10.0, "front"))) == ["    0.000 s  front  keys *****"]
