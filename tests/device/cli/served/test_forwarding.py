"""Commands by the service: the same words, output and exit code as without it."""

from pathlib import Path

import pytest

from tests.device.cli.served.house import House

ENROLL = ("enroll", "17:9", "--name", "Ada", "--basis", "contract")
SAME = {
    "people": ["people", "list"],
    "unknown name": ["people", "rename", "Ada", "Ada Lovelace"],
    "wrong use": ["people", "rename", "Ada"],
    "letters of a right-to-left name": ["people", "find", "אבג"],
}
SAME_TOO = {
    "JSON": ["people", "list", "--json"],
    "none found": ["people", "find", "nobody of that name"],
    "unknown option": ["people", "list", "--jsno"],
    "audit": ["audit", "list"],
    "no picture": ["verify", "17:1", "none.jpg"],
}


@pytest.mark.parametrize("words", SAME.values(), ids=SAME)
def test_output_and_exit_code_are_the_same(house: House, words: list[str]) -> None:
    """An answer, a mistake of each kind, and letters; the slow one has more commands."""
    assert house.lintel(*words) == house.lintel(*words, served=False)


@pytest.mark.slow(small="test_output_and_exit_code_are_the_same")
@pytest.mark.parametrize("words", SAME_TOO.values(), ids=SAME_TOO)
def test_output_of_other_commands_is_the_same(house: House, words: list[str]) -> None:
    assert house.lintel(*words) == house.lintel(*words, served=False)


def test_change_is_made_by_the_service(house: House) -> None:
    assert house.lintel("people", "rename", "Grace Hopper", "Grace Murray Hopper").code == 0
    assert "Grace Murray Hopper" in house.lintel("people", "list", served=False).out


def test_what_is_typed_reaches_the_command(house: House) -> None:
    assert house.lintel("people", "find", "-", typed="17:1\n").out.startswith("Eileen Collins")


def test_file_is_read_whatever_its_mode(house: House, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("no picture")
    (tmp_path / "mine.txt").chmod(0o600)
    answer = house.lintel(*ENROLL, "mine.txt", cwd=tmp_path)
    assert (answer.code, "mine.txt is not an image" in answer.err) == (5, True)


@pytest.mark.parametrize("name", ["../pictures/mine.txt", "{folder}/pictures/mine.txt", "./mine.txt"])
def test_file_is_found_from_where_the_operator_stands(house: House, tmp_path: Path, name: str) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "mine.txt").write_text("no picture")
    answer = house.lintel(*ENROLL, name.format(folder=tmp_path), cwd=tmp_path / "pictures")
    assert (answer.code, "mine.txt is not an image" in answer.err) == (5, True)


def test_another_store_is_opened_directly(house: House, tmp_path: Path) -> None:
    answer = house.lintel("--state-dir", str(tmp_path / "own"), "people", "list")
    assert (answer.code, "No people enrolled yet" in answer.err) == (0, True)


def test_command_that_no_service_answers_is_carried_out_directly(house: House) -> None:
    house.socket.rename(house.socket.with_name("moved"))
    assert house.lintel("people", "list").out.startswith("Eileen Collins")


def test_help_needs_no_role_and_no_service(house: House) -> None:
    assert house.lintel("people", "list", "--help") == house.lintel("people", "list", "--help", served=False)
