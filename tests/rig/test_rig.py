"""A few checks of the rig, small, so that it cannot rot: the real `lintel run` on a board of files."""

import pytest

from tests.rig.all import ALL
from tests.rig.checks import Check, Figures
from tests.rig.strace import Skipped

BUSY = 5.0
"""The tests run side by side: what takes long here says nothing of the door. `make rig` keeps to the promises."""
TRIES = 3
"""A busy machine is too late for one or two; a door that breaks its promise now and then shows in `make rig`."""


def tried(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Figures, "patience", BUSY)
    said = []
    for _ in range(TRIES):
        try:
            finding = check.run(check.size.small)
        except Skipped as why:
            pytest.skip(str(why))
        if finding.kept:
            return
        said.append(finding.happened)
    pytest.fail(f"{check.promise}: {said}")


@pytest.mark.parametrize("check", [check for check in ALL if check.in_suite], ids=lambda check: check.fault)
def test_promise_is_kept(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    tried(check, monkeypatch)


@pytest.mark.slow(small="test_promise_is_kept")
@pytest.mark.parametrize("check", [check for check in ALL if not check.in_suite], ids=lambda check: check.fault)
def test_other_promise_is_kept(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `make rig` tries in full; the small tests of the parts that each check is about run every time."""
    tried(check, monkeypatch)


def test_no_two_checks_have_the_same_fault() -> None:
    faults = [check.fault for check in ALL]
    assert sorted(set(faults)) == sorted(faults)
