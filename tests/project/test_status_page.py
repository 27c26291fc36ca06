"""docs/status.md has each thread of the service with what notices that it hangs, and no other."""

import re
from pathlib import Path

from device.watchdog import COVERED

PAGE = (Path(__file__).parents[2] / "docs" / "status.md").read_text()


def test_each_thread_is_on_the_page_as_in_the_code() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (watchdog|trouble|short) \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(name, cover.value, words) for name, (cover, words) in COVERED.items()]
