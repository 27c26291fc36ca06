"""Asking after the store never waits for it: the last answer counts, and no answer for long is one too."""

import threading
import time

import pytest

from device.store import watch
from device.store.watch import Watch
from tests.waiting import PATIENCE_S


def test_answer_is_the_newest_if_it_comes_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PATIENCE_S", 30.0)
    answers = iter(["locked", ""])
    asked = Watch(lambda: next(answers), "It")
    assert (asked.ask(), asked.ask()) == ("locked", "")


def test_answer_that_takes_its_time_is_not_waited_for() -> None:
    answered = threading.Event()
    asked = Watch(lambda: "locked" if answered.wait(PATIENCE_S) else "", "It")
    began = time.monotonic()
    early = asked.ask()
    took_s = time.monotonic() - began
    answered.set()
    asked.wait()
    assert (early, took_s < PATIENCE_S / 2, asked.ask()) == ("", True, "locked")


def test_answer_before_counts_until_the_next_is_there() -> None:
    answered, answers = threading.Event(), iter(["locked", ""])

    def look() -> str:
        answer = next(answers)
        if not answer:
            answered.wait(PATIENCE_S)
        return answer

    asked = Watch(look, "It")
    asked.ask()
    asked.wait()
    late = asked.ask()
    answered.set()
    asked.wait()
    assert late == "locked"


def test_part_that_does_not_answer_is_told_within_2_s(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    asked = Watch(lambda: str(answered.wait(PATIENCE_S) or ""), "The database")
    asked.ask()
    now = time.monotonic() + 1.9
    monkeypatch.setattr(watch, "time", type("Time", (), {"monotonic": staticmethod(lambda: now)}))
    said = asked.ask()
    answered.set()
    asked.wait()
    assert said == "The database has not answered for 2 s: it is locked, or the disk is slow or hangs."


def test_one_question_is_under_way_at_a_time() -> None:
    answered, questions = threading.Event(), []

    def look() -> str:
        questions.append("asked")
        answered.wait(PATIENCE_S)
        return ""

    asked = Watch(look, "It")
    asked.ask()
    asked.ask()
    answered.set()
    asked.wait()
    assert questions == ["asked"]
