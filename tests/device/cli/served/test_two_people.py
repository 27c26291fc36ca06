"""Commands that take two people, asked for and confirmed by real users."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.records import Event, Validity
from device.store.store import Store
from tests.device.administered import enroll
from tests.device.cli.served.house import ADA, BOB, GATE, ROOT, House, house_at
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
EVE = 4009
"""Another admin, by `sudo`: root whom she logged in to become."""
SETTINGS = 'clock.trust = "always"\n[two_person]\ncommands = ["erase", "keys rotate", "audit cut"]\n'


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Where two people have to erase."""
    runtime, state, settings = Path(tempfile.mkdtemp(prefix="lintel-")), tmp_path / "state", tmp_path / "two.toml"
    runtime.chmod(0o711)
    settings.write_text(SETTINGS)
    with Store(state) as store:
        enroll(store, "Grace Hopper")
    with house_at(state, runtime, settings) as house:
        yield house
    shutil.rmtree(runtime)


def asked(house: House, *words: str) -> tuple[subprocess.Popen[str], int]:
    """Ada's command, and the number that it waits under."""
    command = [sys.executable, "-m", "tests.become", str(ADA), str(GATE), str(ADA), *words]
    waiting = subprocess.Popen(
        command, env=house.environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert waiting.stderr is not None
    said = waiting.stderr.readline()
    return waiting, int(said.rpartition("confirm ")[2].rstrip("`.\n"))


def people(house: House) -> list[str]:
    with Store(house.state) as store, store.people() as known:
        return [one.person.name for one in known.everyone()]


def ended(house: House, *names: str) -> None:
    """They are there, and valid no more."""
    with Store(house.state) as store:
        for name in names:
            with store.people() as known:
                is_there = any(one.person.name == name for one in known.everyone())
            if not is_there:
                enroll(store, name)
        with store.people() as known:
            for one in known.everyone():
                known.limit(one.person, Validity(ends=datetime(2020, 1, 1, tzinfo=UTC)))


def last(house: House, event: Event) -> str | None:
    with Store(house.state) as store, store.audit() as audit:
        return [row.by for row in audit if row.event is event][-1]


def test_person_is_erased_once_another_admin_confirms(house: House) -> None:
    waiting, number = asked(house, "people", "remove", "Grace Hopper", "--yes")
    assert people(house) == ["Grace Hopper"]
    listed = house.by(0, "operators", "pending", login=str(EVE)).out
    assert "erase Grace Hopper, asked for by ada" in listed
    assert house.by(ADA, "operators", "confirm", str(number), login=str(ADA)).code == 7
    assert house.by(0, "operators", "confirm", str(number), login=str(ADA)).code == 7
    done = house.by(0, "operators", "confirm", str(number), login=str(EVE))
    assert done.code == 0, done.err
    out, err = waiting.communicate(timeout=PATIENCE_S)
    assert (waiting.returncode, people(house)) == (0, []), (out, err)
    assert str(last(house, Event.PERSON_REMOVED)).startswith("ada, confirmed by root (login ")


@pytest.mark.parametrize("option", [("--ended",), ("--unused", "1")])
def test_one_admin_erases_no_one_by_time(house: House, option: tuple[str, ...]) -> None:
    """One who ends someone's validity, and then erases whose validity has ended, would need no second person."""
    ended(house, "Grace Hopper", "Alan Turing")
    waiting, number = asked(house, "people", "retention", *option, "--yes")
    assert "erase 2 people by time, asked for by ada" in house.by(0, "operators", "pending", login=str(EVE)).out
    ended(house, "Late Comer")
    done = house.by(0, "operators", "confirm", str(number), login=str(EVE))
    assert done.code == 0, done.err
    out, err = waiting.communicate(timeout=PATIENCE_S)
    assert (waiting.returncode, people(house)) == (0, ["Late Comer"]), (out, err)


def test_who_has_no_login_is_not_surely_a_person(house: House) -> None:
    """As root by `systemd-run --uid`, or by `su` under a kernel without logins: one who became another user."""
    refused = house.by(ADA, "people", "remove", "Grace Hopper", "--yes")
    assert (refused.code, "names no person for sure" in refused.err, people(house)) == (7, True, ["Grace Hopper"])
    waiting, number = asked(house, "audit", "cut", "--before", "2026-01-01")
    assert house.by(BOB, "operators", "confirm", str(number)).code == 7
    waiting.send_signal(signal.SIGINT)
    waiting.communicate(timeout=PATIENCE_S)


def test_second_person_is_shown_what_is_cut(house: House) -> None:
    waiting, number = asked(house, "audit", "cut", "--before", "2026-01-01")
    listed = house.by(0, "operators", "pending", login=str(EVE)).out
    assert f"{number}  audit cut --before 2026-01-01 " in listed
    waiting.send_signal(signal.SIGINT)
    waiting.communicate(timeout=PATIENCE_S)
    refused = house.by(0, "operators", "confirm", str(number), login=str(EVE))
    assert (refused.code, "Nothing waits" in refused.err) == (7, True)


def test_nothing_is_done_directly_unless_the_settings_say_so(house: House, tmp_path: Path) -> None:
    words = ("people", "remove", "Grace Hopper", "--yes")
    refused = house.lintel("--config", str(house.settings), *words, served=False)
    assert (refused.code, "takes two people here" in refused.err, people(house)) == (7, True, ["Grace Hopper"])
    alone = tmp_path / "alone.toml"
    alone.write_text(f"{SETTINGS}directly = true\n")
    assert house.lintel("--config", str(alone), *words, served=False).code == 0
    assert str(last(house, Event.PERSON_REMOVED)).endswith(", directly")
