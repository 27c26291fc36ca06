"""PINs as an operator gives them: asked twice, never shown or kept in the clear, and what fails is counted."""

import os
import pty
import re
from pathlib import Path

import pytest

from device.cli.acting import ACTING
from device.credentials import parse_badge
from device.pin_checking import checked
from device.records import Factor, Person, PinAnswer, Role
from device.store.store import Store
from tests.device.commands import Ended, Lintel
from tests.device.conftest import LINTEL
from tests.processes import started
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.usefixtures("state", "enrolled")
NAME, BADGE = "Eileen Collins", parse_badge("17:1001")
PIN, DURESS = "471147", "926626"


def give(lintel: Lintel) -> Ended:
    return lintel("people", "pin", NAME, "--stdin", typed=f"{PIN}\n")


def give_duress(lintel: Lintel, pin: str = PIN, duress: str = DURESS) -> Ended:
    return lintel("people", "pin", NAME, "--duress", "--stdin", typed=f"{pin}\n{duress}\n")


def answers(state: Path, *typed: str) -> list[object]:
    with Store(state) as store:
        return [checked(store, Person(1, NAME), digits) for digits in typed]


def fail(state: Path, factor: Factor, times: int) -> None:
    with Store(state) as store, store.counters() as counters:
        for _ in range(times):
            counters.decided(BADGE, failed=frozenset({factor}))


def test_pin_is_given_and_shown_as_there(lintel: Lintel, state: Path) -> None:
    given = give(lintel)
    assert (given.exit_code, given.out) == (0, f"{NAME} has a new PIN.\n")
    assert "PIN: yes\n" in lintel("people", "show", NAME).out
    assert lintel("people", "show", NAME, "--json").json["has_pin"] is True
    assert answers(state, PIN, "000000") == [PinAnswer.RIGHT, PinAnswer.WRONG]


