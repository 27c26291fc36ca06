"""docs/status.md has each thread of the service with what notices that it hangs, and no other."""

import re
from pathlib import Path

from device.journal import FIELDS, MEANINGS, JournalEvent
from device.watchdog import COVERED

PAGE = (Path(__file__).parents[2] / "docs" / "status.md").read_text()


def test_each_thread_is_on_the_page_as_in_the_code() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (watchdog|trouble|short) \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(name, cover.value, words) for name, (cover, words) in COVERED.items()]


def test_each_event_of_the_journal_is_on_the_page() -> None:
    section = PAGE.partition("| `LINTEL_EVENT` | when |")[2].partition("| field |")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", section, re.MULTILINE)
    assert rows == [(event.value, MEANINGS[event]) for event in JournalEvent]


def test_each_field_of_the_journal_is_on_the_page() -> None:
    assert re.findall(r"^\| `(LINTEL_[A-Z_]+)` \| (?!when)(.*) \|$", PAGE, re.MULTILINE) == list(FIELDS.items())
