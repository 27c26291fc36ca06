"""`lintel hardware test`: every wire is tried, the installer's answers count, and the strike is secure in the end."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from device.commissioning.walkthrough import Bench, Result, Tried, Walkthrough
from device.commissioning.words import STRIKE, input_words, output_words
from device.control.client import FILE_NAME
from device.control.desk import door_desk
from device.control.server import ControlServer
from device.door.securing.driven import last_driven
from device.errors import DoorError
from device.records import DoorInput, DoorOutput, Line
from device.settings.lock import LockSettings
from device.settings.tables import DoorSettings, InputSettings, OutputSettings, Settings
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from tests.device.commands import Lintel
from tests.device.lgpio import Lgpio

NO, USAGE, DOOR = 1, 2, 7
STRIKE_PIN = 17
LED = OutputSettings(signal=DoorOutput.LED, pin=20)
SIREN = OutputSettings(signal=DoorOutput.SIREN, pin=21, active_high=False)
REX = InputSettings(signal=DoorInput.REX, pin=5)
DPS = InputSettings(signal=DoorInput.DPS, channel=0, active="open")
SETTINGS = Settings(doors=(DoorSettings(inputs=(REX, DPS), outputs=(LED, SIREN)),))
WAIT_S = 20.0
TURNS = (("left", 5), ("right", 6))


class Installer:
    """Does what is said, unless told not to; answers yes, unless told otherwise."""

    def __init__(self, pins: SimulatedPins, clock: SimulatedClock) -> None:
        self.said: list[str] = []
        self.asked: list[tuple[str, float]] = []
        self.answers: dict[str, bool] = {}
        self.idle: set[tuple[InputSettings, Line]] = set()
        self.interrupt_at: str | None = None
        self._pins = pins
        self._clock = clock

    def say(self, text: str) -> None:
        self.said.append(text.strip())
        if self.interrupt_at and self.interrupt_at in text:
            self._clock.at(self._clock.monotonic() + 1.0, self.interrupt)

    def interrupt(self) -> NoReturn:
        raise KeyboardInterrupt

    def confirm(self, question: str) -> bool:
        self.asked.append((question.strip(), self._clock.monotonic()))
        return next((yes for part, yes in self.answers.items() if part in question), True)

    def act(self, wire: InputSettings, line: Line) -> None:
        if (wire, line) not in self.idle:
            self._clock.at(self._clock.monotonic() + 1.0, lambda: self._pins.set_line(wire, line))


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def pins(clock: SimulatedClock) -> SimulatedPins:
    pins = SimulatedPins(clock)
    for wire in (REX, DPS):
        pins.set_line(wire, Line.QUIET)
    return pins


@pytest.fixture
def installer(pins: SimulatedPins, clock: SimulatedClock) -> Installer:
    return Installer(pins, clock)


@pytest.fixture
def walk(pins: SimulatedPins, clock: SimulatedClock, installer: Installer) -> Callable[..., list[Tried]]:
    """Goes through the door's wires; what came of each."""

    def through(settings: Settings = SETTINGS) -> list[Tried]:
        bench = Bench(pins.factory, clock, clock.attend)
        return list(Walkthrough(bench, installer, WAIT_S).through(settings.doors[0]))

    return through


def pulses(pins: SimulatedPins, pin: int) -> list[tuple[float, bool]]:
    """The pin's levels as (seconds, high)."""
    return [(level.at, level.high) for level in pins.history(pin)]


def test_every_wire_is_tried(walk: Callable[..., list[Tried]]) -> None:
    assert walk() == [
        Tried("main", "led", "GPIO 20", Result.WORKS),
        Tried("main", "siren", "GPIO 21", Result.WORKS),
        Tried("main", "strike", "GPIO 17", Result.WORKS),
        Tried("main", "rex", "GPIO 5", Result.WORKS),
        Tried("main", "dps", "channel 0", Result.WORKS),
    ]


