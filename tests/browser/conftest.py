"""The browser and the simulation that journeys share; each journey begins with a world of its own."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.driven import ARTEFACTS, Served, Visit, chromium, served, visited

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

Begin = Callable[..., AbstractContextManager[Visit]]
_LOAD = """async (scenario) => {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${sessionStorage["lintel-token"]}` };
  const body = JSON.stringify({ do: "load", scenario });
  return (await fetch("/api/playback", { method: "POST", headers, body })).status;
}"""


@pytest.fixture(scope="module")
def player() -> Iterator["Playwright"]:
    """Playwright, for one module: while it is there no other event loop runs in this thread."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        yield player


@pytest.fixture(scope="module")
def browser(player: "Playwright") -> Iterator["Browser"]:
    with chromium(player) as browser:
        yield browser


@pytest.fixture(scope="session")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real process, as a person starts it."""
    with served("simulate", "--web", state=tmp_path_factory.mktemp("simulated")) as simulation:
        yield simulation


@pytest.fixture
def begin(browser: "Browser", simulation: Served) -> Begin:
    """Opens the page with a world that has just begun."""

    @contextmanager
    def opened(scenario: str = "front-door", **context: Any) -> Iterator[Visit]:
        with visited(browser, simulation, **context) as visit:
            assert visit.page.evaluate(_LOAD, scenario) == 204
            visit.page.wait_for_selector(".badge[data-badge]")
            visit.door(state="locked")
            yield visit

    return opened


@pytest.fixture(scope="session")
def figures() -> Iterator[dict[str, str]]:
    """What was measured, in words by what it is; kept beside the pictures."""
    found: dict[str, str] = {}
    yield found
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "figures.json").write_text(json.dumps(found))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A webcam's clip: someone in the public domain who looks into it."""
    from tests.browser.clips import webcam_clip

    return webcam_clip(tmp_path / "webcam.mjpeg")
