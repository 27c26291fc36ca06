"""Laws of the clock's state: a machine whose true time is known is stepped, synchronized and cut off at random."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from device.policy.clock_state import ClockMark, ClockReading, ClockSeen, moved, read
from device.records.rulings import ClockState

BEGAN = datetime(2027, 1, 1, tzinfo=UTC)
GAP = timedelta(days=30)
DAY_S = 86400.0
TO_1970, TO_2038 = -57 * 365 * DAY_S, 11 * 365 * DAY_S
STEPS = (1.0, -1.0, 3600.0, -3600.0, DAY_S, -DAY_S, TO_1970, TO_2038)
ACTIONS = st.one_of(
    st.tuples(st.just("step"), st.sampled_from(STEPS)),
    st.tuples(st.just("set right"), st.just(0.0)),
    st.tuples(st.just("synchronize"), st.just(0.0)),
    st.tuples(st.just("pass"), st.sampled_from([1.0, 600.0, 3600.0, DAY_S])),
    st.tuples(st.just("off"), st.sampled_from([60.0, 2 * DAY_S])),
)


@dataclass
class Machine:
    """Its true time, by how much its clock is wrong, and what the door keeps of it."""

    has_rtc: bool
    true_s: float = 0.0
    error_s: float = 0.0
    monotonic: float = 10.0
    run: int = 1
    syncs: int = 0
    is_synced: bool = False
    mark: ClockMark | None = None

    def act(self, action: str, amount: float) -> None:
        match action:
            case "step":
                self.error_s += amount
            case "set right":
                self.error_s = 0.0
            case "synchronize":
                self.error_s, self.is_synced, self.syncs = 0.0, True, self.syncs + 1
            case "pass":
                self.true_s, self.monotonic = self.true_s + amount, self.monotonic + amount
            case _:
                self._restart(amount)

    def look(self) -> ClockReading:
        now = BEGAN + timedelta(seconds=self.true_s + self.error_s)
        rtc = BEGAN + timedelta(seconds=self.true_s) if self.has_rtc else None
        stamp = f"s{self.syncs}" if self.is_synced else None
        seen = ClockSeen(now, self.monotonic, f"run-{self.run}", stamp, rtc)
        reading = read(seen, self.mark, GAP)
        self.mark = moved(self.mark, seen, reading.state)
        return reading

    def _restart(self, off_s: float) -> None:
        """Without a battery clock it shows what it showed when the power went."""
        self.true_s += off_s
        self.error_s = 0.0 if self.has_rtc else self.error_s - off_s
        self.run, self.monotonic, self.is_synced = self.run + 1, 10.0, False


def played(has_rtc: bool, actions: list[tuple[str, float]]) -> Machine:
    """A machine that was in order once, after all of this; the door looks after each."""
    machine = Machine(has_rtc)
    machine.act("synchronize", 0.0)
    machine.look()
    for action, amount in actions:
        machine.act(action, amount)
        reading = machine.look()
        if reading.state is not ClockState.UNTRUSTED:
            assert abs(machine.error_s) <= 2.0, (action, amount)
    return machine


@given(st.booleans(), st.lists(ACTIONS, max_size=12))
def test_no_wrong_time_is_trusted(has_rtc: bool, actions: list[tuple[str, float]]) -> None:
    played(has_rtc, actions)


@given(st.booleans(), st.lists(ACTIONS, max_size=10))
def test_no_clock_stays_untrusted_once_it_is_right_again(has_rtc: bool, actions: list[tuple[str, float]]) -> None:
    machine = played(has_rtc, actions)
    machine.act("synchronize", 0.0)
    assert machine.look().state is ClockState.TRUSTED


@given(st.lists(ACTIONS, max_size=10))
def test_battery_clock_alone_brings_the_trust_back(actions: list[tuple[str, float]]) -> None:
    machine = played(True, actions)
    machine.act("off", 60.0)
    assert machine.look().state is ClockState.TRUSTED


@given(st.booleans(), st.lists(ACTIONS, max_size=10))
def test_mark_moves_only_while_the_clock_is_trusted(has_rtc: bool, actions: list[tuple[str, float]]) -> None:
    machine = played(has_rtc, [])
    for action, amount in actions:
        before = machine.mark
        machine.act(action, amount)
        assert machine.look().state is ClockState.TRUSTED or machine.mark == before


@given(st.booleans(), st.lists(ACTIONS, max_size=10))
def test_mark_is_never_ahead_of_the_true_time_by_more_than_a_step(
    has_rtc: bool, actions: list[tuple[str, float]]
) -> None:
    machine = played(has_rtc, actions)
    assert machine.mark is not None
    assert machine.mark.newest <= BEGAN + timedelta(seconds=machine.true_s + 2.0)


@given(st.lists(st.sampled_from([1.9, -1.9]), min_size=20, max_size=60))
def test_small_steps_in_a_row_do_not_add_up(steps: list[float]) -> None:
    played(False, [one for step in steps for one in (("step", step), ("pass", 1.0))])


@given(st.booleans(), st.lists(ACTIONS, max_size=10))
def test_other_reading_of_an_untrusted_clock_is_not_ahead(has_rtc: bool, actions: list[tuple[str, float]]) -> None:
    machine = played(has_rtc, actions)
    reading = machine.look()
    assert reading.other is None or reading.other <= BEGAN + timedelta(seconds=machine.true_s + 2.0)
