"""Whatever a settings file says, of whatever type: settings, or a sentence; and a relay is never guessed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.door.securing.relays import known_wires
from device.errors import DoorError
from device.settings.loading import settings_in
from device.settings.tables import Settings

WORDS = ["door", "doors", "more_doors", "reader", "more_readers", "readers", "camera", "cameras", "inputs", "outputs"]
SETTINGS = ["name", "pin", "active_high", "source", "signal", "channel", "direction", "max_age_s", "width", "access"]
VALUES = st.sampled_from(
    ["main", "back", "exit", "dps", "siren", "", "0", "/dev/video0", 0, 4, 17, -1, 0.5, True, 1e400]
)
ANYTHING = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS + SETTINGS), inner, max_size=4),
    max_leaves=12,
)
FILES = st.dictionaries(st.sampled_from(WORDS + SETTINGS), ANYTHING, max_size=5)


def loaded(said: dict[str, Any]) -> Settings | str:
    """The settings, or the sentence of a refusal."""
    try:
        return settings_in(said).settings
    except ValueError as error:
        return str(error)


@given(FILES)
def test_any_table_is_settings_or_refused_with_a_sentence(said: dict[str, Any]) -> None:
    """Settings that are loaded are within their limits, as another look at them says."""
    found = loaded(said)
    assert found
    assert isinstance(found, str) or msgspec.convert(msgspec.to_builtins(found), Settings) == found


@pytest.fixture
def relays_of(tmp_path: Path, runtime: Path) -> Callable[[dict[str, Any]], set[int]]:  # noqa: ARG001
    """The pins that would be secured for what a file says; none if it is refused."""

    def read(said: dict[str, Any]) -> set[int]:
        path = tmp_path / "lintel.toml"
        path.write_text("\n".join(f"{name} = {toml(value)}" for name, value in said.items()))
        try:
            return {relay.pin for relay in known_wires(path, lambda _: None).relays}
        except DoorError:
            return set()

    return read


def toml(value: object) -> str:
    """A value in TOML, tables and lists in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return "inf" if value == 1e400 else msgspec.json.encode(value).decode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES)
def test_securing_takes_the_relays_of_a_file_or_refuses(
    relays_of: Callable[[dict[str, Any]], set[int]], said: dict[str, Any]
) -> None:
    """Pins that the file names, or that of a door that says none."""
    assert relays_of(said) <= {0, 4, 17}
