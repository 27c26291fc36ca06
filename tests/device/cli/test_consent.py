"""The legal basis of face data, as an operator states it."""

from pathlib import Path

import pytest

from tests.device.commands import Lintel

pytestmark = pytest.mark.usefixtures("state")
NAME = "Eileen Collins"


@pytest.fixture
def unsettled(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner has set no basis."""
    monkeypatch.delenv("LINTEL_CONFIG")
    assert not state.exists()


@pytest.mark.usefixtures("unsettled")
def test_enrollment_without_a_basis_stores_nothing(lintel: Lintel, eileen: Path) -> None:
    refused = lintel("enroll", "17:1001", eileen, "--name", NAME)
    assert (refused.exit_code, "There is no legal basis for face data" in refused.err) == (10, True)
    assert "`--basis consent --basis-text-version 3`" in refused.err
    assert lintel("people", "list", "--json").json == []


@pytest.mark.usefixtures("unsettled")
def test_enrollment_writes_the_basis_down(lintel: Lintel, eileen: Path) -> None:
    basis = ("--basis", "consent", "--basis-text-version", "3", "--basis-text", "Form A")
    assert lintel("enroll", "17:1001", eileen, "--name", NAME, *basis).exit_code == 0
    shown = lintel("people", "basis", NAME)
    assert shown.out.startswith("consent, text version 3, written down 20")
    (known,) = lintel("people", "basis", NAME, "--json").json["bases"]
    assert (known["grounds"]["kind"], known["grounds"]["text"]) == ("consent", "Form A")


@pytest.mark.usefixtures("enrolled")
def test_new_version_of_the_text_is_added(lintel: Lintel) -> None:
    said = lintel("people", "basis", NAME, "--basis", "consent", "--basis-text-version", "4").out.splitlines()
    assert [line.split(", written")[0] for line in said] == ["consent", "consent, text version 4"]


@pytest.mark.usefixtures("enrolled")
def test_withdrawal_asks_and_leaves_the_badge(lintel: Lintel, eileen: Path) -> None:
    declined = lintel("people", "withdraw", NAME, typed="n\n")
    done = lintel("people", "withdraw", NAME, "--yes")
    assert (declined.exit_code, done.exit_code) == (130, 0)
    assert done.out == f"1 reference of {NAME} erased; badges, PIN and rights stay.\n"
    assert "17:1001" in lintel("badges", "list").out
    assert lintel("verify", "17:1001", eileen).exit_code == 9
    assert "withdrawn 20" in lintel("people", "basis", NAME).out


@pytest.mark.parametrize(
    "options",
    [("--basis-text-version", "3"), ("--basis", "consent", "--basis-text", "\x1b[2J"), ("--basis", "none")],
)
def test_basis_that_is_half_or_not_one_is_refused(lintel: Lintel, eileen: Path, options: tuple[str, ...]) -> None:
    assert lintel("enroll", "17:1001", eileen, "--name", NAME, *options).exit_code == 2


@pytest.mark.usefixtures("enrolled")
def test_look_alike_is_named_and_enrolled(lintel: Lintel, eileen: Path) -> None:
    said = lintel("enroll", "17:1002", eileen, "--name", "Ada Lovelace")
    assert (said.exit_code, f"Warning: looks like {NAME}" in said.out) == (0, True)
    assert "Compared with 1 person at a false match rate of 0.01" in said.out
    assert [row["event"] for row in lintel("audit", "list", "--json").json][-1] == "look-alike"


@pytest.mark.usefixtures("enrolled")
def test_stranger_has_no_look_alike(lintel: Lintel, grace: Path) -> None:
    said = lintel("enroll", "17:1002", grace, "--name", "Grace Hopper", "--json").json
    assert said["resembles"]["alike"] == []
    assert said["resembles"]["people"] == 1
