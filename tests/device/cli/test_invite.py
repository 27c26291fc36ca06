"""`lintel people invite` and `lintel people demand-pin`: what an operator says about references and PINs."""

from pathlib import Path

import pytest

from tests.device.commands import Lintel

pytestmark = pytest.mark.usefixtures("enrolled")
NAME = "Eileen Collins"


def with_pin(lintel: Lintel) -> None:
    assert lintel("people", "pin", NAME, "--generate", "6").exit_code == 0


def test_invitation_says_until_when_and_which_door_fits(lintel: Lintel) -> None:
    with_pin(lintel)
    invited = lintel("people", "invite", NAME)
    assert invited.exit_code == 0
    assert invited.out.startswith(f"{NAME} may give new references once, until 20")
    assert invited.err.startswith("No door fits yet: it takes a keypad")
    (row,) = [one for one in lintel("audit", "list").out.splitlines() if "person-invited" in one]
    assert "until 20" in row


def test_invitation_is_taken_back(lintel: Lintel) -> None:
    with_pin(lintel)
    lintel("people", "invite", NAME)
    assert [lintel("people", "invite", NAME, "--cancel").out for _ in range(2)] == [
        f"The invitation of {NAME} is taken back.\n",
        f"{NAME} was not invited.\n",
    ]


def test_person_without_a_pin_is_not_invited(lintel: Lintel) -> None:
    refused = lintel("people", "invite", NAME)
    assert (refused.exit_code, "has no PIN" in refused.err) == (9, True)


def test_person_without_references_of_an_operator_is_not_invited(lintel: Lintel) -> None:
    with_pin(lintel)
    assert lintel("people", "withdraw", NAME, "--yes").exit_code == 0
    refused = lintel("people", "invite", NAME)
    assert (refused.exit_code, "legal basis" in refused.err) == (9, True)
    lintel("people", "basis", NAME, "--basis", "law")
    refused = lintel("people", "invite", NAME)
    assert (refused.exit_code, "no reference of the present model" in refused.err) == (9, True)


def test_pin_is_demanded_and_lifted(lintel: Lintel) -> None:
    demanded = lintel("people", "demand-pin", NAME)
    assert demanded.out == f"{NAME}: a PIN is demanded besides the face.\n"
    assert "has no PIN and is refused" in demanded.err
    assert lintel("people", "show", NAME, "--json").json["pin_demanded"] is True
    assert lintel("people", "demand-pin", NAME, "--lift").out == f"{NAME}: no PIN is demanded besides the face.\n"
    assert lintel("people", "show", NAME, "--json").json["pin_demanded"] is False


def test_look_alikes_alone_or_names_are_marked(lintel: Lintel) -> None:
    assert lintel("people", "demand-pin").exit_code == 2
    assert lintel("people", "demand-pin", NAME, "--look-alikes").exit_code == 2
    alone = lintel("people", "demand-pin", "--look-alikes")
    assert (alone.exit_code, alone.err) == (0, "No one looks alike.\n")


def test_one_face_under_two_names_is_marked(lintel: Lintel, eileen: Path) -> None:
    lintel("enroll", "17:1002", eileen, "--name", "Ellen Collins")
    marked = lintel("people", "demand-pin", "--look-alikes", "--json").json
    assert {one["name"] for one in marked["people"]} == {NAME, "Ellen Collins"}
