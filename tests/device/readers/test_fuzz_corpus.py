"""What was once given to the readers' parsers is given to them again, and some new hostile inputs besides.

A million each are `make fuzz`, and a search guided by coverage is `make fuzz-coverage`.
"""

import random
import subprocess
import sys
from pathlib import Path

import fuzz_corpus
import fuzz_readers
import fuzz_targets
import pytest

from device.records import BadgeRead, Credential, KeyPress

ROOT = Path(__file__).parents[3]
INPUTS = 300
BY_NAME = {target.name: target for target in fuzz_targets.TARGETS}
every_target = pytest.mark.parametrize("target", fuzz_targets.TARGETS, ids=lambda target: target.name)


def test_every_parser_has_a_corpus_and_every_corpus_a_parser() -> None:
    assert {path.stem for path in fuzz_corpus.FOLDER.iterdir()} == set(BY_NAME)


@every_target
def test_corpus_breaks_no_promise(target: fuzz_targets.Target) -> None:
    assert [fuzz_targets.try_once(target, data) for data in fuzz_corpus.kept_inputs(target.name)]


@every_target
def test_corpus_holds_something_that_is_understood(target: fuzz_targets.Target) -> None:
    assert any(fuzz_targets.try_once(target, data) for data in fuzz_corpus.kept_inputs(target.name))


@every_target
def test_hostile_inputs_break_no_promise(target: fuzz_targets.Target) -> None:
    tally = fuzz_readers.Tally()
    fuzz_readers.run(target, INPUTS, random.Random(2), tally)
    assert tally.inputs == INPUTS


@every_target
def test_hostile_inputs_come_close_to_real_ones(target: fuzz_targets.Target) -> None:
    tally = fuzz_readers.Tally()
    fuzz_readers.run(target, INPUTS, random.Random(2), tally)
    assert tally.made > 0


@every_target
def test_seed_makes_the_same_input_again(target: fuzz_targets.Target) -> None:
    assert fuzz_targets.random_input(target, 5) == fuzz_targets.random_input(target, 5)


class Bad:
    """A parser that breaks whatever promise is named."""

    def __init__(self, how: str) -> None:
        self.how, self.memory = how, b""

    def take(self, data: bytes) -> int:
        if self.how == "raises":
            raise ValueError("a mistake")
        if self.how == "keeps":
            self.memory += data + b"x"
        if self.how == "gives":
            return fuzz_targets.check(BadgeRead(None, 0.0))
        return 0

    def kept(self) -> object:
        return self.memory


@pytest.mark.parametrize(
    ("how", "said"), [("raises", "ValueError: a mistake"), ("keeps", "it keeps"), ("gives", "needs a fault")]
)
def test_promise_that_is_broken_is_found(how: str, said: str) -> None:
    target = fuzz_targets.Target("bad", lambda: Bad(how), fuzz_targets.TARGETS[0].make, 500)
    with pytest.raises(fuzz_readers.Broken, match=said):
        fuzz_readers.run(target, INPUTS, random.Random(1), fuzz_readers.Tally())


@pytest.mark.parametrize(
    "event",
    [
        BadgeRead(None, 0.0),
        BadgeRead(Credential("number", 0, 1), 0.0, fault="but"),
        BadgeRead(Credential("csn4", 0, 0), 0.0),
        KeyPress("", 0.0),
        KeyPress("x", 0.0),
    ],
    ids=["no fault", "badge and fault", "not written", "no keys", "no such key"],
)
def test_event_that_is_not_well_formed_is_found(event: BadgeRead | KeyPress) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever says so
        fuzz_targets.check(event)


def test_report_says_how_a_parser_fared() -> None:
    report = fuzz_readers.report(BY_NAME["ndef"], 100, 1)
    assert report.split()[:3] == ["ndef", "100", "inputs"]


def test_command_line_runs_one_parser() -> None:
    command = [sys.executable, "scripts/fuzz_readers.py", "--parser", "written", "--inputs", "50"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.split()[:2] == ["written", "50"]


def test_promise_that_is_broken_is_told_with_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = fuzz_targets.Target("bad", lambda: Bad("raises"), lambda _: b"\x12\x34", 0)
    monkeypatch.setattr("fuzz_readers.target_named", lambda _: bad)
    found = fuzz_readers.try_parser("bad", 10, 1)
    assert found == fuzz_readers.Found("error: bad: ValueError: a mistake\n1234", broken=True)


def test_what_was_found_replaces_what_was_found_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz_corpus.FOLDER", tmp_path)
    (tmp_path / "x.txt").write_text("# x\n01  # one\n")
    fuzz_corpus.keep("x", [b"\x02"])
    fuzz_corpus.keep("x", [b"\x03\x03", b"\x04", b"\x01", b"y" * (fuzz_corpus.LONGEST + 1)])
    assert fuzz_corpus.kept_inputs("x") == [b"\x01", b"\x04", b"\x03\x03"]
    assert (tmp_path / "x.txt").read_text().startswith("# x\n01  # one\n")
