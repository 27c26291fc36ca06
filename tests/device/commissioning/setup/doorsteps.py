"""A setup whose parts and whose person are simulated: a relay that opens a door at one level, and scripted answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from device.commissioning.setup.answers import Given, PersonAnswers
from device.commissioning.setup.found import Choice
from device.commissioning.setup.site import Hands, Site
from device.commissioning.walkthrough import Installer
from device.errors import CameraError, LintelError
from device.records import Line
from device.settings.loading import load_settings
from device.settings.tables import CameraSettings, DoorSettings, InputSettings, ReaderSettings, Settings

MOST_QUESTIONS = 200


class Killed(BaseException):
    """The process ends here, as by a signal that can't be caught."""


@dataclass
class Relay:
    """A relay board at one pin, and what its strike did."""

    pin: int = 17
    energized_by_high: bool | None = True
    rests: bool = True
    pulses: list[tuple[int, bool, float]] = field(default_factory=list)
    clicked: bool = False

    def pulse(self, pin: int, *, high: bool, seconds: float) -> None:
        self.pulses.append((pin, high, seconds))
        self.clicked = pin == self.pin and high is self.energized_by_high


@dataclass
class Person:
    """Answers by a part of the question; counts questions, and ends the process at one of them."""

    relay: Relay
    answers: dict[str, str | bool] = field(default_factory=dict)
    dies_at: int = 0
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.said.append(text)

    def act(self, wire: InputSettings, line: Line) -> None:
        """Setup's wires are fakes."""

    def confirm(self, question: str) -> bool:
        self._note(question)
        if "click" in question:
            return self.relay.clicked
        if "at rest" in question:
            return self.relay.rests
        return bool(self._scripted(question, True))

    def agree(self, question: str) -> bool:
        return self.confirm(question)

    def choose(self, question: str, choices: Sequence[Choice], default: str) -> str:
        assert choices
        self._note(question)
        return str(self._scripted(question, default))

    def ask(self, question: str, default: str) -> str:
        self._note(question)
        return str(self._scripted(question, default))

    def _note(self, question: str) -> None:
        self.asked.append(question)
        assert len(self.asked) < MOST_QUESTIONS, f"it asks again and again: {question}"
        if self.dies_at and len(self.asked) >= self.dies_at:
            raise Killed

    def _scripted(self, question: str, default: str | bool) -> str | bool:
        return next((answer for part, answer in self.answers.items() if part in question), default)


@dataclass
class House:
    """One machine on which setup is run again and again."""

    folder: Path
    relay: Relay = field(default_factory=Relay)
    cameras: tuple[Choice, ...] = (Choice("/dev/video0", "a camera"),)
    ports: tuple[Choice, ...] = (Choice("/dev/input/by-id/usb-reader-event-kbd", "types"),)
    has_frames: bool = True
    badge: str = "17:1001"
    start_error: LintelError | None = None
    emergency: LintelError | None = None
    opens: bool = True
    key: str = ""
    runs: bool = False
    starts: int = 0
    stops: int = 0
    members: list[str] = field(default_factory=list)
    enrolled: list[PersonAnswers] = field(default_factory=list)
    wires_tried: int = 0
    seen: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    keys_given: list[int] = field(default_factory=list)
    reader_errors: list[LintelError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.boot.parent.mkdir(parents=True, exist_ok=True)
        self.boot.write_text("[all]\ndtparam=audio=on\n")

    @property
    def settings(self) -> Path:
        return self.folder / "etc/lintel/lintel.toml"

    @property
    def boot(self) -> Path:
        return self.folder / "boot/firmware/config.txt"

    def site(self, person: Person, given: Given = Given(), *, can_ask: bool = True) -> Site:  # noqa: B008 - frozen
        def load() -> Settings:
            return load_settings(self.settings) if self.settings.exists() else Settings()

        return Site(self.settings, self.folder, load, person, self.hands(), given, can_ask)

    def hands(self) -> Hands:
        return Hands(
            cameras=lambda: self.cameras,
            ports=lambda: self.ports,
            chip=lambda _chip: "pinctrl-bcm2711, /dev/gpiochip0, 58 lines",
            frame=self._frame,
            badge=self._badge,
            give_key=lambda _settings, _reader: self.keys_given.append(1),
            pulses=lambda _settings: self.relay,
            wires=self._wires,
            is_known=lambda login: login in ("anna", "bob"),
            let_speak=self.members.append,
            has_key=lambda _settings: bool(self.key),
            make_key=self._make_key,
            let_reach=lambda _kinds: False,
            runs=lambda: self.runs,
            start=self._start,
            may_stop=self._may_stop,
            stop=self._stop,
            troubles=lambda _door: (),
            enroll=self._enroll,
            opened=lambda _door: "GRANTED" if self.opens else "",
        )

    def _frame(self, camera: CameraSettings) -> str:
        self.seen.append(camera.source)
        if not self.has_frames:
            raise CameraError("The camera gave no picture.", hint="Choose another one.")
        return "640 x 480 pixels"

    def _badge(self, _settings: Settings, reader: ReaderSettings) -> str:
        self.read.append(reader.name)
        if self.reader_errors:
            raise self.reader_errors.pop()
        return self.badge

    def _wires(self, _settings: Settings, door: DoorSettings, _installer: Installer) -> Sequence[str]:
        self.wires_tried += 1
        is_right = (door.pin, door.active_high) == (self.relay.pin, self.relay.energized_by_high)
        return [] if is_right else ["strike fails"]

    def _make_key(self, _settings: Settings, kind: str) -> str:
        self.key = kind
        return f"Made the device key, {kind}"

    def _start(self, *, again: bool) -> None:
        if self.start_error:
            raise self.start_error
        assert again == self.runs
        self.runs, self.starts = True, self.starts + 1

    def _may_stop(self) -> None:
        if self.emergency:
            raise self.emergency

    def _stop(self) -> None:
        self.runs, self.stops = False, self.stops + 1

    def _enroll(self, _settings: Settings, person: PersonAnswers) -> str:
        self.enrolled.append(person)
        return f"{person.name} enrolled"


ANSWERS: dict[str, str | bool] = {"administers": "anna", "Name of the first": "Ada"}
Run = Callable[..., Person]