def test_outputs_are_on_one_after_the_other(walk: Callable[..., list[Tried]], pins: SimulatedPins) -> None:
    walk()
    assert pulses(pins, 20) == [(0.0, False), (0.0, True), (2.0, False)]
    assert pulses(pins, 21) == [(0.0, True), (2.0, False), (4.0, True)]


def test_strike_is_released_for_three_seconds(walk: Callable[..., list[Tried]], pins: SimulatedPins) -> None:
    walk()
    assert pulses(pins, STRIKE_PIN) == [(0.0, False), (4.0, True), (7.0, False)]


def test_installer_is_warned_and_asked_before_the_strike_is_released(
    walk: Callable[..., list[Tried]], pins: SimulatedPins, installer: Installer
) -> None:
    installer.answers = {"Is someone at the door": False}
    assert walk()[2] == Tried("main", "strike", "GPIO 17", Result.SKIPPED, "no one is watching the door")
    assert "WARNING: the door can be opened for 3 s." in " ".join(installer.said)
    assert pulses(pins, STRIKE_PIN) == [(0.0, False)]


@pytest.mark.parametrize("number", range(3))
def test_what_the_installer_does_not_see_fails(
    walk: Callable[..., list[Tried]], installer: Installer, number: int
) -> None:
    question = (output_words(DoorOutput.LED), output_words(DoorOutput.SIREN), STRIKE)[number].question
    installer.answers = {question: False}
    assert [one.result is Result.WORKS for one in walk()] == [other != number for other in range(5)]


@pytest.mark.parametrize(
    ("wire", "line", "detail"),
    [
        (REX, Line.ACTIVE, "it still says quiet, expected active"),
        (REX, Line.QUIET, "it still says active, expected quiet"),
        (DPS, Line.ACTIVE, "it still says quiet, expected active"),
    ],
)
def test_input_that_does_not_change_in_time_fails(
    walk: Callable[..., list[Tried]], installer: Installer, wire: InputSettings, line: Line, detail: str
) -> None:
    installer.idle = {(wire, line)}
    (tried,) = [one for one in walk() if one.wire == wire.signal]
    assert (tried.result, tried.detail) == (Result.FAILS, detail)


def test_input_that_is_active_at_first_has_to_be_quiet_first(
    walk: Callable[..., list[Tried]], pins: SimulatedPins, installer: Installer
) -> None:
    pins.set_line(DPS, Line.ACTIVE)
    assert walk()[4].result is Result.WORKS
    told = [said for said in installer.said if "door." in said and said.startswith("It says")]
    assert [said.split(". ")[1] for said in told] == ["Close the door", "Open the door", "Close the door"]


@pytest.mark.parametrize("line", [Line.CUT, Line.SHORT])
def test_damaged_wire_fails_with_what_it_says(
    walk: Callable[..., list[Tried]], pins: SimulatedPins, line: Line
) -> None:
    pins.set_line(DPS, line)
    tried = walk()[4]
    assert (tried.result, f"the wire says {line}" in tried.detail) == (Result.FAILS, True)


def test_output_that_cannot_be_driven_is_named_strike_secured(
    walk: Callable[..., list[Tried]], pins: SimulatedPins, clock: SimulatedClock, installer: Installer
) -> None:
    clock.at(1.0, lambda: pins.broken_pins.add(20))
    with pytest.raises(DoorError, match="GPIO 20"):
        walk()
    assert "fails: Cannot drive GPIO 20, output led of door main: the simulated pin does not answer." in installer.said
    assert not pulses(pins, STRIKE_PIN)[-1][1]


def test_nothing_stays_on_if_the_installer_stops(
    walk: Callable[..., list[Tried]], pins: SimulatedPins, installer: Installer
) -> None:
    installer.interrupt_at = "the door's LED is lit"
    with pytest.raises(KeyboardInterrupt):
        walk()
    assert [pulses(pins, pin)[-1][1] for pin in (20, 21, STRIKE_PIN)] == [False, True, False]


