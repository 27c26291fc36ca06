"""`lintel readers`: readers listed, watched and tried."""

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
from device.errors import DoorError, LintelError, ReaderError
from device.readers.kinds import KINDS
from device.records import BadgeRead, BadgeRemoved, Credential, Signal
from device.virtual.pins import SimulatedPins
from device.virtual.wiegand import WiegandWires, frame
from tests.device.cli.readers.bench import CARD, HOUSE
from tests.device.commands import Lintel
from tests.processes import errors_of, started

LINTEL = Path(sys.executable).parent / "lintel"
START_TIME_S = 60.0


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


def events_in(out: str) -> list[dict[str, float | str | None]]:
    return [msgspec.json.decode(line) for line in out.splitlines()]


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
    first, second, _ = lintel("--config", desk, "readers", "monitor", "--seconds", "0.2").out.splitlines()
    assert first.endswith("s  desk  badge 17:4242 (h10301, facility 17, number 4242); local")
    assert second.endswith("s  desk  unreadable: a line that is not a badge, of 8 characters; local; held back")


@pytest.mark.parametrize(("option", "shown"), [((), "'999,99999'"), (("--show-keys",), "'117,51234'")])
def test_monitor_shows_a_line_that_it_can_not_read(
    lintel: Lintel, desk: Path, fifo: Path, option: tuple[str, ...], shown: str
) -> None:
    fifo.write_text("117,51234\n")
    said = lintel("--config", desk, "readers", "monitor", "--seconds", "0.2", *option).out.splitlines()
    assert said[0].endswith('It reads as a badge with `form = "facility-number"`.; local')
    assert said[1].strip() == f"line    {shown}"


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
    """As often as a busy machine tears the frames apart."""

    def is_shown() -> bool:
        out = lintel("--config", front, "readers", "monitor", "--seconds", "1.5", "--json", *options).out
        cards = [event for event in events_in(out) if event["event"] == "badge"]
        keys = {event["keys"] for event in events_in(out) if event["event"] == "keys"}
        return key in keys and (CARD, "holds", "42:69") in [
            (card["bits"], card["parity"], card["badge"]) for card in cards
        ]

    presenting(CARD, "0101")
    assert any(is_shown() for _ in range(20))


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
    assert (ended.exit_code, "Let it go. If the service is running, stop it first: sudo" in ended.err) == (
        exit_code,
        True,
    )
