"""Plays a scenario from its first step to its last, as fast as it goes."""

from collections.abc import Callable, Generator
from pathlib import Path

from device.enrollment import EnrollmentReport
from device.settings.tables import Settings
from device.simulation.playing import Played
from device.simulation.scenario import Scenario
from device.simulation.session import Session
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from device.virtual.reader import SimulatedReader


class Player:
    """One virtual world with its enrolled people; its state folder is thrown away at the end."""

    def __init__(
        self,
        path: Path | None,
        settings: Settings,
        *,
        seed: int = 0,
        reader_of: Callable[[SimulatedClock], SimulatedReader] = SimulatedReader,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        """As `Session`. Raises `ScenarioError`, `ConfigError`, `ImageError`, `ModelError`."""
        self._session = Session(path, settings, seed=seed, reader_of=reader_of, warn=warn)
        self.scenario: Scenario = self._session.scenario

    @property
    def pins(self) -> SimulatedPins:
        """The world's pins, once it plays."""
        return self._session.pins

    def play(self) -> Generator[EnrollmentReport | Played, None, None]:
        """Enrolls, then plays step after step."""
        with self._session as session:
            yield from session.enroll()
            for number in range(len(self.scenario.step)):
                playing = session.begin(number)
                while not playing.is_over:
                    session.running.go_round()
                yield playing.played()
