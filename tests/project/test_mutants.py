"""Mutation testing itself: which mutants are made, how they are recognized, and that a few are tried and noticed."""

import subprocess
import sys
from pathlib import Path

import pytest
from mutants_known import TABLE, TableProblem, load
from mutants_made import Mutant, mutant_at, mutant_of, sites
from mutants_page import Room, Run, Tried, line, page
from mutants_tried import Called, Learnt, Outcome

ROOT = Path(__file__).parents[2]
SOURCE = """LIMIT = 3


class Gate:
    def admits(self, count: int | None) -> bool:
        self.log(count)
        return count is not None and count < LIMIT
"""


def changes(source: str) -> set[tuple[str, str]]:
    mutants = [mutant_at("gate.py", source, site) for site in sites(source)]
    return {(one.before, one.after) for one in mutants if one}


def tried(outcome: Outcome, by: str = "") -> Tried:
    return Tried("door", mutant_of("gate.py", SOURCE, SOURCE.replace("= 3", "= 4")), outcome, by)


def run_of(*results: Tried, named: tuple[tuple[str, Tried], ...] = ()) -> Run:
    return Run("make mutants SEED=1", 2.0, 0, [Room("door", 1, 9, 0, results)], named, ())


def test_limits_comparisons_and_calls_are_changed() -> None:
    returned = "return count is not None and count < LIMIT"
    assert changes(SOURCE) == {
        ("LIMIT = 3", "LIMIT = 4"),
        ("LIMIT = 3", "LIMIT = 2"),
        ("self.log(count)", "pass"),
        (returned, "return count is None and count < LIMIT"),
        (returned, "return count is not None or count < LIMIT"),
        (returned, "return count is not None and count <= LIMIT"),
    }


def test_annotations_and_dataclasses_are_left_alone() -> None:
    source = "Side = Literal[0, 1]\n\n\n@dataclass(frozen=True)\nclass Gate:\n    limit: int | None\n"
    assert changes(source) == set()


def test_parameters_stay_named() -> None:
    assert changes("def f(x: int, *, y: int) -> int:\n    return x\n") == set()


def test_what_is_impossible_is_not_removed() -> None:
    assert changes("def f(x: int) -> None:\n    assert_never(x)\n") == set()


def test_mutant_knows_its_function() -> None:
    mutant = mutant_of("gate.py", SOURCE, SOURCE.replace("count < LIMIT", "count > LIMIT"))
    assert (mutant.function, mutant.line) == ("Gate.admits", 7)


def test_mutant_that_moved_is_recognized() -> None:
    moved = "# a comment\n" + SOURCE
    before, after = (mutant_of("gate.py", one, one.replace("= 3", "= 4")) for one in (SOURCE, moved))
    assert before.key == after.key


class TestSelection:
    LEARNT = Learnt(
        {
            "slow": Called(15.0, frozenset({"gate.py:Gate.admits"})),
            "quick": Called(0.1, frozenset({"gate.py:Gate.admits"})),
            "slower": Called(20.0, frozenset({"gate.py:Gate.admits"})),
            "beside": Called(0.1, frozenset({"gate.py:Gate.close"})),
            "elsewhere": Called(0.1, frozenset({"door.py:Door.open"})),
            "process": Called(0.2, frozenset({"a process of its own"})),
        },
        frozenset(),
    )

    def mutant(self, function: str) -> Mutant:
        return Mutant("gate.py", function, 1, "a", "b", "")

    def test_tests_that_call_the_function_run_quickest_first_within_25_s(self) -> None:
        assert self.LEARNT.tests_for(self.mutant("Gate.admits")) == ("quick", "process", "slow")

    def test_limit_meets_all_tests_that_call_into_its_file(self) -> None:
        assert self.LEARNT.tests_for(self.mutant("")) == ("beside", "quick", "process", "slow")

    def test_limit_that_no_test_is_seen_to_use_meets_all_within_25_s(self) -> None:
        found = self.LEARNT.tests_for(Mutant("table.py", "", 1, "a", "b", ""))
        assert found == ("beside", "elsewhere", "quick", "process", "slow")


class TestTable:
    def test_table_fits_the_tree(self) -> None:
        rooms = {group.room for group in load().groups}
        assert rooms >= {"policy", "door", "readers", "store"}

    def test_pattern_that_finds_nothing_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(TableProblem, match=r"nothing is called device/policy/\*\.py"):
            load(TABLE, tmp_path)

    def test_every_reason_is_said(self) -> None:
        known = load()
        assert [key for key, why in {**known.equivalent, **known.survivors}.items() if len(why) < 10] == []


class TestFigures:
    def test_nine_of_ten_are_enough(self) -> None:
        assert run_of(*[tried(Outcome.KILLED)] * 9, tried(Outcome.SURVIVED)).kept

    def test_eight_of_nine_are_not(self) -> None:
        assert not run_of(*[tried(Outcome.KILLED)] * 8, tried(Outcome.SURVIVED)).kept

    def test_named_mutant_has_to_be_noticed(self) -> None:
        assert not run_of(tried(Outcome.KILLED), named=(("limit", tried(Outcome.SURVIVED)),)).kept

    def test_line_counts_what_was_noticed(self) -> None:
        said = line(run_of(tried(Outcome.KILLED), tried(Outcome.TIMED_OUT), tried(Outcome.SURVIVED)))
        assert said == "mutants: 2 of 3 noticed (door 66.7% of 3); 0 of 0 named ones noticed; 2 min"

    def test_page_shows_a_survivor_with_its_reason(self) -> None:
        said = page(run_of(tried(Outcome.SURVIVED, "a limit of taste")))
        assert "`gate.py:1` outside of functions: a limit of taste\n\n```diff\n- LIMIT = 3\n+ LIMIT = 4\n```" in said


def test_two_mutants_meet_the_tests_of_one_file() -> None:
    only = ("--only", "device/policy/pacing.py", "--tests", "tests/device/policy/test_pacing.py")
    command = [sys.executable, str(ROOT / "scripts" / "mutants.py"), *only, "--most", "2", "--seed", "1", "--jobs", "1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert "mutants: 2 of 2 noticed (policy 100.0% of 2); 0 of 0 named ones noticed;" in ended.stdout
    assert ended.returncode == 0


@pytest.mark.slow(small="test_two_mutants_meet_the_tests_of_one_file")
def test_a_few_mutants_of_one_file_are_tried_and_noticed() -> None:
    """They meet all the tests of their room, learnt before: two minutes of a processor."""
    only = ("--only", "device/policy/decision.py", "--most", "3", "--seed", "1", "--jobs", "1")
    command = [sys.executable, str(ROOT / "scripts" / "mutants.py"), *only]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert ended.stdout.startswith("mutants: 3 of 3 noticed (policy 100.0% of 3); 0 of 0 named ones noticed;")
    assert ended.returncode == 0
