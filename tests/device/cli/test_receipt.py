"""The receipt of an erasure: what was deleted, when, by whom, and where copies may still be."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.device.commands import Lintel


@pytest.mark.usefixtures("enrolled")
def test_receipt_says_what_was_deleted_and_where_copies_are(lintel: Lintel) -> None:
    first, *lines = lintel("people", "remove", "Eileen Collins", "--yes").out.splitlines()
    assert (first, lines[0]) == (
        "Eileen Collins has been erased.",
        "Deleted: 1 badge, 1 reference; destroyed: 1 data key.",
    )
    assert re.fullmatch(r"At 20\d\d-.* UTC by .*, directly; row 2 of the audit; id [0-9a-f-]+\.", lines[1])
    assert re.fullmatch(r"Backups may hold it until 20\d\d-\d\d-\d\d; a restore erases it again\.", lines[2])


@pytest.mark.usefixtures("enrolled")
def test_receipt_for_machines_has_the_same(lintel: Lintel) -> None:
    receipt = lintel("people", "remove", "Eileen Collins", "--yes", "--json").json["receipt"]
    at = datetime.fromisoformat(receipt["at"])
    assert (receipt["badges"], receipt["references"], receipt["had_pin"], receipt["keys"]) == (1, 1, False, 1)
    assert (receipt["row"], receipt["backups_until"]) == (2, f"{at + timedelta(days=30):%Y-%m-%d}")
    assert at - datetime.now(UTC) < timedelta(minutes=1)


@pytest.mark.usefixtures("enrolled")
def test_row_of_the_audit_says_who_erased(lintel: Lintel) -> None:
    receipt = lintel("people", "remove", "Eileen Collins", "--yes", "--json").json["receipt"]
    row = lintel("audit", "list", "--json").json[-1]
    assert (row["event"], row["by"], row["id"]) == ("person-removed", receipt["by"], receipt["row"])
