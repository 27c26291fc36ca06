"""`lintel identify`, as an operator types it."""

from pathlib import Path

import pytest

from device.store.store import Store
from tests.device.commands import Lintel

pytestmark = pytest.mark.usefixtures("state")


@pytest.mark.usefixtures("both")
def test_a_person_is_named(lintel: Lintel, grace: Path) -> None:
    ended = lintel("identify", grace)
    assert (ended.exit_code, ended.out.splitlines()[0]) == (0, "IDENTIFIED Grace Hopper")


def test_a_stranger_is_the_answer_no(lintel: Lintel, eileen: Path, grace: Path) -> None:
    lintel("enroll", "17:1", eileen, "--name", "Eileen Collins")
    ended = lintel("identify", grace, "--fpir", "1e-3")
    assert (ended.exit_code, ended.out.splitlines()[0]) == (1, "NOT IDENTIFIED")


@pytest.mark.usefixtures("both")
def test_a_list_of_candidates_names_nobody_as_identified(lintel: Lintel, grace: Path) -> None:
    ended = lintel("identify", grace, "--top", 2)
    assert (ended.exit_code, "IDENTIFIED" in ended.out) == (0, False)
    assert [" (below)" in line for line in ended.out.splitlines()[1:3]] == [False, True]


@pytest.mark.usefixtures("both")
def test_an_identification_as_json(lintel: Lintel, grace: Path) -> None:
    found = lintel("identify", grace, "--json").json
    similarity = found["candidates"][0].pop("similarity")
    person = {"id": 2, "name": "Grace Hopper"}
    assert found == {
        "identified": person,
        "claimed": True,
        "candidates": [{"person": person, "reaches_threshold": True}],
        "people": 2,
        "threshold": found["threshold"],
        "fmr": found["fmr"],
        "fpir_bound": pytest.approx(2 * found["fmr"]),
        "fpir_if_independent": pytest.approx(2 * found["fmr"], rel=0.01),
    }
    assert similarity == pytest.approx(1.0, abs=1e-5)


@pytest.mark.usefixtures("both")
def test_candidates_as_json_are_no_claim(lintel: Lintel, grace: Path) -> None:
    found = lintel("identify", grace, "--top", 2, "--json").json
    assert (found["identified"], found["claimed"], len(found["candidates"])) == (None, False, 2)


@pytest.mark.usefixtures("both")
def test_too_many_people_are_refused_with_a_way_out(lintel: Lintel, grace: Path) -> None:
    ended = lintel("identify", grace, "--fpir", "1e-12")
    assert (ended.exit_code, ended.out) == (4, "")
    assert "What to do: List candidates with --top" in ended.err


@pytest.mark.parametrize("arguments", [(), ("--top", 3)])
def test_an_empty_store_says_why_nobody_is_found(lintel: Lintel, grace: Path, arguments: tuple[int | str, ...]) -> None:
    ended = lintel("identify", grace, *arguments)
    assert (ended.exit_code, "No enrolled person has references" in ended.err) == (1, True)


@pytest.mark.parametrize("name", ["nobody", "two", "damaged"])
def test_a_picture_that_shows_nobody_is_an_error_of_the_image(
    lintel: Lintel, pictures: dict[str, Path], name: str
) -> None:
    assert lintel("identify", pictures[name]).exit_code == 5


@pytest.mark.parametrize("arguments", [("--top", 0), ("--fpir", 0), ("--fpir", 1), ("--fpir", "nan")])
def test_a_wrong_option_is_told(lintel: Lintel, grace: Path, arguments: tuple[str, int | str]) -> None:
    assert lintel("identify", grace, *arguments).exit_code == 2


@pytest.mark.usefixtures("both")
def test_an_identification_leaves_no_trace(lintel: Lintel, grace: Path, state: Path) -> None:
    with Store(state) as store, store.audit() as audit:
        before = audit.newest(9)
    lintel("identify", grace)
    with Store(state) as store, store.audit() as audit:
        assert audit.newest(9) == before


def test_help_says_that_the_door_does_not_do_this(lintel: Lintel) -> None:
    assert "The door never does this" in lintel("identify", "--help").out