def test_pin_is_asked_twice_at_a_terminal_and_not_shown(state: Path) -> None:
    ours, theirs = pty.openpty()
    command = [LINTEL, "--state-dir", str(state), "people", "pin", NAME]
    with started(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as child:
        said = ""
        for prompt in ("8 digits: ", "again: "):
            while not said.endswith(prompt):
                said += os.read(ours, 1).decode()
            os.write(ours, f"{PIN}\n".encode())
        ended = child.wait(PATIENCE_S)
    os.close(theirs)
    said += os.read(ours, 4096).decode()
    os.close(ours)
    assert (ended, PIN in said, f"{NAME} has a new PIN." in said) == (0, False, True)
    assert answers(state, PIN) == [PinAnswer.RIGHT]


def test_pin_is_not_typed_where_it_would_show(lintel: Lintel) -> None:
    said = lintel("people", "pin", NAME, typed=f"{PIN}\n{PIN}\n")
    assert (said.exit_code, "There is no terminal to type a PIN at" in said.err) == (2, True)


def test_duress_pin_is_given_beside_it(lintel: Lintel, state: Path) -> None:
    give(lintel)
    assert give_duress(lintel).out == f"{NAME} has a new duress PIN.\n"
    assert "PIN: yes, and one for duress\n" in lintel("people", "show", NAME).out
    assert answers(state, PIN, DURESS) == [PinAnswer.RIGHT, PinAnswer.DURESS]


def test_drawn_pin_is_printed_once(lintel: Lintel, state: Path) -> None:
    drawn = lintel("people", "pin", NAME, "--generate", "6")
    (pin,) = re.findall(r"The PIN of Eileen Collins is ([0-9]{6})\.", drawn.out)
    assert answers(state, pin) == [PinAnswer.RIGHT]
    as_json = lintel("people", "pin", NAME, "--generate", "4", "--json").json
    assert answers(state, pin, as_json["pin"]) == [PinAnswer.WRONG, PinAnswer.RIGHT]


def test_drawn_duress_pin_counts(lintel: Lintel, state: Path) -> None:
    give(lintel)
    drawn = lintel("people", "pin", NAME, "--duress", "--stdin", "--generate", "6", typed=f"{PIN}\n")
    (pin,) = re.findall(r"The duress PIN of Eileen Collins is ([0-9]{6})\.", drawn.out)
    assert answers(state, pin) == [PinAnswer.DURESS]


def test_new_pin_removes_the_duress_pin_and_says_so(lintel: Lintel, state: Path) -> None:
    give(lintel)
    give_duress(lintel)
    assert "The duress PIN is removed" in lintel("people", "pin", NAME, "--stdin", typed="8046173\n").out
    assert answers(state, DURESS, "8046173") == [PinAnswer.WRONG, PinAnswer.RIGHT]


@pytest.mark.parametrize(
    ("options", "left"), [((), PinAnswer.ABSENT), (("--duress",), PinAnswer.RIGHT)], ids=["both", "for duress"]
)
def test_pin_is_removed(lintel: Lintel, state: Path, options: tuple[str, ...], left: PinAnswer) -> None:
    give(lintel)
    give_duress(lintel)
    assert lintel("people", "pin", NAME, "--remove", *options).exit_code == 0
    assert answers(state, PIN)[0] is left
    assert answers(state, DURESS)[0] is not PinAnswer.DURESS


@pytest.mark.parametrize(
    ("arguments", "typed", "code"),
    [
        (("--stdin",), "123\n", 9),
        (("--stdin",), "123456\n", 9),
        (("--stdin",), "4711ab\n", 9),
        (("--stdin",), "", 9),
        (("--stdin",), "7" * 1_000_000 + "\n", 9),
        (("--remove",), "", 9),
        (("--duress", "--stdin"), f"{PIN}\n{DURESS}\n", 9),
        (("--generate", "3"), "", 2),
        (("--generate", "6", "--stdin"), "471147\n", 2),
        (("--remove", "--stdin"), "471147\n", 2),
    ],
)
def test_mistake_is_said_without_a_digit(lintel: Lintel, arguments: tuple[str, ...], typed: str, code: int) -> None:
    said = lintel("people", "pin", NAME, *arguments, typed=typed)
    assert said.exit_code == code
    assert [line for line in typed.split() if line in said.out + said.err] == []
    assert "PIN: yes" not in lintel("people", "show", NAME).out


@pytest.mark.parametrize(("pin", "duress"), [("000000", DURESS), (PIN, "471148"), (PIN, PIN)])
def test_duress_pin_needs_the_right_pin_and_is_unlike_it(lintel: Lintel, state: Path, pin: str, duress: str) -> None:
    give(lintel)
    assert give_duress(lintel, pin, duress).exit_code == 9
    assert "for duress" not in lintel("people", "show", NAME).out
    assert answers(state, PIN) == [PinAnswer.RIGHT]


def test_what_failed_is_shown_and_reset(lintel: Lintel, state: Path) -> None:
    fail(state, Factor.FACE, 5)
    fail(state, Factor.PIN, 10)
    listed = "5 faces, 10 PINs failed in a row, 15 since the last grant; PINs count no more"
    assert listed in lintel("badges", "list").out
    assert listed in lintel("people", "show", NAME).out
    (badge,) = lintel("badges", "list", "--json").json
    assert badge["failures"] == {"face": 5, "pin": 10, "since_grant": 15}
    assert lintel("badges", "reset", "17:1001").out == (
        f"Badge 17:1001 of {NAME}: 5 faces and 10 PINs in a row had failed; both count again.\n"
    )
    assert "failed" not in lintel("badges", "list").out


def test_new_pin_counts_again_at_once(lintel: Lintel, state: Path) -> None:
    fail(state, Factor.FACE, 3)
    fail(state, Factor.PIN, 10)
    give(lintel)
    (badge,) = lintel("badges", "list", "--json").json
    assert badge["failures"] == {"face": 3, "pin": 0, "since_grant": 13}


def test_badge_for_duress_is_given_and_stays_one_when_replaced(lintel: Lintel) -> None:
    added = lintel("badges", "add", NAME, "17:1009", "--duress")
    assert added.out == f"Badge 17:1009 of {NAME} is valid, for duress.\n"
    assert lintel("badges", "replace", "17:1009", "17:1010").exit_code == 0
    listed = lintel("badges", "list").out
    assert re.findall(r"17:(\d+) .*for duress", listed) == ["1010"]


@pytest.fixture
def enroller(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the service had started these commands for an enroller."""
    monkeypatch.setattr(ACTING, "_roles", frozenset({Role.ENROLLER}))


@pytest.mark.usefixtures("enroller")
def test_enroller_hears_the_same_with_and_without_a_duress_pin(lintel: Lintel) -> None:
    said = []
    for has_duress in (False, True):
        give(lintel)
        if has_duress:
            give_duress(lintel)
        assert "duress" not in lintel("people", "show", NAME, "--json").out
        shown = lintel("people", "show", NAME).out
        removed = lintel("people", "pin", NAME, "--duress", "--remove")
        again = give(lintel)
        said.append((shown, removed.out, removed.exit_code, again.out))
    assert said[0] == said[1]
    assert "PIN: yes\n" in said[0][0]


def test_badge_that_a_keypad_could_type_is_refused(lintel: Lintel, tmp_path: Path) -> None:
    config = tmp_path / "pad.toml"
    config.write_text(
        '[[doors]]\n[[doors.readers]]\nkind = "wiegand"\ndata0_pin = 5\ndata1_pin = 6\n'
        'keypad = "26-bit"\nkeypad_facility = 17\n'
    )
    said = lintel("--config", config, "badges", "add", NAME, "17:1009")
    assert (said.exit_code, "The keypad of reader reader sends PINs" in said.err) == (9, True)
    assert lintel("--config", config, "badges", "add", NAME, "18:1009").exit_code == 0


def test_audit_says_what_was_done_and_no_digit(lintel: Lintel) -> None:
    give(lintel)
    give_duress(lintel, pin="000000")
    give_duress(lintel)
    lintel("badges", "reset", "17:1001")
    lintel("people", "pin", NAME, "--remove")
    rows = lintel("audit", "list", "--json")
    assert [row["event"] for row in rows.json[1:]] == [
        "pin-given",
        "pin-refused",
        "duress-pin-given",
        "badge-reset",
        "pin-removed",
    ]
    assert (PIN in rows.out, DURESS in rows.out) == (False, False)


def test_folder_has_no_pin_in_it(lintel: Lintel, state: Path) -> None:
    give(lintel)
    give_duress(lintel)
    content = b"".join(path.read_bytes() for path in state.parent.rglob("*") if path.is_file())
    assert (PIN.encode() in content, DURESS.encode() in content) == (False, False)


def test_badge_that_a_keypad_could_type_is_not_enrolled(lintel: Lintel, tmp_path: Path) -> None:
    config = tmp_path / "pad.toml"
    config.write_text(
        '[[doors]]\n[[doors.readers]]\nkind = "wiegand"\ndata0_pin = 5\ndata1_pin = 6\nkeypad = "26-bit"\n'
    )
    said = lintel(
        "--config", config, "enroll", "18:13398", tmp_path / "none.jpg", "--name", "Ada", "--basis", "contract"
    )
    assert (said.exit_code, "The keypad of reader reader sends PINs" in said.err) == (9, True)
