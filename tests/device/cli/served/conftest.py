"""A house with two people, whose service listens."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.store.store import Store
from device.virtual.clock import SimulatedClock
from tests.device.administered import OLD, enroll
from tests.device.cli.served.house import House, house_at


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Its socket lies where other users may come; its store is its owner's."""
    runtime = Path(tempfile.mkdtemp(prefix="lintel-"))
    runtime.chmod(0o711)
    state = tmp_path / "state"
    with Store(state) as store:
        person = enroll(store, "Eileen Collins")
        enroll(store, "Grace Hopper")
        with store.people() as people:
            people.issue(OLD, person, SimulatedClock().utc())
    with house_at(state, runtime) as house:
        yield house
    shutil.rmtree(runtime)
