"""The law of blocks inside blocks: what ends well within all that end well is there, and nothing else."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import AuditRow, Event
from device.store.store import Store

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
things = st.recursive(
    st.sampled_from(["row", "look"]), lambda inner: st.tuples(st.lists(inner, max_size=4), st.booleans()), max_leaves=12
)
blocks = st.tuples(st.lists(things, max_size=4), st.booleans())


Block = tuple[list[Any], bool]
"""What happens in it, each a word or a block, and whether it fails."""


class FailedError(Exception):
    """Ends a block."""


class Player:
    """Plays blocks on a store and keeps count of what has to be there."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows = 0

    def play(self, block: Block) -> list[str]:
        """The names of the rows that this block leaves behind."""
        inside, fails = block
        kept = []
        with suppress(FailedError), self._store.people() as people, self._store.audit() as audit:
            for thing in inside:
                if thing == "row":
                    self._rows += 1
                    audit.add(AuditRow(0, NOON, Event.FAULT, fault=f"row {self._rows}"))
                    kept.append(f"row {self._rows}")
                elif thing == "look":
                    people.named("Nobody")
                else:
                    kept += self.play(thing)
            if fails:
                raise FailedError
        return [] if fails else kept


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Player, list[Any]]]:
    """For many examples."""
    with Store(tmp_path_factory.mktemp("nesting")) as store:
        yield store, Player(store), []


@given(blocks)
def test_what_ends_well_within_all_that_end_well_is_there(
    one_store: tuple[Store, Player, list[Any]], block: Block
) -> None:
    store, player, expected = one_store
    expected += player.play(block)
    with store.audit() as audit:
        newest = audit.newest(40)
    assert [row.fault for row in newest] == expected[-40:]
