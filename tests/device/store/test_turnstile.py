"""The queue for the database's lock: an operator gets a turn between the rows of a flood, and nobody waits for ever."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.store.turnstile import Turnstile
from tests.waiting import PATIENCE_S

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "store.py"


def test_turn_that_another_has_is_waited_for_and_not_for_ever(tmp_path: Path) -> None:
    with Turnstile(tmp_path).turn():
        began = time.monotonic()
        with Turnstile(tmp_path).turn():
            waited = time.monotonic() - began
    assert 1.9 < waited < PATIENCE_S


def test_turn_is_free_when_the_one_before_ends(tmp_path: Path) -> None:
    with Turnstile(tmp_path).turn():
        pass
    began = time.monotonic()
    with Turnstile(tmp_path).turn():
        assert time.monotonic() - began < 1.5


def test_turn_without_a_folder_is_everybodys(tmp_path: Path) -> None:
    reached = []
    with Turnstile(tmp_path / "missing").turn():
        reached.append(True)
    assert reached == [True]


def test_error_within_a_turn_ends_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Turnstile(tmp_path).turn():
        raise RuntimeError
    began = time.monotonic()
    with Turnstile(tmp_path).turn():
        assert time.monotonic() - began < 1.5


def test_one_who_has_written_lets_others_take_a_turn(tmp_path: Path) -> None:
    door = Turnstile(tmp_path)
    door.committed()
    began = time.monotonic()
    with door.turn():
        assert time.monotonic() - began >= 0.004


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace slows the syncs and is not installed")
def test_operator_writes_beside_a_flood_of_rows_on_a_slow_disk() -> None:
    """Two threads write row after row with 40 ms more per sync: of the operator's writes none is refused."""
    command = [sys.executable, str(BENCHMARK), "stress", "--minutes", "0.12", "--sync-ms", "40", "--journal", "persist"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    written = re.search(r"operator +(\d+) rows", ended.stdout)
    assert (ended.returncode, "refused 0" in ended.stdout) == (0, True)
    assert written
    assert int(written[1]) >= 2
