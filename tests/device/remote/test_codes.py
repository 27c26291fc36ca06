"""Codes of Home Assistant's users: weaker than a signature, and bounded."""

from pathlib import Path

import pytest

from device.records.remote import RemoteCommand, RemoteKind
from device.records.rulings import ClockState
from device.remote.codes import drawn_code, split
from device.remote.office import Wanted
from device.settings.remote import RemoteSettings
from device.store.pins import USUAL, Cost
from tests.device.remote.world import ALL, LOCK, House, why_not

WRONG = "01000000"


def other(code: str) -> str:
    """A wrong code of the same user."""
    return f"{code[:2]}{(int(code[2:]) + 1) % 1_000_000:06}"


def test_right_code_releases_once_by_name(house: House) -> None:
    assert house.type_code(house.give_code()) == "release main by code of anna"


def test_code_locks_the_door_again(house: House) -> None:
    said = house.type_code(house.give_code(), command=RemoteCommand.SECURE)
    assert said == "secure main by code of anna"


def test_code_asks_for_no_lockdown(house: House) -> None:
    assert house.type_code(house.give_code(), command=RemoteCommand.LOCKDOWN) == "rights"


def test_code_is_given_for_no_lockdown(house: House) -> None:
    assert why_not(lambda: house.office.add_code(Wanted("bob", ALL))) == "A code can't ask for lockdown."


def test_five_wrong_ones_lock_it_until_a_reset(house: House) -> None:
    code = house.give_code()
    said = []
    for typed in [other(code)] * 5 + [code]:
        house.clock.sleep(1)
        said.append(house.type_code(typed))
    house.office.reset("anna")
    house.clock.sleep(1)
    assert [*said, house.type_code(code)] == [*["code"] * 5, "locked", "release main by code of anna"]


def test_lock_is_told_and_survives_a_restart(house: House) -> None:
    code = house.give_code()
    for _ in range(5):
        house.type_code(other(code))
    house.restart()
    house.clock.sleep(1)
    assert (house.type_code(code), "remote-code-locked: code of anna" in house.rows()) == ("locked", True)


def test_right_one_clears_the_count(house: House) -> None:
    code = house.give_code()
    for _ in range(4):
        house.type_code(other(code))
    house.type_code(code)
    assert house.failed() == 0


def test_wrong_ones_of_one_user_lock_no_other(house: House) -> None:
    anna, bob = house.give_code("anna"), house.give_code("bob")
    for _ in range(9):
        house.type_code(other(anna))
    assert house.type_code(bob) == "release main by code of bob"


def test_message_that_is_repeated_is_refused(house: House) -> None:
    code, at = house.give_code(), house.clock.now.timestamp()
    assert [house.type_code(code, at=at), house.type_code(code, at=at)] == ["release main by code of anna", "replayed"]


@pytest.mark.parametrize(("made_s", "said"), [(-5.1, "expired"), (-4.9, "release"), (1.9, "release"), (2.1, "early")])
def test_message_counts_for_five_seconds(house: House, made_s: float, said: str) -> None:
    code, at = house.give_code(), house.clock.now.timestamp() + made_s
    assert house.type_code(code, at=at).split()[0] == said


def test_stale_message_counts_as_no_wrong_code(house: House) -> None:
    code = house.give_code()
    house.type_code(other(code), at=0.0)
    assert house.failed() == 0


def test_untrusted_clock_refuses_codes(house: House) -> None:
    house.state = ClockState.UNTRUSTED
    assert house.type_code(house.give_code()) == "clock"


@pytest.mark.parametrize("typed", ["1", "0100000", "010000000", "abcdefgh", "٠١٢٣٤٥٦٧", "01 00000"])
def test_what_is_not_a_code_is_refused(house: House, typed: str) -> None:
    house.give_code()
    assert house.type_code(typed) == "form"


def test_number_of_nobody_is_refused(house: House) -> None:
    assert house.type_code("99123456") == "unknown"


def test_revoked_code_is_refused(house: House) -> None:
    code = house.give_code()
    house.office.revoke(RemoteKind.CODE, "anna")
    assert house.type_code(code) == "unknown"


def test_button_is_refused_unless_allowed(house: House) -> None:
    assert house.type_code("") == "off"


def test_button_only_releases_and_each_press_once(tmp_path: Path) -> None:
    house = House(tmp_path / "state", RemoteSettings(home_assistant="button"))
    at = house.clock.now.timestamp()
    said = [
        house.type_code("", at=at),
        house.type_code("", at=at),
        house.type_code("", command=RemoteCommand.SECURE),
        house.type_code("", at=at - 6),
    ]
    house.close()
    assert said == ["release main by Home Assistant (button, no code)", "replayed", "rights", "expired"]


def test_no_file_and_no_row_has_a_code(house: House) -> None:
    code = house.give_code()
    house.type_code(code)
    folder = house.store.path.parent
    found = [path.name for path in folder.rglob("*") if path.is_file() and code[2:].encode() in path.read_bytes()]
    assert (found, code[2:] in " ".join(house.rows())) == ([], False)


def test_guess_costs_what_a_pin_costs() -> None:
    assert Cost(memory_kib=19_456, passes=2) == USUAL


def test_codes_are_six_digits_behind_a_number() -> None:
    assert {len(drawn_code()) for _ in range(1000)} == {6}


def test_code_is_split_into_number_and_digits() -> None:
    assert split("07123456") == (7, "123456")


@pytest.mark.slow(small="test_right_code_releases_once_by_name")
def test_numbers_run_out_with_an_error(house: House) -> None:
    for number in range(99):
        house.office.add_code(Wanted(f"u{number}", LOCK))
    said = why_not(lambda: house.office.add_code(Wanted("one-more", LOCK)))
    assert said == "There are 99 already, the most there can be."
