"""Every view for everyone: axe-core finds nothing, in both languages, light and dark; nothing sticks out on a phone."""

import pytest

from tests.browser.conftest import Begin
from tests.browser.driven import NEEDS_CHROMIUM, violations

pytestmark = [
    NEEDS_CHROMIUM,
    pytest.mark.slow(small="tests/browser/test_smoke.py::test_badge_opens_the_door_on_the_page"),
]
VIEWS = ("door", "scenario", "people", "enroll")
TABS = ("badges", "world", "faults", "wires")
_TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_view(begin: Begin, language: str, theme: str) -> None:
    with begin() as visit:
        visit.choose("language", language)
        visit.choose("theme", theme)
        visit.press("badge-unknown")
        visit.event(outcome="denied")
        found = []
        for tab in TABS:
            visit.press(f"tab-{tab}")
            found += [(tab, each) for each in violations(visit.page)]
        for view in VIEWS:
            visit.press(f"nav-{view}")
            found += [(view, each) for each in violations(visit.page)]
            visit.picture(f"{view}-{language}-{theme}")
        assert found == []


def test_axe_finds_nothing_in_an_explanation(begin: Begin) -> None:
    with begin() as visit:
        visit.press("badge-unknown")
        visit.page.click('#events li[data-outcome="denied"] button')
        visit.page.wait_for_selector("#explanation[open] #explanation-lines li")
        assert violations(visit.page) == []


@pytest.mark.parametrize("view", VIEWS)
def test_phone_shows_each_view_in_its_width(begin: Begin, view: str) -> None:
    with begin() as visit:
        visit.page.set_viewport_size({"width": 390, "height": 844})
        visit.press(f"nav-{view}")
        visit.picture(f"phone-{view}")
        assert visit.page.evaluate(_TOO_WIDE) == 0


def test_door_fits_a_small_screen_without_scrolling(begin: Begin) -> None:
    with begin() as visit:
        assert visit.page.evaluate("() => document.documentElement.scrollHeight") <= 720


def test_events_move_nothing_else(begin: Begin) -> None:
    """No layout jump: the browser itself measures by how much what is shown has been moved."""
    with begin() as visit:
        visit.page.evaluate(
            """() => { window.moved = 0; new PerformanceObserver((list) => {
              for (const one of list.getEntries()) if (!one.hadRecentInput) window.moved += one.value;
            }).observe({ type: "layout-shift" }); }"""
        )
        visit.press("badge-unknown")
        visit.event(outcome="denied")
        assert visit.page.evaluate("() => window.moved") < 0.1