def test_strike_is_secured_if_the_installer_stops(
    walk: Callable[..., list[Tried]], pins: SimulatedPins, installer: Installer
) -> None:
    installer.interrupt_at = "WARNING"
    with pytest.raises(KeyboardInterrupt):
        walk()
    assert pulses(pins, STRIKE_PIN) == [(0.0, False), (4.0, True), (5.0, False)]


@pytest.mark.parametrize("wire", DoorInput)
def test_every_input_has_something_to_do_and_to_undo(wire: DoorInput) -> None:
    words = input_words(wire)
    assert words.do != words.undo


def test_every_output_can_be_told_from_the_others() -> None:
    assert len({output_words(output).expected for output in DoorOutput}) == len(DoorOutput)


def test_simulated_run_on_all_wires(lintel: Lintel, tmp_path: Path) -> None:
    """The lamps for a turn of the head are wired where the settings say so."""
    lamps = "".join(f'[[doors.outputs]]\nsignal = "turn-{side}"\npin = {pin}\n' for side, pin in TURNS)
    lamps += '[[doors.outputs]]\nsignal = "duress"\npin = 7\n'
    (tmp_path / "lamps.toml").write_text(f"[[doors]]\n{lamps}")
    ended = lintel("--config", tmp_path / "lamps.toml", "hardware", "test", "--simulated", typed="y\n" * 20)
    assert ended.exit_code == 0
    for wire in (*DoorOutput, "strike", *DoorInput):
        assert f"works    main {wire} " in ended.out


def test_simulated_run_as_json(lintel: Lintel) -> None:
    ended = lintel("hardware", "test", "--simulated", "--json", typed="n\n" + "y\n" * 20)
    first, *others = ended.json
    assert ended.exit_code == NO
    assert (first["result"], first["detail"]) == ("fails", "not as it should be")
    assert {one["result"] for one in others} == {"works"}


def test_end_of_answers_ends_it(lintel: Lintel) -> None:
    ended = lintel("hardware", "test", "--simulated", typed="y\n")
    assert (ended.exit_code, ended.err) == (130, "Stopped.\n")


def test_door_that_does_not_exist_is_named(lintel: Lintel) -> None:
    ended = lintel("hardware", "test", "--simulated", "--door", "side")
    assert (ended.exit_code, "no door named 'side'" in ended.err) == (DOOR, True)


def test_without_a_board_it_says_so(lintel: Lintel) -> None:
    assert "There is no GPIO chip" in lintel("hardware", "test").err


def test_service_has_to_rest(lintel: Lintel, runtime: Path, lgpio: Lgpio) -> None:
    server = ControlServer(runtime / FILE_NAME, door_desk({}, lambda _ordered: None))
    ended = lintel("hardware", "test")
    server.close()
    assert (ended.exit_code, "The service is running and holds the pins." in ended.err, lgpio.asked) == (DOOR, True, [])


def test_pin_that_somebody_else_has_is_named(lintel: Lintel, lgpio: Lgpio) -> None:
    lgpio.refused = {"output"}
    ended = lintel("hardware", "test")
    assert (ended.exit_code, "GPIO 17, the relay of door main: GPIO busy" in ended.err) == (DOOR, True)


def test_board_is_tried_and_left_secure(lintel: Lintel, lgpio: Lgpio) -> None:
    ended = lintel("hardware", "test", typed="n\n")
    assert (ended.exit_code, "skipped  main strike" in ended.out) == (NO, True)
    assert set(lgpio.levels(STRIKE_PIN)) == {0}


@pytest.mark.usefixtures("runtime")
def test_what_is_driven_is_remembered_before(lintel: Lintel, lgpio: Lgpio) -> None:
    lgpio.refused = {"output"}
    lintel("hardware", "test")
    assert last_driven().relays == (LockSettings(),)
