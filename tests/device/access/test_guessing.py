"""Whoever has the badge and not the PIN gets ten guesses, by whatever two readers, restarts and late answers allow."""

import tempfile
from pathlib import Path

from hypothesis import settings as run_with
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from device.access import Access
from device.clock import Stop
from device.records import BadgeRead, Factor, KeyPress, Reason
from tests.device.access.test_pins_at_the_door import FakePins, door_with
from tests.device.access.world import BADGE, World, world_in

MOST = 10
MODES = ("badge+pin", "badge+face-or-pin", "badge+face+pin")


class Guessing(RuleBasedStateMachine):
    """Two readers at one badge; each step is something a person or the machine may do."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world: World = world_in(Path(self.folder.name), Reason.NO_FACE)
        self.pins = FakePins(is_slow=True)
        self.guesses = 0

    def teardown(self) -> None:
        for one in self.readers:
            one.close()
        self.world.store.close()
        self.folder.cleanup()

    @initialize(modes=st.tuples(st.sampled_from(MODES), st.sampled_from(MODES)))
    def begins(self, modes: tuple[str, str]) -> None:
        self.modes = modes
        self.readers: list[Access] = [door_with(self.world, mode, self.pins) for mode in modes]

    @rule(at=st.integers(0, 1))
    def swipes(self, at: int) -> None:
        if not self.readers[at].busy:
            self.readers[at].present(BadgeRead(BADGE, self.world.clock.monotonic(), ""), Stop())

    @rule(at=st.integers(0, 1), keys=st.sampled_from(["1111#", "3333#", "24", "*", "*1111#", "#"]))
    def types(self, at: int, keys: str) -> None:
        self.readers[at].hear(KeyPress(keys, self.world.clock.monotonic(), ""))

    @rule(number=st.integers(0, 3))
    def is_answered(self, number: int) -> None:
        if self.pins.waiting:
            self.pins.waiting.pop(number % len(self.pins.waiting))()

    @rule(at=st.integers(0, 1), wait_s=st.sampled_from([0.0, 0.3, 3.0, 12.0]))
    def time_passes(self, at: int, wait_s: float) -> None:
        self.world.clock.sleep(wait_s)
        for done in self.readers[at].advance(Stop(), 0.05):
            assert not done.decision.granted

    @rule(at=st.integers(0, 1))
    def restarts(self, at: int) -> None:
        self.readers[at].close()
        self.readers[at] = door_with(self.world, self.modes[at], self.pins)

    @rule()
    def fills_up(self) -> None:
        """Seven wrong ones more, so that the limit is near."""
        with self.world.store.counters() as counters:
            if counters.of(BADGE).pin <= MOST - 7:
                for _ in range(7):
                    counters.decided(BADGE, failed=frozenset({Factor.PIN}))
                self.guesses += 7

    @invariant()
    def has_ten_guesses(self) -> None:
        compared = len(self.pins.asked) + self.guesses
        with self.world.store.counters() as counters:
            counted = counters.of(BADGE).pin
        assert compared <= MOST, f"{compared} guesses"
        assert counted >= compared, f"{compared} guesses, {counted} counted"
        assert counted <= compared + 1


TestGuessing = Guessing.TestCase
TestGuessing.settings = run_with(max_examples=60, stateful_step_count=40, deadline=None)
