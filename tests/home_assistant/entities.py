"""Home Assistant's own MQTT integration at a real Mosquitto, with the link's wire at the other end.

Runs in an environment of its own, which has Home Assistant: `make test-home-assistant`. Not collected by `make test`.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from homeassistant.components import mqtt
from homeassistant.const import __version__ as version
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry, entity_registry
from pytest_homeassistant_custom_component.common import MockConfigEntry

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.mosquitto import Mosquitto, mosquitto  # noqa: E402

LINTEL = os.environ["LINTEL_PYTHON"]
ENTITIES = {
    "binary_sensor.lintel_home_main_door",
    "binary_sensor.lintel_home_main_evacuation",
    "binary_sensor.lintel_home_main_lock",
    "binary_sensor.lintel_home_main_lockdown",
    "binary_sensor.lintel_home_main_problem",
    "binary_sensor.lintel_home_main_tamper",
    "event.lintel_home_main_access",
    "sensor.lintel_home_main_reason",
    "sensor.lintel_home_main_state",
    "update.lintel_home_main_update",
}
PATIENCE_S = 30.0


class Doors:
    """The other process: does one thing after the other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    async def do(self, words: str) -> None:
        """Waits until it is done, while Home Assistant goes on."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{words}\n")
        self.process.stdin.flush()
        answer = await asyncio.get_running_loop().run_in_executor(None, self.process.stdout.readline)
        assert answer == "done\n"


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Home Assistant's MQTT client has timers of its own, which a mock would not have."""
    return True


@pytest.fixture
def broker(tmp_path: Path, socket_enabled: None) -> Iterator[Mosquitto]:  # noqa: ARG001
    with mosquitto(tmp_path) as one:
        yield one


@pytest.fixture
def doors(broker: Mosquitto) -> Iterator[Doors]:
    command = [LINTEL, "-m", "tests.home_assistant.doors", str(broker.port)]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Doors(process)
        process.kill()


@contextlib.asynccontextmanager
async def joined(hass: HomeAssistant, broker: Mosquitto) -> AsyncIterator[HomeAssistant]:
    """Home Assistant with its MQTT integration, connected to the broker."""
    (broker.folder / "configuration.yaml").touch()
    hass.config.config_dir = str(broker.folder)
    data = {"broker": "127.0.0.1", "port": broker.port, "protocol": "5"}
    entry = MockConfigEntry(domain=mqtt.DOMAIN, version=1, minor_version=2, data=data)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    yield hass
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
async def home(hass: HomeAssistant, broker: Mosquitto) -> AsyncIterator[HomeAssistant]:
    async with joined(hass, broker) as one:
        yield one


async def until(home: HomeAssistant, is_so: Callable[[], object]) -> None:
    """Waits until something is so, while Home Assistant goes on."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not is_so():
        assert asyncio.get_running_loop().time() < deadline, sorted(map(str, home.states.async_all()))
        await asyncio.sleep(0.02)


def entities(home: HomeAssistant) -> set[str]:
    return set(home.states.async_entity_ids())


def state(home: HomeAssistant, entity: str) -> str:
    found = home.states.get(entity)
    return found.state if isinstance(found, State) else "absent"


def states(home: HomeAssistant, *names: str) -> list[str]:
    return [state(home, f"binary_sensor.lintel_home_main_{name}") for name in names]


def is_shown(home: HomeAssistant, name: str) -> bool:
    return state(home, "sensor.lintel_home_main_state") == name


def test_version_has_device_discovery() -> None:
    assert tuple(int(part) for part in version.split(".")[:2]) >= (2025, 4)


async def test_a_door_becomes_a_device_with_its_entities(home: HomeAssistant, doors: Doors) -> None:
    await doors.do("open")
    await doors.do("show main:locked")
    await until(home, lambda: entities(home) == ENTITIES)
    found = device_registry.async_get(home).async_get_device({(mqtt.DOMAIN, "lintel_home_main")})
    assert found is not None
    assert (found.name, found.manufacturer, found.model) == ("Door main", "Lintel", "Door controller")
    assert [one for one in entities(home) if one.startswith(("lock.", "button.", "switch."))] == []


async def test_each_state_of_a_door_is_shown(home: HomeAssistant, doors: Doors) -> None:
    await doors.do("open")
    for name, expected in (
        ("locked", ["off", "off", "off", "off", "off"]),
        ("released", ["on", "off", "off", "off", "off"]),
        ("open", ["on", "on", "off", "off", "off"]),
        ("forced", ["off", "on", "off", "off", "off"]),
        ("fault", ["off", "off", "on", "off", "off"]),
        ("lockdown", ["off", "off", "off", "off", "on"]),
        ("evacuation", ["on", "off", "off", "on", "off"]),
    ):
        await doors.do(f"show main:{name}")
        await until(home, partial(is_shown, home, name))
        assert states(home, "lock", "door", "problem", "evacuation", "lockdown") == expected


async def test_each_access_is_an_event(home: HomeAssistant, doors: Doors) -> None:
    seen: list[str] = []

    def changed(event: object) -> None:
        new = event.data["new_state"]  # type: ignore[attr-defined]
        if new is not None and new.entity_id == "event.lintel_home_main_access" and new.attributes.get("event_type"):
            seen.append(new.attributes["event_type"])

    home.bus.async_listen("state_changed", changed)
    await doors.do("open")
    await doors.do("show main:locked")
    await until(home, lambda: state(home, "update.lintel_home_main_update") == "off")
    for what in ("granted", "denied", "forced", "held", "duress"):
        await doors.do(f"access {what}")
    await until(home, lambda: seen[-1:] == ["duress"])
    assert seen == ["granted", "denied", "forced", "held", "granted", "duress"]
    assert state(home, "sensor.lintel_home_main_reason") == "pin"


async def test_a_door_that_is_removed_is_dropped(home: HomeAssistant, doors: Doors) -> None:
    await doors.do("open")
    await doors.do("show main:locked back:locked")
    await until(home, lambda: len(entities(home)) == 2 * len(ENTITIES))
    await doors.do("show main:locked")
    await until(home, lambda: entities(home) == ENTITIES)
    registry = entity_registry.async_get(home)
    assert [one for one in registry.entities if "_back_" in one] == []
    assert device_registry.async_get(home).async_get_device({(mqtt.DOMAIN, "lintel_home_back")}) is None


async def test_without_its_service_a_door_is_unavailable(home: HomeAssistant, doors: Doors) -> None:
    await doors.do("open")
    await doors.do("show main:locked")
    await until(home, lambda: states(home, "lock") == ["off"])
    await doors.do("gone")
    await until(home, lambda: {state(home, one) for one in ENTITIES} == {"unavailable"})
    await doors.do("show main:released")
    await until(home, lambda: states(home, "lock") == ["on"])


async def test_without_its_link_a_door_is_unavailable(home: HomeAssistant, doors: Doors) -> None:
    """Killed, so that the broker publishes the last will."""
    await doors.do("open")
    await doors.do("show main:locked")
    await until(home, lambda: states(home, "lock") == ["off"])
    doors.process.kill()
    await until(home, lambda: {state(home, one) for one in ENTITIES} == {"unavailable"})


async def test_who_starts_later_finds_the_door(hass: HomeAssistant, broker: Mosquitto, doors: Doors) -> None:
    await doors.do("open")
    await doors.do("show main:open")
    await doors.do("access granted")
    async with joined(hass, broker) as home:
        await until(home, lambda: entities(home) == ENTITIES and states(home, "door") == ["on"])
        assert state(home, "event.lintel_home_main_access") == "unknown"
