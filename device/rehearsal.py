"""Plays a scenario: the door's own code in a virtual world, and what came of it against what was expected."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from device.access import Access, Doorway
from device.config import Settings
from device.credentials import parse_badge
from device.door.gpio import Relay
from device.enrollment import Candidate, Enrollment, EnrollmentReport
from device.errors import CredentialError, ScenarioError
from device.images import read_image
from device.records import Credential, Transaction
from device.simulation.camera import SimulatedCamera
from device.simulation.clock import SimulatedClock
from device.simulation.pins import Level, SimulatedPins
from device.simulation.reader import SimulatedReader
from device.simulation.scenario import Expect, Scenario, Step, built_in_scenario, read_scenario
from device.simulation.scene import Scene
from device.store.store import Store
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.models import shipped_models_dir

PAUSE_S = 1.0
"""Between two steps, on the scenario's clock."""


@dataclass(frozen=True, slots=True)
class Played:
    """What a step did: the transaction if there was a badge, the relay pin's levels, and which expectations were not
    met.

    `began_at` is in seconds on the scenario's clock, `computed_s` the real time from the badge to the end of the
    transaction.
    """

    step: Step
    began_at: float
    transaction: Transaction | None
    pin: int
    levels: tuple[Level, ...]
    computed_s: float
    unmet: tuple[str, ...]


class Rehearsal:
    """One virtual world with its enrolled people; its state folder is thrown away at the end."""

    def __init__(self, path: Path | None, settings: Settings) -> None:
        """Reads the scenario (without a path, the built-in one). Raises `ScenarioError`, `ImageError`, `ModelError`."""
        self._path = path or built_in_scenario()
        self.scenario: Scenario = read_scenario(self._path)
        self._settings = settings
        self._images = {name: read_image(self._file(source)) for name, source in self.scenario.images.items()}
        self._analyzer: FaceAnalyzer = load_analyzer(settings.vision)
        self._clock = SimulatedClock()
        self.pins = SimulatedPins(self._clock)

    def play(self) -> Iterator[EnrollmentReport | Played]:
        """Enrolls, then plays step after step."""
        camera, reader = SimulatedCamera(self._clock, Scene((), self._images)), SimulatedReader(self._clock)
        with TemporaryDirectory(prefix="lintel-") as folder, Store(Path(folder)) as store:
            yield from self._enrolled(store)
            with closing(Relay(self._settings.door, self.pins.factory)) as relay:
                doorway = Doorway(camera, relay, store, self._analyzer, self._clock)
                for step in self.scenario.step:
                    yield self._played(step, doorway, camera, reader)

    def _enrolled(self, store: Store) -> Iterator[EnrollmentReport]:
        enrollment = Enrollment(store, self._analyzer, self._clock)
        for enrollee in self.scenario.enroll:
            candidates = [Candidate(name, self._images[name]) for name in enrollee.images]
            yield enrollment.enroll(parse_badge(enrollee.badge), enrollee.name, candidates)

    def _played(self, step: Step, doorway: Doorway, camera: SimulatedCamera, reader: SimulatedReader) -> Played:
        self._clock.sleep(PAUSE_S)
        began_at = self._clock.monotonic()
        known = len(self.pins.history(self._settings.door.pin))
        if step.revoke:
            with doorway.store.people() as people:
                people.revoke(parse_badge(step.revoke), self._clock.utc())
        camera.show(Scene(step.view, self._images), step.camera)
        self._clock.sleep(step.badge_at_s)
        if step.badge is not None:
            reader.present(_credential(step.badge))
        badge = reader.read(PAUSE_S)
        started = time.perf_counter()
        transaction = Access(doorway, self._settings).swipe(badge) if badge else None
        computed_s = time.perf_counter() - started - camera.take_drawing_s()
        levels = self.pins.history(self._settings.door.pin)
        unmet = tuple(_unmet(step.expect, transaction, levels[known:], active_high=self._settings.door.active_high))
        return Played(
            step, began_at, transaction, self._settings.door.pin, levels[max(0, known - 1) :], computed_s, unmet
        )

    def _file(self, source: str) -> Path:
        kind, _, name = source.rpartition(":")
        if kind != "portrait":
            return self._path.parent / source
        found = shipped_models_dir() / "portraits" / f"{name}.jpg"
        if not found.is_file():
            names = ", ".join(sorted(path.stem for path in found.parent.glob("*.jpg")))
            raise ScenarioError(f"There is no portrait {name!r}.", hint=f"Take one of: {names}.")
        return found


def _credential(written: str) -> Credential | None:
    """What the virtual reader makes of a badge: None if it is in no known format."""
    try:
        return parse_badge(written)
    except CredentialError:
        return None


def _unmet(
    expect: Expect, transaction: Transaction | None, levels: tuple[Level, ...], *, active_high: bool
) -> Iterator[str]:
    """What was expected and received otherwise, one sentence each."""
    decision = transaction.decision if transaction else None
    strike = "released" if any(level.high == active_high for level in levels) else "secure"
    received = {
        "outcome": decision and decision.outcome.value,
        "reason": decision and decision.reason.code,
        "strike": strike,
    }
    for name, value in received.items():
        wanted = getattr(expect, name)
        if wanted is not None and wanted != value:
            yield f"expected {name} {wanted}, received {value or 'none'}"
    if expect.within_s is not None and (transaction is None or transaction.waited_s > expect.within_s):
        received_one = f"one after {transaction.waited_s:.1f} s" if transaction else "none"
        yield f"expected a decision within {expect.within_s} s, received {received_one}"
