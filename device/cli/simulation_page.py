"""`lintel simulate --web`: the simulation as a page in the browser."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from device.errors import DependencyMissing
from device.packages import install_hint, installed_version
from device.terminal import put_address, say

if TYPE_CHECKING:
    from device.settings.tables import Settings
    from device.store.store import Store


class Chosen(Protocol):
    """Which world."""

    @property
    def scenario(self) -> Path | None:
        """None: the built-in one."""

    @property
    def seed(self) -> int:
        """Worlds of one seed are alike."""


def serve_simulation(settings: "Settings", chosen: Chosen, *, port: int, opens_browser: bool) -> int:
    """Serves the page until Ctrl-C. Raises `ConfigError`, `DependencyMissing`, and what a scenario can raise."""
    refuse_without_packages()
    from device.simulation.scenario import read_scenario
    from device.simulation.web.app import SimulationApp
    from device.simulation.web.driver import Driver
    from device.simulation.web.opening import Worlds
    from device.web.serving import Page, PageServer

    if chosen.scenario is not None:
        read_scenario(chosen.scenario)
    page = SimulationApp(
        lambda publisher: Driver(Worlds(chosen.scenario, settings, seed=chosen.seed), publisher),
        explain=explanation_of,
        version=installed_version(),
    )
    with closing(PageServer(Page("Lintel", page.app), port=port)) as server, closing(page.driver):
        begun = page.driver.start()
        begun.add_done_callback(lambda done: server.stop() if done.exception() else None)
        put_address(f"Open {server.address}")
        say("Ctrl-C ends it.")
        server.run(opens_browser=opens_browser)
        if begun.done():
            begun.result()
    return 0


def refuse_without_packages() -> None:
    """Raises `DependencyMissing` without what a page needs."""
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
        import websockets  # noqa: F401
    except ImportError as error:
        raise DependencyMissing(
            f"A page in the browser needs the Python package {error.name}, which is not installed.",
            hint=install_hint("sim"),
        ) from None


def explanation_of(store: "Store", settings: "Settings", row: int) -> Iterator[str]:
    """The lines of `lintel explain`."""
    from device.cli.explain import explained
    from device.cli.text.explanation import explanation_lines

    return explanation_lines(*explained(store, settings, row))
