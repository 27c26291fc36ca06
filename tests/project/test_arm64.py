"""`make test-arm64`: what it installs and chooses, and how it reads what came of it."""

import json
from pathlib import Path

import pytest

from tests.arm64.cell import Said, without_container
from tests.arm64.commands import Step, Tried, doctor_of, furthest, secure_of, self_test_of, simulated, version_of
from tests.arm64.installing import missing
from tests.arm64.page import Emulated, figures, page
from tests.arm64.testing import QUICK, Results, results, selection
from tests.rig.checks import Finding
from tests.system.trees import BOOKWORM, TRIXIE

ROOT = Path(__file__).parents[2]
HASH = "    --hash=sha256:" + "a" * 64
JUNIT = """<testsuites><testsuite tests="4" time="12.5">
<testcase classname="tests.a" name="one"/>
<testcase classname="tests.a" name="two"><failure message="no">x</failure></testcase>
<testcase classname="tests.a" name="three"><error message="no">x</error></testcase>
<testcase classname="tests.a" name="four"><skipped message="no chip">x</skipped></testcase>
</testsuite></testsuites>"""
GRANTED, DENIED = Step("in", "granted", "match", 0.98), Step("out", "denied", "non-match", 0.87)


def said(code: int, out: str) -> Said:
    return Said(code, out, "", 1.0)


def told(*shown: Step) -> str:
    keys = ("title", "outcome", "reason", "similarity")
    return json.dumps({"steps": [{key: getattr(step, key) for key in keys} for step in shown]})


def test_only_what_the_package_lacks_is_fetched_with_hashes() -> None:
    tests = f"click==8.5.1 \\\n{HASH}\npytest==9.2.0 \\\n{HASH} \\\n{HASH}\n"
    assert missing(tests, f"click==8.4 \\\n{HASH}\n") == f"pytest==9.2.0 \\\n{HASH} \\\n{HASH}\n"


def test_the_locks_leave_pytest_and_hypothesis() -> None:
    locks = [(ROOT / name).read_text() for name in ("requirements/test.txt", "packaging/requirements.txt")]
    names = {line.partition("==")[0] for line in missing(*locks).splitlines() if not line.startswith(" ")}
    assert {"pytest", "hypothesis"} <= names
    assert names.isdisjoint({"numpy", "opencv-python-headless", "ai-edge-litert", "lgpio"})


def test_the_selection_is_that_of_other_pythons_and_networks() -> None:
    chosen = selection((ROOT / "scripts" / "device_tests.py").read_text())
    assert {"tests/device/store/test_database.py", "tests/device/vision/test_landmarks.py"} <= set(chosen)
    assert len(chosen) == len(set(chosen))


def test_a_quick_selection_is_a_part_of_the_whole() -> None:
    source = (ROOT / "scripts" / "device_tests.py").read_text()
    quick = selection(source, quick=True)
    assert set(quick) == set(QUICK) < set(selection(source))


def test_results_are_counted_once_each() -> None:
    assert results(JUNIT) == Results(1, ("no chip",), 1, ("tests.a::two", "tests.a::three"), 12.5)


def test_the_same_decisions_with_near_similarities_are_kept() -> None:
    near = Step("in", "granted", "match", 0.981)
    found = simulated(said(0, told(near, DENIED)), (GRANTED, DENIED))
    assert found.kept
    assert found.happened.startswith("2 steps, 1 granted, 1 denied; decisions as on ")


@pytest.mark.parametrize(
    "there",
    [
        (Step("in", "denied", "non-match", 0.98), DENIED),
        (Step("in", "granted", "no-turn", 0.98), DENIED),
        (Step("in", "granted", "match", 0.95), DENIED),
        (Step("in", "granted", "match", None), DENIED),
        (GRANTED,),
    ],
    ids=["outcome", "reason", "far", "none", "fewer"],
)
def test_any_other_decision_is_not_kept(there: tuple[Step, ...]) -> None:
    assert not simulated(said(0, told(*there)), (GRANTED, DENIED)).kept


def test_a_scenario_that_ended_badly_is_not_kept() -> None:
    assert not simulated(said(139, ""), ()).kept


def test_no_similarity_on_both_machines_is_no_difference() -> None:
    alone = Step("x", "denied", "no-face", None)
    assert furthest([alone], [alone]) == 0.0


def test_what_the_container_says_is_left_out() -> None:
    own = 'Attempted to remove disk file system under "/run/x", and we can\'t allow that.\n'
    assert without_container(f"error: no chip\n{own}") == "error: no chip\n"


def test_a_version_has_three_intact_models() -> None:
    intact = "lintel 0.1.0\n" + "model x: SHA-256 aa, intact\n" * 3
    assert version_of(said(0, intact)).kept
    assert not version_of(said(0, intact.replace("intact", "damaged", 1))).kept


def test_a_doctor_without_a_page_is_not_kept() -> None:
    assert not doctor_of(said(70, "")).kept
    assert not doctor_of(said(0, json.dumps({"lines": []}))).kept


def test_exit_codes_decide() -> None:
    assert self_test_of(said(0, "")).kept
    assert not self_test_of(said(4, "")).kept
    assert secure_of(said(7, "no chip")).kept
    assert not secure_of(said(0, "")).kept


def emulated(finding: Finding) -> tuple[Emulated, ...]:
    counts = {"cortex-a76": {"detector": 25.5e6}}
    outcome = Results(7, ("no | chip",), 1, (), 60.0)
    return tuple(
        Emulated(one, "lintel.deb", 9.0, [Tried("lintel self-test", finding, 2.0)], outcome, counts)
        for one in (BOOKWORM, TRIXIE)
    )


def test_the_page_has_each_release_and_each_stage() -> None:
    made = page(emulated(Finding(True, "exit 0", 1)), ({"detector": 20e6}, {"detector": 1.5}), 600.0, quick=False)
    assert "## Bookworm, Python 3.11" in made
    assert "| detector | 25.5 | 25.5 | 20.0 | 1.5 ms |" in made
    assert "- no \\| chip" in made
    assert "NOT KEPT" not in made


def test_what_is_not_kept_is_counted() -> None:
    broken = emulated(Finding(False, "exit 4", 1))
    assert figures(broken, 600.0) == ("arm64 on bookworm, trixie: 0 commands, 14 tests passed; 2 not kept; 10 minutes")
    assert "NOT KEPT: exit 4" in page(broken, ({}, {}), 600.0, quick=True)
