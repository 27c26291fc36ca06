"""Real users with real programs: which of their commands the service carries out, and in whose name."""

import os

import pytest

from device.control.roles import COMMANDS, Way
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
        "What to do: Use sudo, or have an admin add an [[operators]] table to the settings.",
    ]


def test_user_outside_the_sockets_group_opens_no_store(house: House) -> None:
    answer = house.by(ANNA, "people", "list", gid=9)
    assert (answer.code, answer.out) == (8, ""), answer.err


def test_there_are_commands_for_each_role_and_some_stay_here() -> None:
    assert {role for row in COMMANDS.values() if row.way is Way.SERVICE for role in row.roles} >= {
        "admin",
        "enroller",
        "auditor",
    }
