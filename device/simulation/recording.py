"""Keeps what is done by hand in a virtual world, as a scenario that replays with the same events."""

from collections.abc import Iterator

import msgspec

from device.errors import ScenarioError
from device.files import text_of
from device.packages import install_hint
from device.records import Event
from device.simulation.playing import SETTLE_S, Playing
from device.simulation.running import POLL_S
from device.simulation.scenario import Expect, Happening, Scenario, Step
from device.simulation.session import LIVE, Session

NOT_KEPT = "Not kept, as the pictures of real people: put these files beside this one before you play it: {}."


class Recording:
    """One step by hand, from its begin to its end."""

    def __init__(self, session: Session, first: Step, playing: Playing) -> None:
        self._session = session
        self._first = first
        self._playing = playing
        self._began_at = session.clock.monotonic()
        self._kept: list[Happening] = []
        self._step: Step | None = None

    @property
    def goes_on(self) -> bool:
        """Whether it has not been ended."""
        return self._step is None

    def keep(self, what: Happening) -> None:
        """Something that was done now."""
        if self.goes_on:
            at_s = self._session.clock.monotonic() - self._began_at
            self._kept.append(msgspec.structs.replace(what, at_s=round(at_s, 6)))

    def stop(self) -> None:
        """Ends it, with what came of it as what is expected; harmless when repeated."""
        if self.goes_on:
            while not self._playing.is_over or self._session.running.is_going_on:
                self._session.running.go_round()
            self._step = self._whole()

    def text(self) -> str:
        """The scenario in TOML; of one that goes on, up to now. Raises `ScenarioError` without the extra `sim`."""
        scenario, step = self._session.scenario, self._step or self._whole()
        images = {name: self._source(name) for name in self._images()}
        kept = msgspec.structs.replace(
            scenario, title=step.title, step=(step,), images=images, settings=None, seed=self._session.seed
        )
        table = {name: value for name, value in _fields(kept) if value not in (None, "", (), {}, 0)}
        if settings := self._settings():
            table["settings"] = settings
        try:
            return self._note(images) + msgspec.toml.encode(table).decode()
        except ImportError:
            hint = install_hint("sim")
            raise ScenarioError("A recording is written with tomli-w, which is missing.", hint=hint) from None

    def _settings(self) -> object:
        """As the file has them that the scenario came from."""
        return msgspec.toml.decode(text_of(self._session.path.read_bytes())).get("settings")

    def _whole(self) -> Step:
        played = self._playing.played()
        last = played.transaction.decision if played.transaction else None
        lasts_s = self._session.clock.monotonic() - self._began_at - SETTLE_S - POLL_S / 2
        return msgspec.structs.replace(
            self._first,
            happen=tuple(self._kept),
            lasts_s=round(max(0.0, lasts_s), 6),
            expect=Expect(
                outcome="granted" if last and last.granted else "denied" if last else None,
                reason=last.reason.code if last else None,
                reasons=played.reasons,
                state=played.state,
                events=tuple(dict.fromkeys(row.event for row in played.rows if row.event is not Event.DECISION)),
            ),
        )

    def _images(self) -> list[str]:
        figures = [*self._first.view, *(figure for what in self._kept for figure in what.view or ())]
        named = {image for enrollee in self._session.scenario.enroll for image in enrollee.images}
        return sorted(named | {figure.image for figure in figures})

    def _note(self, images: dict[str, str]) -> str:
        """What the file needs to be played; "" if that is nothing."""
        missing = [source for name, source in images.items() if name not in self._session.scenario.images]
        return f"# {NOT_KEPT.format(', '.join(missing))}\n" if missing else ""

    def _source(self, name: str) -> str:
        return self._session.scenario.images.get(name, f"{name}.jpg" if name != LIVE else f"{LIVE}.mp4")


def _fields(scenario: Scenario) -> Iterator[tuple[str, object]]:
    return ((field.name, getattr(scenario, field.name)) for field in msgspec.structs.fields(scenario))
