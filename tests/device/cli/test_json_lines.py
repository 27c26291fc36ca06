"""`lintel run --json`: names of fields that stay, a line for each row, and no one's name in them."""

import json
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from device.cli.json_lines import EVENT_FIELDS, NAME_FIELDS, NOTE_FIELDS, SWIPE_FIELDS, JsonLines
from device.control.messages import Row
from device.records import Credential, Decision, Reason, Transaction
from tests.device.control.ledger import Ledger

PAGE = (Path(__file__).parents[3] / "docs" / "link.md").read_text()
AT = "2026-11-30T10:00:00+00:00"


def of_this_life(ledger: Ledger, *rows: Row) -> None:
    ledger.rows += [msgspec.structs.replace(row, boot="now", monotonic_s=time.monotonic() + 1) for row in rows]


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def came(number: int, reason: str = "match") -> Row:
    return Row(number, AT, "decision", badge="17:1", person="Ada", reason=reason, outcome="granted", similarity=0.9)


@pytest.mark.parametrize("fields", [EVENT_FIELDS, SWIPE_FIELDS, NOTE_FIELDS, NAME_FIELDS])
def test_the_names_of_fields_are_in_the_docs(fields: tuple[str, ...]) -> None:
    assert ", ".join(f"`{name}`" for name in fields) in PAGE.replace("` and `", "`, `")


def test_rows_of_this_life_are_printed_each_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines, ledger = JsonLines(names=False), Ledger(150)
    of_this_life(ledger, came(151))
    after = lines.printed(ledger, None)
    of_this_life(ledger, Row(152, AT, "door-forced", door="main"))
    assert lines.printed(ledger, lines.printed(ledger, after)) == 152
    assert [line["id"] for line in printed(capsys)] == [151, 152]


def test_a_store_without_rows_of_this_life_prints_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert [JsonLines(names=False).printed(Ledger(count), None) for count in (0, 5, 300)] == [0, 5, 300]
    assert printed(capsys) == []


def test_an_older_copy_of_the_store_is_followed() -> None:
    assert JsonLines(names=False).printed(Ledger(7), 20) == 7


def test_an_event_has_each_field_and_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger()
    of_this_life(ledger, came(1))
    JsonLines(names=False).printed(ledger, None)
    (line,) = printed(capsys)
    assert (tuple(line), line["detail"], line["reason"]) == (EVENT_FIELDS, "", "match")


def test_duress_looks_like_any_other_grant(capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger()
    of_this_life(ledger, msgspec.structs.replace(came(1, "duress"), threshold=0.5))
    of_this_life(ledger, Row(2, AT, "alarm-open", reason="duress"))
    JsonLines(names=False).printed(ledger, None)
    assert [line["reason"] for line in printed(capsys)] == ["match"]


def test_names_come_with_the_owners_word(capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger()
    of_this_life(ledger, came(1, "duress"))
    JsonLines(names=True).printed(ledger, None)
    (line,) = printed(capsys)
    assert (tuple(line), line["person"], line["badge"], line["reason"]) == (
        (*EVENT_FIELDS, *NAME_FIELDS),
        "Ada",
        "17:1",
        "duress",
    )


def test_a_swipe_and_a_note_have_their_fields(capsys: pytest.CaptureFixture[str]) -> None:
    lines = JsonLines(names=False)
    badge = Credential("h10301", 17, 4242)
    lines.swipe(Transaction(datetime.now(UTC), badge, None, Decision(Reason.BADGE_UNKNOWN), 0.1234567))
    lines.note("The camera is gone.")
    swipe, note = printed(capsys)
    assert (tuple(swipe), tuple(note)) == (SWIPE_FIELDS, NOTE_FIELDS)
    assert "4242" not in json.dumps(swipe)


def test_an_output_that_is_full_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with suppress(OSError), Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr(sys, "stdout", full)
        lines = JsonLines(names=False)
        lines.note("x")
        assert lines.printed(Ledger(3), 0) == 3
        monkeypatch.undo()
