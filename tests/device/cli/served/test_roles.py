"""Real users with real programs: which of their commands the service carries out, and in whose name."""

import os

import pytest

from device.clock import SystemClock
from device.control.roles import COMMANDS, Way
from device.credentials import parse_badge
from device.policy.areas import Place
from device.records import Event
from device.store.store import Store
from tests.device.administered import OLD
from tests.device.cli.served.house import ANNA, BOB, GUS, MALLORY, House

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
FORBIDDEN = 7


@pytest.mark.parametrize(
    ("uid", "words", "code"),
    [
        (ANNA, "people list", 0),
        (ANNA, "badges suspend 17:1", 0),
        (ANNA, "audit list", FORBIDDEN),
        (BOB, "audit list", 0),
        (BOB, "badges suspend 17:1", FORBIDDEN),
        (GUS, "people list", FORBIDDEN),
        (GUS, "doors who", 0),
        (BOB, "policy apply none.toml", FORBIDDEN),
        (MALLORY, "people list", FORBIDDEN),
    ],
)
def test_roles_hold_for_commands(house: House, uid: int, words: str, code: int) -> None:
    answer = house.by(uid, *words.split())
    assert (answer.code, "may not ask" in answer.err) == (code, code == FORBIDDEN), answer.err


def test_refusal_names_the_roles_and_what_to_do(house: House) -> None:
    answer = house.by(GUS, "people", "list", login=str(ANNA))
    said = "gus (login anna) may not ask for `lintel people list`: roles guard, expected admin, enroller, auditor."
    assert answer.err.splitlines() == [
        f"Error: {said}",
        "What to do: Have an admin add an [[operators]] table to the settings: `sudo lintel setup` does it.",
    ]


def test_user_outside_the_sockets_group_opens_no_store(house: House) -> None:
    answer = house.by(ANNA, "people", "list", gid=9)
    assert (answer.code, answer.out) == (8, ""), answer.err


@pytest.mark.parametrize(
    ("uid", "login", "who"),
    [
        (ANNA, str(ANNA), "anna"),
        (ANNA, str(BOB), "anna (login bob)"),
        (0, str(ANNA), "root (login anna)"),
        (0, "4294967295", "root (no login)"),
    ],
    ids=["herself", "su", "sudo", "cron"],
)
def test_row_of_a_change_says_who_made_it(house: House, uid: int, login: str, who: str) -> None:
    assert house.by(uid, "badges", "suspend", "17:1", login=login).code == 0
    assert last_row(house) == (Event.BADGE_SUSPENDED, who)


FORCED = parse_badge("17:9")


def test_enroller_is_not_shown_which_badge_is_for_duress(house: House) -> None:
    with Store(house.state) as store, store.people() as people:
        people.issue(FORCED, people.held(OLD).person, SystemClock().utc(), duress=True)
    listed = [house.by(uid, "badges", "list", "--json").out for uid in (ANNA, BOB)]
    assert ["duress" in out for out in listed] == [False, True]
    assert "duress" not in house.by(ANNA, "badges", "list").out
    assert "duress" not in house.by(ANNA, "people", "show", "Eileen Collins", "--json").out


def test_guard_sees_how_many_are_where_and_no_names(house: House) -> None:
    with Store(house.state) as store, store.people() as people, store.places() as places:
        person = people.held(OLD).person
        places.put(person.id, Place("", SystemClock().utc(), 1))
    guard, auditor = (house.by(uid, "doors", "who").out for uid in (GUS, BOB))
    assert ("Eileen" in guard, "Eileen" in auditor) == (False, True)
    assert guard.splitlines()[0] == auditor.splitlines()[0] == "outside: 1"


def test_environment_changes_no_name(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUDO_USER", "LOGNAME", "USER", "LINTEL_BY", "LINTEL_OPERATOR"):
        monkeypatch.setenv(name, "mallory")
    assert house.by(ANNA, "badges", "suspend", "17:1", login=str(ANNA)).code == 0
    assert last_row(house) == (Event.BADGE_SUSPENDED, "anna")


def test_without_the_service_the_row_says_directly(house: House) -> None:
    assert house.lintel("badges", "suspend", "17:1", served=False).code == 0
    event, who = last_row(house)
    assert (event, who.endswith(", directly"), who.startswith("root (")) == (Event.BADGE_SUSPENDED, True, True)


def last_row(house: House) -> tuple[Event, str]:
    with Store(house.state) as store, store.audit() as audit:
        (row,) = audit.newest(1)
    return row.event, str(row.by)


def test_there_are_commands_for_each_role_and_some_stay_here() -> None:
    assert {role for row in COMMANDS.values() if row.way is Way.SERVICE for role in row.roles} >= {
        "admin",
        "enroller",
        "auditor",
    }
