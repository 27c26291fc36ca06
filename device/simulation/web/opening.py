"""Opens the worlds of scenarios, one after the other, for the thread that they live in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.settings.tables import Settings
from device.simulation.playback import Playback
from device.simulation.scenario import built_in_scenario
from device.simulation.session import Session
from device.simulation.web.worlds import Stage


class Worlds:
    """`Opening` of sessions."""

    def __init__(self, path: Path | None, settings: Settings, *, seed: int = 0) -> None:
        """`path` is the scenario to begin with; None: the one that is played by default."""
        self._seed = seed
        self._path = path
        self._settings = settings

    @contextmanager
    def __call__(self, scenario: str) -> Iterator[Stage]:
        """A world whose people are enrolled and whose doors are in operation. Raises `LintelError`."""
        path = built_in_scenario(scenario) if scenario else self._path
        with Session(path, self._settings, seed=self._seed) as session:
            for _ in session.enroll():
                pass
            yield Stage(session, Playback(session))
