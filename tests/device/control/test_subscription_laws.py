"""Whatever is cut, stopped and written in any order: a subscriber's rows are those of the audit, in order, once."""

import contextlib
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from device.control.client import Place
from device.control.messages import Rewound, Row, Start, Subscribe
from tests.device.control.ledger import CutLine, Ledger, client, numbers, serving

steps = st.lists(st.tuples(st.integers(0, 130), st.integers(0, 130), st.booleans()), min_size=1, max_size=6)
"""Rows that are written, rows that are read at most, and whether the service is started again in between."""


@settings(max_examples=100)
@given(begin=st.integers(0, 130), steps=steps, cuts=st.lists(st.integers(0, 20_000), max_size=5))
def test_rows_are_those_of_the_audit_in_order_and_once(
    begin: int, steps: list[tuple[int, int, bool]], cuts: list[int]
) -> None:
    ledger, total = Ledger(begin), begin + sum(written for written, _, _ in steps)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        service = serving(folder / "service", ledger)
        stack.enter_context(contextlib.closing(CutLine(folder / "line", folder / "service", cuts)))
        updates = client(folder / "line").subscribe(1)
        found: list[int] = []
        for written, read, is_restarted in steps:
            ledger.add(written)
            found += numbers(updates, min(read, len(ledger.rows) - len(found)))
            if is_restarted:
                service.close()
                service = serving(folder / "service", ledger)
        found += numbers(updates, total - len(found))
        service.close()
    assert found == list(range(1, total + 1))


@given(st.lists(st.integers(1, 50)), st.integers(0, 50))
def test_place_takes_each_row_once_and_asks_for_the_next(ids: list[int], after: int) -> None:
    place = Place(after, 0)
    taken = [number for number in ids if place.is_new(Row(number, "", ""))]
    assert taken == sorted(set(taken))
    assert place.request() == Subscribe(since=max([after, *ids]) + 1)


@given(st.integers(0, 50), st.sampled_from([Start, Rewound]))
def test_place_resumes_where_the_service_says(number: int, kind: type[Start | Rewound]) -> None:
    place = Place(None, 10)
    assert place.request() == Subscribe(last=10)
    assert place.is_new(kind(number))
    assert place.request() == Subscribe(since=number + 1)
