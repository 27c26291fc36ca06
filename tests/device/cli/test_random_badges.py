"""A number that a phone draws for each reading is given to no one, by whichever command."""

from pathlib import Path

import pytest

from tests.device.commands import Lintel

WHY = "Error: csn:08A2B9C1 is a random number: the phone or card invents one each time.\n"


def test_enroll_refuses_it_before_it_looks_at_pictures(lintel: Lintel, tmp_path: Path) -> None:
    said = lintel("enroll", "csn:08a2b9c1", tmp_path / "missing.jpg", "--name", "Eileen Collins")
    assert (said.exit_code, said.err.startswith(WHY)) == (9, True)


@pytest.mark.usefixtures("enrolled")
@pytest.mark.parametrize("command", [("add", "Eileen Collins"), ("replace", "17:1001")])
def test_badges_cannot_give_it(lintel: Lintel, command: tuple[str, str]) -> None:
    said = lintel("badges", *command, "csn:08A2B9C1")
    assert (said.exit_code, said.err.startswith(WHY)) == (9, True)
    assert lintel("badges", "list").out == "17:1001  Eileen Collins  valid\n"


@pytest.mark.usefixtures("enrolled")
@pytest.mark.parametrize("written", ["csn:08A2B9C1010203", "144882113", "8:16962", "h10306:2210:47553", "csn:80A2B9C1"])
def test_other_formats_with_such_a_value_can_be_given(lintel: Lintel, written: str) -> None:
    assert lintel("badges", "add", "Eileen Collins", written).exit_code == 0


@pytest.mark.usefixtures("enrolled")
def test_beginning_of_a_longer_number_is_given_with_a_note(lintel: Lintel) -> None:
    said = lintel("badges", "add", "Eileen Collins", "csn:8804A1B2")
    assert said.out == "Badge csn:8804A1B2 of Eileen Collins is valid.\n"
    assert said.err.startswith("Note: csn:8804A1B2 is only the beginning of a number of 7 bytes")


@pytest.mark.usefixtures("enrolled")
def test_one_of_an_earlier_version_is_marked_and_can_be_replaced(
    lintel: Lintel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("device.store.badges.refuse_random", lambda _credential: None)
        patch.setattr("device.administration.refuse_random", lambda _credential: None)
        assert lintel("badges", "add", "Eileen Collins", "csn:08A2B9C1").exit_code == 0
    assert (
        "csn:08A2B9C1  Eileen Collins  valid, but refused at doors: a random number\n" in lintel("badges", "list").out
    )
    assert lintel("badges", "replace", "csn:08A2B9C1", "csn:04A2B9C1").exit_code == 0
