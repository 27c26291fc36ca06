"""Evacuation, fault, lockdown, a scheduled lock, an operator's secure, a schedule, a grant: which of them counts."""

from itertools import product

import pytest

from device.door.precedence import EFFECTS, Word, is_released
from device.records import (
    DoorCommand,
    DoorInput,
    DoorState,
    DriveFailed,
    DriveMended,
    Granted,
    Line,
    ScheduleChanged,
)
from tests.device.door.bench import WINDOW, Bench

EVACUATION, FAULT, PASSING, LOCKDOWN, LOCK, SECURED, SCHEDULE, GRANT = Word
PAIRS = [pair for pair in product(Word, repeat=2) if pair[0] is not pair[1]]
RELEASED_BY_PAIR: dict[tuple[Word, ...], bool] = {
    **dict.fromkeys((pair for pair in PAIRS if EVACUATION in pair), True),
    (LOCKDOWN, PASSING): True,
    **{(LOCK, grant): True for grant in (PASSING, GRANT)},
    **{(SECURED, grant): True for grant in (PASSING, GRANT)},
    **dict.fromkeys((pair for pair in PAIRS if set(pair) <= {SCHEDULE, PASSING, GRANT}), True),
}
"""All other pairs leave the door secure: the first was there when the second began."""


class Told(Bench):
    """A bench that hears each word as it comes in practice."""

    def begin(self, word: Word) -> "Told":
        match word:
            case Word.EVACUATION:
                self.sense(DoorInput.FIRE, Line.ACTIVE)
            case Word.FAULT:
                self.tell(DriveFailed("it does not answer"))
            case Word.PASSING:
                self.tell(Granted(passes=True))
            case Word.LOCKDOWN:
                self.command(DoorCommand.LOCKDOWN)
            case Word.SCHEDULED_LOCK:
                said = self.door.schedule
                self.tell(ScheduleChanged(said.unlocked, locked=True, window=said.window))
            case Word.SECURED:
                self._say_window()
                self.command(DoorCommand.SECURE)
            case Word.SCHEDULE:
                self._say_window()
            case Word.GRANT:
                self.grant()
        return self

    def end(self, word: Word) -> "Told":
        said = self.door.schedule
        match word:
            case Word.EVACUATION:
                self.sense(DoorInput.FIRE, Line.QUIET).command(DoorCommand.CLEAR)
            case Word.LOCKDOWN:
                self.command(DoorCommand.CLEAR)
            case Word.FAULT:
                self.tell(DriveMended())
            case Word.SCHEDULED_LOCK:
                self.tell(ScheduleChanged(said.unlocked, window=said.window))
            case Word.SECURED | Word.SCHEDULE:
                self.tell(ScheduleChanged(unlocked=False, locked=said.locked))
            case Word.GRANT | Word.PASSING:
                self.wait(3)
        return self

    def _say_window(self) -> None:
        self.tell(ScheduleChanged(unlocked=True, locked=self.door.schedule.locked, window=WINDOW))


def test_the_order_is_the_rules_own() -> None:
    assert [word.value for word in Word] == [
        "evacuation",
        "fault",
        "grant of one who may pass in a lockdown",
        "lockdown",
        "scheduled lock",
        "secured by an operator until the window ends",
        "first-in or scheduled release",
        "grant",
    ]


@pytest.mark.parametrize("word", Word)
def test_each_word_alone(word: Word) -> None:
    assert Told().begin(word).released is (word in (EVACUATION, PASSING, SCHEDULE, GRANT))


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=lambda word: word.name)
def test_of_each_pair_the_stronger_counts(first: Word, second: Word) -> None:
    assert Told().begin(first).begin(second).released is RELEASED_BY_PAIR.get((first, second), False)


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=lambda word: word.name)
def test_the_way_out_is_free_under_each_pair(first: Word, second: Word) -> None:
    assert Told().begin(first).begin(second).let_out().released


@pytest.mark.parametrize("word", [EVACUATION, FAULT, LOCKDOWN, LOCK])
def test_a_window_goes_on_after_what_interrupted_it(word: Word) -> None:
    assert Told().begin(SCHEDULE).begin(word).end(word).released


@pytest.mark.parametrize("word", [EVACUATION, FAULT, LOCKDOWN, LOCK])
def test_a_window_that_ended_meanwhile_does_not(word: Word) -> None:
    assert not Told().begin(SCHEDULE).begin(word).end(SCHEDULE).end(word).released


@pytest.mark.parametrize("word", [EVACUATION, FAULT, LOCKDOWN, LOCK, SECURED])
def test_a_grant_does_not_outlive_what_interrupted_it(word: Word) -> None:
    assert not Told().begin(GRANT).begin(word).end(word).released


@pytest.mark.parametrize("word", [EVACUATION, FAULT, LOCKDOWN, LOCK, SECURED])
def test_a_pass_in_a_lockdown_does_not_outlive_it_either(word: Word) -> None:
    bench = Told().begin(LOCKDOWN).begin(PASSING)
    assert bench.released
    assert bench.begin(word).released is (word is EVACUATION)
    assert not bench.end(word).released


def test_a_pass_ends_with_its_strike_time() -> None:
    bench = Told().begin(LOCKDOWN).begin(PASSING)
    bench.wait(2.9)
    assert bench.released
    bench.wait(0.2)
    assert (bench.released, bench.door.state) == (False, DoorState.LOCKDOWN)


@pytest.mark.parametrize("state", [DoorState.LOCKDOWN, DoorState.FAULT])
def test_a_grant_without_a_pass_opens_neither(state: DoorState) -> None:
    bench = Told().begin(LOCKDOWN if state is DoorState.LOCKDOWN else FAULT)
    assert not bench.begin(GRANT).released
    assert bench.begin(PASSING).released is (state is DoorState.LOCKDOWN)


def test_a_pass_begins_no_first_in_release() -> None:
    bench = Told().begin(LOCKDOWN)
    bench.tell(ScheduleChanged(unlocked=True, window=WINDOW, awaits=True))
    bench.tell(Granted(passes=True, leads=True))
    bench.wait(3.1)
    assert not bench.end(LOCKDOWN).released


@pytest.mark.parametrize("word", [EVACUATION, FAULT, LOCKDOWN, LOCK, SECURED])
def test_nor_does_an_operators_release_for_a_time(word: Word) -> None:
    bench = Told()
    bench.command(DoorCommand.RELEASE, 600.0)
    assert not bench.begin(word).end(word).released


def test_the_table_has_each_word_and_agrees_with_its_order() -> None:
    assert list(EFFECTS) == list(Word)
    for said in product((False, True), repeat=len(Word)):
        words = {word for word, is_said in zip(Word, said, strict=True) if is_said}
        let = GRANT in words or words == {SCHEDULE}
        expected = EVACUATION in words or (FAULT not in words and (PASSING in words or (LOCKDOWN not in words and let)))
        assert is_released(words) is expected
