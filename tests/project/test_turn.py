"""The turn to a version that works, in a moment without a released door; else the one before goes on as it was."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.project.upgraded_pi import NEW, OLD, PACKAGING, Pi

RESTART, BACK = "restart --no-block lintel.service", "restart lintel.service"


@pytest.fixture
def pi(tmp_path: Path) -> Pi:
    """With the old version in use."""
    if shutil.which("dpkg") is None:
        pytest.skip("dpkg is not installed")
    pi = Pi(tmp_path)
    pi.unpack(OLD)
    assert pi.turn() == 0
    assert pi.asked
    return pi


def test_version_that_works_is_turned_to_and_restarted(pi: Pi) -> None:
    pi.unpack(NEW)
    assert (pi.turn(), pi.used, pi.mark("newest"), pi.mark("failed")) == (0, f"{NEW}-1234", NEW, "")
    asked = pi.asked
    assert asked.index("daemon-reload") < asked.index(RESTART)


def test_version_that_fails_its_test_leaves_the_one_before(pi: Pi) -> None:
    """Its files are kept, although dpkg has removed them by then."""
    pi.unpack(NEW, 'echo "the database is damaged"; exit 8')
    assert (pi.turn(), pi.used, pi.mark("newest")) == (1, f"{OLD}-1234", OLD)
    assert "the database is damaged" in pi.mark("failed")
    assert (pi.root / "opt/lintel/current/env/bin/python3").exists()


def test_version_that_does_not_start_is_turned_back(pi: Pi) -> None:
    pi.unpack(NEW)
    (pi.root / "start-fails").touch()
    assert (pi.turn(), pi.used, pi.mark("restart-due")) == (1, f"{OLD}-1234", "")
    assert pi.mark("failed").startswith(f"{NEW}: the service did not start")
    asked = [one for one in pi.asked if one in (RESTART, BACK, "daemon-reload")]
    assert asked == ["daemon-reload", RESTART, "daemon-reload", BACK]


def test_second_try_after_a_failure_ends_it(pi: Pi) -> None:
    pi.unpack(NEW)
    (pi.root / "start-fails").touch()
    pi.turn()
    (pi.root / "start-fails").unlink()
    assert (pi.turn(), pi.used, pi.mark("failed")) == (0, f"{NEW}-1234", "")


def test_released_door_is_never_cut_off(pi: Pi) -> None:
    """Nor an evacuated one: the old version goes on, and a unit waits for what apt does not wait for."""
    pi.unpack(NEW)
    (pi.root / "released").touch()
    assert (pi.turn(), pi.used, pi.mark("restart-due"), pi.mark("failed")) == (2, f"{OLD}-1234", f"{OLD}-1234", "")
    asked = pi.asked
    assert RESTART not in asked
    assert asked[-1] == "start --no-block lintel-turn.service"


def test_person_who_comes_before_the_restart_is_not_cut_off(pi: Pi) -> None:
    """The link is turned back, and a unit waits on."""
    pi.unpack(NEW)
    (pi.root / "comes").touch()
    assert (pi.turn(), pi.used, pi.mark("restart-due"), pi.mark("failed")) == (2, f"{OLD}-1234", f"{OLD}-1234", "")
    asked = pi.asked
    assert RESTART not in asked
    assert asked.count("daemon-reload") == 2
    assert asked[-1] == "start --no-block lintel-turn.service"


def test_restart_that_cannot_be_begun_is_a_failure(pi: Pi) -> None:
    """And not a person who came: nothing is waited for."""
    pi.unpack(NEW)
    (pi.root / "no-restart").touch()
    assert (pi.turn(), pi.used, pi.mark("restart-due")) == (1, f"{OLD}-1234", "")
    assert "its restart was not begun" in pi.mark("failed")


def test_waiting_version_is_used_in_the_next_quiet_moment(pi: Pi) -> None:
    pi.unpack(NEW)
    (pi.root / "released").touch()
    pi.turn()
    (pi.root / "released").unlink()
    assert (pi.turn("--wait"), pi.used, pi.mark("restart-due")) == (0, f"{NEW}-1234", "")
    asked = pi.asked
    assert RESTART in asked
    assert asked.count("stop lintel-turn.service") == 1  # by the first alone: the unit would end itself


def test_service_that_is_stopped_waits_for_nothing(pi: Pi) -> None:
    pi.unpack(NEW)
    (pi.root / "released").touch()
    (pi.root / "service").write_text("inactive\n")
    assert (pi.turn(), pi.used, RESTART in pi.asked) == (0, f"{NEW}-1234", False)


def test_broken_version_before_does_not_keep_the_new_one_waiting(pi: Pi) -> None:
    """Where it can't even ask whether a door is released, the new one does."""
    pi.unpack(NEW)
    (pi.root / "opt/lintel/kept" / f"{OLD}-1234" / "env/bin/python3").write_text("#!/bin/sh\nexit 70\n")
    assert (pi.turn(), pi.used) == (0, f"{NEW}-1234")


@pytest.mark.parametrize("left", ["kept/.new", "current.new"])
def test_what_a_killed_turn_leaves_is_no_hindrance(pi: Pi, left: str) -> None:
    pi.unpack(NEW)
    (pi.root / "opt" / "lintel" / left).mkdir()
    shutil.rmtree(pi.root / "opt/lintel/current.new", ignore_errors=True)
    assert (pi.turn(), pi.used) == (0, f"{NEW}-1234")


def test_turn_killed_before_the_restart_restarts_later(pi: Pi) -> None:
    pi.unpack(NEW)
    assert pi.turn() == 0
    assert pi.asked
    (pi.root / "var/lib/lintel-upgrade/restart-due").write_text(f"{OLD}-1234\n")
    assert pi.turn() == 0
    assert RESTART in pi.asked


def generated(pi: Pi) -> dict[str, str]:
    """The units that the generator gives the service manager."""
    folder = pi.root / "generated"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    subprocess.run([PACKAGING / "generators" / "lintel", folder, folder, folder], env=pi.environment, check=True)
    return {unit.name: unit.read_text() for unit in folder.iterdir()}


def test_version_in_use_has_its_own_units(pi: Pi) -> None:
    """Although dpkg has replaced them by those of the version that failed."""
    pi.unpack(NEW, "exit 8")
    pi.turn()
    assert {name: OLD in text for name, text in generated(pi).items()} == {"lintel.service": True}


def test_no_unit_is_generated_for_the_version_that_is_unpacked(pi: Pi) -> None:
    pi.unpack(NEW)
    pi.turn()
    assert generated(pi) == {}


def test_unit_waits_only_while_a_version_does() -> None:
    unit = (PACKAGING / "units" / "lintel-turn.service").read_text()
    assert "\nConditionPathExists=/var/lib/lintel-upgrade/restart-due\n" in unit
    assert "\nAfter=lintel.service\n" in unit
    door = (PACKAGING.parent / "systemd" / "lintel.service").read_text()
    assert "\nWants=lintel-turn.service\n" in door
