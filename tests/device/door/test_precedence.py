"""Evacuation, fault, lockdown, a scheduled lock, an operator's secure, a schedule, a grant: which of them counts."""

from itertools import product

import pytest

from device.door.precedence import EFFECTS, Word, is_released
from device.records import DoorCommand, DoorInput, DriveFailed, DriveMended, Line, ScheduleChanged
from tests.device.door.bench import WINDOW, Bench

EVACUATION, FAULT, LOCKDOWN, LOCK, SECURED, SCHEDULE, GRANT = Word
PAIRS = [pair for pair in product(Word, repeat=2) if pair[0] is not pair[1]]
RELEASED_BY_PAIR = {
    **{pair: True for pair in PAIRS if EVACUATION in pair},
    (LOCK, GRANT): True,
    (SECURED, GRANT): True,
    (SCHEDULE, GRANT): True,
    (GRANT, SCHEDULE): True,
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
            case Word.GRANT:
                self.wait(3)
        return self

    def _say_window(self) -> None:
        self.tell(ScheduleChanged(unlocked=True, locked=self.door.schedule.locked, window=WINDOW))


def test_the_order_is_the_rules_own() -> None:
    assert [word.value for word in Word] == [
        "evacuation",
        "fault",
        "lockdown",
        "scheduled lock",
        "secured by an operator until the window ends",
        "first-in or scheduled release",
        "grant",
    ]


@pytest.mark.parametrize("word", Word)
def test_each_word_alone(word: Word) -> None:
    assert Told().begin(word).released is (word in (EVACUATION, SCHEDULE, GRANT))


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
def test_nor_does_an_operators_release_for_a_time(word: Word) -> None:
    bench = Told()
    bench.command(DoorCommand.RELEASE, 600.0)
    assert not bench.begin(word).end(word).released


def test_the_table_has_each_word_and_agrees_with_its_order() -> None:
    assert list(EFFECTS) == list(Word)
    for said in product((False, True), repeat=len(Word)):
        words = {word for word, is_said in zip(Word, said, strict=True) if is_said}
        strong = words & {EVACUATION, FAULT, LOCKDOWN}
        expected = EVACUATION in words or (not strong and (GRANT in words or words == {SCHEDULE}))
        assert is_released(words) is expected
