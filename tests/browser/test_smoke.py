"""The page in a real browser, in short: it opens, a badge opens the door, and nothing is complained of."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.driven import NEEDS_CHROMIUM, chromium, served, violations, visited

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

pytestmark = NEEDS_CHROMIUM


def test_badge_opens_the_door_on_the_page(player: "Playwright", tmp_path: Path) -> None:
    """`visited` refuses errors on the console and requests to other hosts."""
    with (
        served("simulate", "--web", state=tmp_path) as page,
        chromium(player) as browser,
        visited(browser, page) as visit,
    ):
        visit.door(state="locked", lock="secure")
        visit.press("tab-world", "stand", "tab-badges")
        visit.page.click('.badge[data-badge="17:1001"]')
        visit.event(event="decision", outcome="granted")
        visit.door(state="locked")
        assert violations(visit.page) == []


@pytest.mark.parametrize("path", ["/", "/api/world"])
def test_page_is_not_served_to_another_name(player: "Playwright", tmp_path: Path, path: str) -> None:
    """A site whose name was made to lead to this machine (DNS rebinding), in a real browser."""
    with (
        served("watch", "--web", state=tmp_path) as page,
        chromium(player, "--host-resolver-rules=MAP evil.example 127.0.0.1") as browser,
        browser.new_context() as context,
    ):
        port = page.site.rpartition(":")[2]
        answer = context.new_page().goto(f"http://evil.example:{port}{path}")
        assert answer is not None
        assert answer.status == 421
