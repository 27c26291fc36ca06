"""Groups and validity, as an operator types them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.store.store import Store
from tests.device.commands import Lintel

pytestmark = pytest.mark.usefixtures("state", "enrolled")
NAME = "Eileen Collins"


@pytest.fixture(autouse=True)
def _berlin() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as there:
        there.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def test_person_is_put_into_groups_and_taken_out(lintel: Lintel) -> None:
    both = lintel("people", "groups", NAME, "--add", "Night", "--add", "Staff")
    left = lintel("people", "groups", NAME, "--remove", "night")
    assert (both.out, left.out) == (f"{NAME}: Night, Staff\n", f"{NAME}: Staff\n")
    assert lintel("people", "groups").out == "Staff: 1\n"


def test_groups_are_shown_with_the_person(lintel: Lintel) -> None:
    lintel("people", "groups", NAME, "--add", "Staff")
    assert "groups: Staff\n" in lintel("people", "show", NAME).out
    assert "in Staff" in lintel("people", "list").out
    assert lintel("people", "show", NAME, "--json").json["groups"] == ["Staff"]


def test_nothing_of_a_change_is_kept_if_a_part_is_refused(lintel: Lintel) -> None:
    refused = lintel("people", "groups", NAME, "--add", "Staff", "--remove", "Night")
    assert (refused.exit_code, "is not in the group 'Night'" in refused.err) == (9, True)
    assert lintel("people", "groups", NAME, "--json").json["groups"] == []


def test_group_to_add_and_to_remove_is_refused(lintel: Lintel) -> None:
    refused = lintel("people", "groups", NAME, "--add", "Staff", "--remove", "Staff")
    assert (refused.exit_code, "both to add and to remove" in refused.err) == (9, True)


def test_day_counts_to_its_end_in_this_time_zone(lintel: Lintel) -> None:
    said = lintel("people", "valid", NAME, "--from", "2026-12-01", "--until", "2027-05-31", "--json").json
    assert said["valid"] == {"begins": "2026-11-30T23:00:00+00:00", "ends": "2027-05-31T22:00:00+00:00"}


def test_limit_that_is_not_named_stays(lintel: Lintel) -> None:
    lintel("people", "valid", NAME, "--from", "2026-12-01")
    lintel("people", "valid", NAME, "--until", "2026-12-24T18:00")
    begun = lintel("people", "valid", NAME, "--from", "none")
    assert begun.out == f"{NAME} is valid until 2026-12-24 18:00 CET.\n"
    assert lintel("people", "valid", NAME, "--until", "none").out == f"{NAME} is valid without a limit.\n"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--until", "tomorrow"), "expected a day (2026-12-31)"),
        (("--until", "2026-02-30"), "expected a day (2026-12-31)"),
        ((), "Give --from, --until or both"),
    ],
)
def test_what_is_not_a_day_is_refused(lintel: Lintel, options: tuple[str, ...], why: str) -> None:
    refused = lintel("people", "valid", NAME, *options)
    assert (refused.exit_code, why in refused.err) == (2, True)


def test_end_before_the_beginning_is_refused(lintel: Lintel) -> None:
    lintel("people", "valid", NAME, "--from", "2027-01-01")
    refused = lintel("people", "valid", NAME, "--until", "2026-12-31")
    assert (refused.exit_code, "before it begins" in refused.err) == (9, True)


def test_badge_is_limited_and_shown_so(lintel: Lintel) -> None:
    said = lintel("badges", "valid", "17:1001", "--until", "2026-12-31")
    assert said.out == f"Badge 17:1001 of {NAME} is valid until 2027-01-01 00:00 CET.\n"
    assert "until 2027-01-01 00:00 CET" in lintel("badges", "list").out
    assert "until 2027-01-01 00:00 CET" in lintel("people", "show", NAME).out


def test_badge_is_given_until_a_day(lintel: Lintel) -> None:
    given = lintel("badges", "add", NAME, "17:5000", "--until", "2026-12-31", "--json").json
    assert given["valid"] == {"begins": None, "ends": "2026-12-31T23:00:00+00:00"}


def test_changes_are_in_the_audit(lintel: Lintel, state: Path) -> None:
    lintel("people", "groups", NAME, "--add", "Staff")
    lintel("people", "valid", NAME, "--until", "2026-12-31")
    lintel("badges", "valid", "17:1001", "--from", "2026-12-01")
    with Store(state) as store, store.audit() as audit:
        rows = audit.newest(3)
    assert [(row.event, row.fault) for row in rows] == [
        ("person-groups", "+Staff"),
        ("person-validity", "until 2026-12-31 23:00 UTC"),
        ("badge-validity", "from 2026-11-30 23:00 UTC"),
    ]
    assert all(row.at < datetime.now(UTC) for row in rows)
