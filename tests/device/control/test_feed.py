"""The thread that reads for the subscriptions: what one of them asks for keeps no other from its rows."""

import threading
import time
from itertools import pairwise

from device.control.feed import After, Feed, Finding, Page
from device.errors import StoreError
from tests.device.control.ledger import Ledger
from tests.waiting import PATIENCE_S


class Damaged(Ledger):
    """Its first 100 rows can't be read."""

    def after(self, row: int, count: int) -> Page:
        if row < 100:
            raise StoreError("The database is damaged.", hint="Restore a copy.")
        return super().after(row, count)


def test_old_rows_that_cannot_be_read_hold_up_no_new_ones() -> None:
    """In whichever order a set has them."""
    for old in range(20):
        came = threading.Event()

        def deliver(finding: Finding, came: threading.Event = came) -> None:
            if finding.wish == After(200) and finding.page is not None:
                came.set()

        feed = Feed(Damaged(250), deliver, 0.001)
        feed.want(frozenset({After(old), After(200)}))
        try:
            assert came.wait(PATIENCE_S / 10)
        finally:
            feed.end()


def test_who_catches_up_leaves_pauses_to_the_doors() -> None:
    """After each whole page of 100 rows, 10 ms: a swipe meanwhile must not wait for a million rows."""
    read_s: list[float] = []
    ended = threading.Event()

    def deliver(finding: Finding) -> None:
        assert finding.page is not None
        read_s.append(time.monotonic())
        if finding.page.rows:
            feed.want(frozenset({After(finding.page.rows[-1].id)}))
        else:
            ended.set()

    feed = Feed(Ledger(1000), deliver, 0.001)
    feed.want(frozenset({After(0)}))
    try:
        assert ended.wait(PATIENCE_S)
    finally:
        feed.end()
    assert len(read_s) == 11
    assert min(later - earlier for earlier, later in pairwise(read_s)) >= 0.01
