"""`lintel badges unknown`: badges that doors have refused, and how one is given to a person without typing it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device.credentials import parse_badge
from device.records import Decision, Reason, Transaction
from device.store.store import Store
from tests.device.commands import Lintel

NOW = datetime.now(UTC)


@pytest.fixture
def refused(lintel: Lintel, eileen: Path, state: Path) -> Path:
    """Eileen enrolled in row 1, and what doors have refused since: two strangers' badges, hers, noise, a phone."""
    lintel("enroll", "17:1001", eileen, "--name", "Eileen Collins")
    with Store(state) as store, store.audit() as audit:
        for written, reason, days in (
            ("17:7", Reason.BADGE_UNKNOWN, 9),
            ("17:9", Reason.BADGE_UNKNOWN, 2),
            ("csn:04A2B9C1", Reason.BADGE_UNKNOWN, 1),
            ("17:9", Reason.BADGE_UNKNOWN, 1),
            ("17:1001", Reason.NON_MATCH, 0),
            (None, Reason.BADGE_UNREADABLE, 0),
            ("csn:08A2B9C1", Reason.BADGE_RANDOM, 0),
        ):
            credential = parse_badge(written) if written else None
            at = NOW - timedelta(days=days)
            audit.record(Transaction(at, credential, None, Decision(reason), 0.1, door="main", reader="outside"))
    return state


@pytest.mark.usefixtures("refused")
def test_badges_are_listed_the_last_first_with_their_rows(lintel: Lintel) -> None:
    listed = lintel("badges", "unknown").out.splitlines()
    assert [line.split()[:2] for line in listed] == [["5", "17:9"], ["4", "csn:04A2B9C1"]]
    assert "  2 times, last " in listed[0]
    assert listed[0].endswith("  door main, reader outside")


@pytest.mark.usefixtures("refused")
def test_older_ones_are_listed_on_request(lintel: Lintel) -> None:
    found = lintel("badges", "unknown", "--days", 30, "--json").json
    assert [(one["badge"], one["times"], one["row"]) for one in found] == [
        ("17:9", 2, 5),
        ("csn:04A2B9C1", 1, 4),
        ("17:7", 1, 2),
    ]


@pytest.mark.usefixtures("refused")
def test_one_is_given_by_its_row(lintel: Lintel) -> None:
    added = lintel("badges", "add", "Eileen Collins", "--unknown", 4)
    assert added.out == "Badge csn:04A2B9C1 of Eileen Collins is valid.\n"
    assert [line.split()[1] for line in lintel("badges", "unknown").out.splitlines()] == ["17:9"]


@pytest.mark.usefixtures("refused")
def test_earlier_row_of_a_badge_is_still_that_badge(lintel: Lintel) -> None:
    assert lintel("badges", "add", "Eileen Collins", "--unknown", 3).out.startswith("Badge 17:9 of Eileen")


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize("row", [1, 6, 7, 8, 99])
def test_row_about_anything_else_is_refused(lintel: Lintel, row: int) -> None:
    refused = lintel("badges", "add", "Eileen Collins", "--unknown", row)
    assert (refused.exit_code, f"Row {row} of the audit is not about an unknown badge." in refused.err) == (9, True)


@pytest.mark.usefixtures("refused")
def test_badge_that_has_a_holder_by_now_is_refused(lintel: Lintel) -> None:
    lintel("badges", "add", "Eileen Collins", "17:9")
    refused = lintel("badges", "add", "Eileen Collins", "--unknown", 5)
    assert (refused.exit_code, "already holds badge 17:9" in refused.err) == (9, True)


@pytest.mark.usefixtures("refused")
def test_badge_that_stays_revoked_is_not_listed(lintel: Lintel) -> None:
    lintel("badges", "add", "Eileen Collins", "17:9")
    lintel("badges", "revoke", "17:9")
    lintel("people", "remove", "Eileen Collins", "--yes")
    assert [line.split()[1] for line in lintel("badges", "unknown").out.splitlines()] == ["csn:04A2B9C1"]


@pytest.mark.usefixtures("state")
def test_none_is_said_in_words(lintel: Lintel) -> None:
    ended = lintel("badges", "unknown", "--days", 1)
    assert (ended.exit_code, ended.err) == (0, "No unknown badge was presented in the last 1 day.\n")


@pytest.mark.parametrize("arguments", [(), ("17:9", "--unknown", "5"), ("--at", "desk", "--unknown", "5")])
def test_one_way_to_name_a_badge_is_wanted(lintel: Lintel, arguments: tuple[str, ...]) -> None:
    assert lintel("badges", "add", "Eileen Collins", *arguments).exit_code == 2
