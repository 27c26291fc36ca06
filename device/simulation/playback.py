"""Plays a world at any speed: goes on, stands still, step by step, back to any step; and keeps what is done by hand."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from device.errors import ScenarioError
from device.simulation.playing import Played, Playing
from device.simulation.recording import Recording
from device.simulation.scenario import Happening, Step
from device.simulation.session import Session
from device.web.messages import StepView, World

MOST_BEHIND_S = 0.5
"""A world that falls further behind its speed than this goes on from where it is."""
BY_HAND = "Recorded by hand"


@dataclass(frozen=True, slots=True)
class Past:
    """How far the scenario was played: the steps that are over, and what came of each."""

    played: tuple[Played, ...] = ()
    number: int = -1
    """The step that is played or was last; -1 before the first."""


class Playback:
    """The player of one world, whose people are enrolled. One thread at a time uses it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._past = Past()
        self._playing: Playing | None = None
        self._goes_on = False
        self._is_paused = False
        self._factor = 1.0
        self._behind_s = 0.0
        self._recording: Recording | None = None
        self._worlds = 1

    @property
    def played(self) -> tuple[Played, ...]:
        """What came of the steps so far."""
        return self._past.played

    def play(self) -> None:
        """Goes on with time, and with the scenario, one step after the other until its end."""
        self._is_paused = False
        self._goes_on = self._recording is None

    def pause(self) -> None:
        """Time stands still."""
        self._is_paused = True

    def go_on(self) -> None:
        """Goes on with time, and leaves the scenario where it is once its step is over."""
        self._is_paused = self._goes_on = False

    def step(self) -> None:
        """Plays the next step to its end."""
        self._refuse_while_recording()
        self._is_paused = self._goes_on = False
        if self._playing is None:
            self._begin_next()

    def speed(self, factor: float) -> None:
        """How many seconds of the world pass in a second."""
        self._factor = factor

    def seek(self, number: int, each: Callable[[int], None] = lambda _number: None) -> None:
        """Goes to the beginning of a step, and stands still there: plays all before it once more, as fast as it goes.

        `each` is called with the number of each step before it. Raises `ScenarioError`.
        """
        self._refuse_while_recording()
        if not 0 <= number <= len(self._steps):
            raise ScenarioError(f"There is no step {number}.", hint=f"Take one of 0 to {len(self._steps)}.")
        if number < len(self._past.played) or self._playing is not None or self._past.number >= number:
            self._begin_again()
        while len(self._past.played) < number:
            each(len(self._past.played))
            self._begin_next()
            self._finish()
        self._is_paused, self._goes_on = True, False

    def advance(self, real_s: float) -> float:
        """Lets the world's time pass that goes with that much real time; how far it is behind, seconds."""
        if self._is_paused:
            return 0.0
        clock = self._session.clock
        before, wanted = clock.monotonic(), self._behind_s + real_s * self._factor
        if self._goes_on and self._playing is None:
            self._begin_next()
        self._session.advance(max(0.0, wanted - (clock.monotonic() - before)))
        if self._playing is not None and self._playing.is_over:
            self._keep(self._playing)
        self._behind_s = min(MOST_BEHIND_S, max(-MOST_BEHIND_S, wanted - (clock.monotonic() - before)))
        return max(0.0, self._behind_s)

    def act(self, what: Happening) -> None:
        """Has something happen now, and keeps it if that is recorded. Raises `ScenarioError`."""
        self._session.act(what)
        if self._recording is not None:
            self._recording.keep(what)

    def record(self) -> None:
        """Begins to keep what is done by hand, in a world that begins again: its recording replays alike."""
        view, camera = self._session.running.scene.figures, self._session.running.world.camera.condition
        self._begin_again()
        first = Step(title=BY_HAND, view=view, camera=camera)
        playing = self._session.begin_step(first, 0)
        self._recording = Recording(self._session, first, playing)
        self._is_paused = self._goes_on = False

    def stop(self) -> None:
        """Ends that; what was kept stays until the next recording."""
        if self._recording is not None:
            self._recording.stop()

    def recorded(self) -> str:
        """What was kept, as a scenario in TOML that expects what came of it. Raises `ScenarioError`."""
        if self._recording is None:
            raise ScenarioError("Nothing was recorded.", hint="Begin a recording, and do something at the door.")
        return self._recording.text()

    def state(self) -> World:
        """How everything is now."""
        is_recording = self._recording is not None and self._recording.goes_on
        return msgspec.structs.replace(
            self._session.state(),
            speed=0.0 if self._is_paused else self._factor,
            steps=tuple(self._step_view(number) for number in range(len(self._steps))),
            step=self._past.number,
            is_playing=self._goes_on or (self._playing is not None and not is_recording),
            is_recording=is_recording,
            world=self._worlds,
        )

    @property
    def _steps(self) -> tuple[Step, ...]:
        return self._session.scenario.step

    def _step_view(self, number: int) -> StepView:
        step, played = self._steps[number], self._past.played
        if number >= len(played):
            return StepView(title=step.title)
        return StepView(title=step.title, is_played=True, unmet=played[number].unmet)

    def _begin_next(self) -> None:
        number = len(self._past.played)
        if number >= len(self._steps):
            self._goes_on = False
            return
        self._past = replace(self._past, number=number)
        self._playing = self._session.begin(number)

    def _finish(self) -> None:
        while self._playing is not None:
            self._session.running.go_round()
            if self._playing.is_over:
                self._keep(self._playing)

    def _keep(self, playing: Playing) -> None:
        self._past = replace(self._past, played=(*self._past.played, playing.played()))
        self._playing = None

    def _begin_again(self) -> None:
        self._session.again()
        self._past, self._playing, self._recording = Past(), None, None
        self._behind_s = 0.0
        self._worlds += 1

    def _refuse_while_recording(self) -> None:
        if self._recording is not None and self._recording.goes_on:
            raise ScenarioError("A recording is under way.", hint="End it first.")
