"""The thread of a world: what happens when a world breaks, and that no request waits for one that is gone."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import MappingProxyType

import pytest

from device.errors import ScenarioError
from device.simulation.web import driver as driving
from device.simulation.web.driver import Driver, Ended
from device.simulation.web.publishing import Publisher
from device.simulation.web.worlds import Stage
from device.vision.faces import FaceAnalyzer
from device.web.messages import Message, Said
from device.web.stream import Stream
from tests.device.simulation.web.staged import StagedPlayer, Staging
from tests.waiting import until


class Heard(Stream):
    """A stream that keeps what is published."""

    def __init__(self) -> None:
        super().__init__(lambda _client: None)
        self.said: list[Message] = []

    def publish(self, message: Message) -> None:
        self.said.append(message)


class Running:
    """A driver of staged worlds, and what it tells the pages."""

    def __init__(self, analyzer: FaceAnalyzer) -> None:
        self.staging = Staging(analyzer, MappingProxyType({}))
        self.heard = Heard()
        self.fails = False
        self.driver = Driver(self._opened, Publisher(self.heard, "0"))

    @contextmanager
    def _opened(self, scenario: str) -> Iterator[Stage]:
        if self.fails:
            raise ScenarioError("It is wrong by now.", hint="Mind the file.")
        with self.staging(scenario) as stage:
            yield stage

    def break_world(self) -> None:
        """Has the world that lives raise what no code expects."""

        def break_it(stage: Stage) -> None:
            assert isinstance(stage.player, StagedPlayer)
            stage.player.breaks = True

        self.driver.ask(break_it).result(10)

    @property
    def errors(self) -> list[str]:
        return [said.hint for said in self.heard.said if isinstance(said, Said) and said.is_error]


@pytest.fixture
def running(analyzer: FaceAnalyzer) -> Iterator[Running]:
    made = Running(analyzer)
    with closing(made.driver):
        made.driver.start().result(30)
        yield made


def test_world_that_broke_begins_again(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "LIVED_S", 0.0)
    running.break_world()
    until(lambda: len(running.staging.stages) == 2)
    assert running.driver.ask(lambda stage: stage.world.clock.monotonic()).result(10) >= 0.0
    assert running.errors == ["It begins again; the terminal says why."]


def test_world_that_broke_is_reported_in_the_terminal(running: Running, capfd: pytest.CaptureFixture[str]) -> None:
    running.break_world()
    until(lambda: bool(running.errors))
    assert "OverflowError: date value out of range" in capfd.readouterr().err


def test_request_of_a_world_that_ended_is_answered(running: Running) -> None:
    running.break_world()
    until(lambda: bool(running.errors))
    with pytest.raises(Ended, match="has ended"):
        running.driver.ask(lambda _stage: None).result(10)


def test_load_of_a_world_that_ended_is_answered(running: Running) -> None:
    running.break_world()
    until(lambda: bool(running.errors))
    with pytest.raises(Ended, match="has ended"):
        running.driver.load("front-door").result(10)


def test_first_scenario_that_became_wrong_ends_the_world(running: Running) -> None:
    running.fails = True
    with pytest.raises(ScenarioError, match="wrong by now"):
        running.driver.load("").result(10)
    with pytest.raises(Ended):
        running.driver.ask(lambda _stage: None).result(10)


def test_load_that_is_waited_for_no_more_harms_nothing(running: Running) -> None:
    def give_up(_stage: Stage) -> None:
        running.driver.load("front-door").cancel()

    running.driver.ask(give_up).result(10)
    running.driver.load("a-working-week").result(10)
    assert running.staging.opened == ["", "a-working-week"]
