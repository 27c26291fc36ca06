"""What the steps of `lintel setup` work on: the place, who answers, and hands for what other rooms do."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from device.commissioning.setup.answers import Given, PersonAnswers
from device.commissioning.setup.found import Choice
from device.commissioning.setup.polarity import Driver, Watcher
from device.commissioning.walkthrough import Installer
from device.settings.tables import CameraSettings, DoorSettings, ReaderSettings, Settings

DRAFT = "setup.toml"
"""Beside the settings file, while a setup is under way."""


class Terminal(Installer, Watcher, Protocol):
    """Who answers."""

    def agree(self, question: str) -> bool:
        """Asks them yes or no, where nothing typed is a yes: never for what only eyes can say."""

    def choose(self, question: str, choices: Sequence[Choice], default: str) -> str:
        """One of the choices' values, or what is typed instead."""

    def ask(self, question: str, default: str) -> str:
        """What is typed; the default for nothing."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What setup has others do. Each raises `LintelError`."""

    cameras: Callable[[], Sequence[Choice]]
    ports: Callable[[], Sequence[Choice]]
    chip: Callable[[str], str]
    """The GPIO chip by the setting `gpio.chip`, in words."""
    frame: Callable[[CameraSettings], str]
    """Takes a picture: its size, in words."""
    badge: Callable[[Settings, ReaderSettings], str]
    """Waits for a badge at that reader: the badge as it is written; "" if none came."""
    give_key: Callable[[Settings, ReaderSettings], None]
    """Has an OSDP reader in install mode take a key of its own."""
    pulses: Callable[[Settings], Driver]
    wires: Callable[[Settings, DoorSettings, Installer], Sequence[str]]
    """Goes through the wires of a door; a sentence for each that doesn't work."""
    is_known: Callable[[str], bool]
    """Whether the system has a user of that name."""
    let_speak: Callable[[str], None]
    has_key: Callable[[Settings], bool]
    make_key: Callable[[Settings, str], str]
    let_reach: Callable[[Collection[str]], bool]
    """Lets the unit use the readers' ports, by their classes; whether that is new."""
    runs: Callable[[], bool]
    start: Callable[..., None]
    may_stop: Callable[[], None]
    """Refuses where no service is to be stopped: in an emergency."""
    stop: Callable[[], None]
    troubles: Callable[[str], Sequence[str]]
    """What the running service says is wrong at a door."""
    enroll: Callable[[Settings, PersonAnswers], str]
    """Enrolls the person at the first door: what came of it, in words."""
    opened: Callable[[str], str]
    """Waits until a door was opened by a grant: the row in words; "" if that did not happen in time."""


@dataclass(slots=True)
class Site:
    """One run of setup."""

    settings_path: Path
    root: Path
    """"/", or a folder in its place."""
    load: Callable[[], Settings]
    terminal: Terminal
    hands: Hands
    given: Given = field(default_factory=Given)
    """The answers file's."""
    can_ask: bool = True
    taken: frozenset[str] = frozenset()
    """Cameras and ports that others of the answers so far have, so that they are not offered."""
    is_stopped: bool = False
    """Whether this run has stopped the service."""
    unproven: list[str] = field(default_factory=list)
    """What no one has seen work, in sentences."""

    @property
    def is_watched(self) -> bool:
        """Whether someone at the door answers."""
        return self.can_ask and self.given.answers.proofs.watched

    @property
    def draft_path(self) -> Path:
        """Where the answers so far are kept."""
        return self.settings_path.with_name(DRAFT)

    def say(self, text: str) -> None:
        """To who answers."""
        self.terminal.say(text)

    def free(self) -> None:
        """Stops the service, which holds camera, readers and pins; the door is locked meanwhile."""
        if self.hands.runs():
            self.hands.may_stop()
            self.say("The service holds the parts: it is stopped for this. The door stays locked until it runs again.")
            self.hands.stop()
            self.is_stopped = True
