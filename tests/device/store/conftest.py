"""A store in a folder of its own, and two people to put into it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device.records import Credential, Person
from device.store.connections import Connections
from device.store.store import Store

MODEL = "ab" * 32


@pytest.fixture
def trouble_of() -> Callable[[Store], str]:
    """What is wrong with a store, as of now: it is asked in the background."""

    def settled(store: Store) -> str:
        store.trouble()
        store._watch.wait()
        return store.trouble()

    return settled


@pytest.fixture
def connection(store: Store) -> Connection:
    """The connection that the store gives to the next thread that asks."""
    assert isinstance(store._connections, Connections)
    return store._connections._idle[-1].database.conn


@pytest.fixture(params=["rollback journal", "write-ahead log"])
def journal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of keeping a journal, whichever this machine's SQLite would have."""
    safe_from = (99, 0, 0) if request.param == "rollback journal" else (0, 0, 0)
    monkeypatch.setattr("device.store.database._WAL_SAFE_FROM", safe_from)
    return str(request.param)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 24, 8, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def badge() -> Credential:
    return Credential("h10301", 17, 1001)


@pytest.fixture
def embeddings() -> NDArray[Any]:
    """Three references, float32 [3, 128]."""
    drawn = np.random.default_rng(7).normal(size=(3, 128)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


@pytest.fixture
def eileen(store: Store, now: datetime, badge: Credential, embeddings: NDArray[Any]) -> Person:
    """Eileen Collins, enrolled with a badge and three references."""
    with store.people() as people:
        person = people.add("Eileen Collins", now)
        people.issue(badge, person, now)
        people.add_references(person, embeddings, MODEL, now)
    return person
