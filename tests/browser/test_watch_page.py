"""The monitor's page in a real browser: what it shows of a service, and that it says when there is none."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from device.control.client import FILE_NAME
from device.control.desk import door_desk
from device.control.server import ControlServer
from tests.browser.driven import NEEDS_CHROMIUM, Visit, served, violations, visited
from tests.device.control.bench import Notes, ToldDoor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [
    NEEDS_CHROMIUM,
    pytest.mark.slow(small="tests/browser/test_smoke.py::test_page_is_not_served_to_another_name"),
]


@pytest.fixture
def door() -> ToldDoor:
    return ToldDoor()


@pytest.fixture
def service(tmp_path: Path, door: ToldDoor) -> Iterator[ControlServer]:
    server = ControlServer(tmp_path / FILE_NAME, door_desk({"main": door}, Notes()))
    yield server
    server.close()


@pytest.fixture
def watching(browser: "Browser", service: ControlServer, tmp_path: Path) -> Iterator[Visit]:
    assert service
    with served("watch", "--web", state=tmp_path) as page, visited(browser, page) as visit:
        yield visit


def test_monitor_shows_doors_and_troubles(watching: Visit) -> None:
    watching.door(state="locked", lock="secure")
    watching.picture("monitor")
    assert watching.page.inner_text("#troubles") == "The wire of rex is cut."


def test_monitor_has_nothing_to_press(watching: Visit, door: ToldDoor) -> None:
    """What can be seen and pressed is language, theme and the way to the content."""
    shown = watching.page.locator(":is(button, input, select, a):visible").evaluate_all("all => all.map(one => one.id)")
    assert set(shown) <= {"language", "theme", ""}
    assert door.told == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_axe_finds_nothing_on_the_monitor(watching: Visit, language: str, theme: str) -> None:
    watching.choose("language", language)
    watching.choose("theme", theme)
    assert violations(watching.page) == []


def test_service_that_ends_is_shown_as_gone(watching: Visit, service: ControlServer) -> None:
    watching.door(state="locked")
    service.close()
    watching.page.wait_for_selector('body[data-lost="true"]', timeout=10_000)
    watching.picture("monitor-lost")
    assert "isn't running" in watching.page.inner_text("#lost")
