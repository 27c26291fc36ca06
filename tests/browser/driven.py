"""Debian's Chromium, driven at the page of a real `lintel` process; what it says and where it asks is kept."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright, Request, ViewportSize

ROOT = Path(__file__).parents[2]
ARTEFACTS = ROOT / ".browser"
"""Pictures of what was seen, ignored by git."""
PATIENCE_MS = 60_000
"""Reached by a test that fails, and by no other."""
SIZE: "ViewportSize" = {"width": 1280, "height": 720}
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\S*#token=[\w-]+")
_OURS = re.compile(r"(?:https?|wss?)://127\.0\.0\.1:\d+/|blob:http://127\.0\.0\.1:\d+/|data:")
LINTEL = Path(sys.executable).with_name("lintel")


def missing() -> str:
    """Why no browser can be driven here; "" if one can."""
    try:
        import axe_playwright_python  # noqa: F401
        import playwright  # noqa: F401
    except ImportError:
        return "playwright is not installed: make dev-environment"
    return "" if shutil.which("chromium") else "there is no Chromium: sudo apt install chromium"


NEEDS_CHROMIUM = pytest.mark.skipif(bool(missing()), reason=missing() or "it is there")


@dataclass
class Served:
    """A `lintel` process with a page."""

    process: subprocess.Popen[str]
    address: str

    @property
    def site(self) -> str:
        """The address without its token."""
        return self.address.partition("/#")[0]


@contextmanager
def served(*arguments: str, state: Path) -> Iterator[Served]:
    """`lintel` with these arguments, as soon as it has printed its address; killed at the end."""
    environment = {**os.environ, "XDG_STATE_HOME": str(state), "RUNTIME_DIRECTORY": str(state), "PYTHONUNBUFFERED": "1"}
    command = [str(LINTEL), *arguments, "--no-browser"]
    with (
        (state / "said").open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment) as process,
    ):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if found := _ADDRESS.search(line):
                    yield Served(process, found[0])
                    break
            else:
                pytest.fail(f"No address was printed: {(state / 'said').read_text()[-2000:]}")
        finally:
            process.kill()


@contextmanager
def chromium(player: "Playwright", *flags: str) -> Iterator["Browser"]:
    """A browser without a window."""
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=[*options, *flags])
    try:
        yield browser
    finally:
        browser.close()


@dataclass
class Visit:
    """A page as a person has it before them, with what the browser complains about."""

    page: "Page"
    served: Served
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def door(self, **wanted: str) -> None:
        """Waits until the drawing says so, as `state="locked"`."""
        for name, value in wanted.items():
            self.page.wait_for_selector(f'#door-drawing[data-{name}="{value}"]', state="attached")

    def event(self, **wanted: str) -> None:
        """Waits for an event, as `outcome="denied"`."""
        chosen = "".join(f'[data-{name}="{value}"]' for name, value in wanted.items())
        self.page.wait_for_selector(f"#events li{chosen}", state="attached")

    def press(self, *names: str) -> None:
        """Clicks each of these, by its id."""
        for name in names:
            self.page.click(f"#{name}")

    def choose(self, name: str, value: str) -> None:
        """Chooses a value, as by hand."""
        self.page.select_option(f"#{name}", value)

    def picture(self, name: str) -> None:
        """Keeps what is seen."""
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png")


@contextmanager
def visited(browser: "Browser", served: Served, *, address: str = "", **context: Any) -> Iterator[Visit]:
    """A page that is open and ready, in a context of its own. Its console must be silent at the end, and all it asked
    for from its own process.
    """
    with browser.new_context(viewport=SIZE, **context) as own:
        page = own.new_page()
        page.set_default_timeout(PATIENCE_MS)
        visit = Visit(page, served)
        page.on(
            "console", lambda said: visit.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("request", lambda asked: _note(visit, asked))
        page.goto(address or served.address)
        page.wait_for_selector('body[data-ready="true"]', state="attached")
        yield visit
    assert (visit.complaints, visit.elsewhere) == ([], [])


def _note(visit: Visit, asked: "Request") -> None:
    if not _OURS.match(asked.url):
        visit.elsewhere.append(asked.url)


def violations(page: "Page") -> list[str]:
    """What axe-core finds wrong with what is shown, a line each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def webcam_flags(clip: Path) -> Sequence[str]:
    """Flags of a browser whose webcam shows a clip, and that asks no one for it."""
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={clip}",
    )
