"""The link and the service are killed at any moment: no event is lost, and none is applied twice."""

import contextlib
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from device.control.client import FILE_NAME
from device.link.cursor import Cursor, Mark, Place
from tests.device.control.ledger import Ledger, serving
from tests.device.link.consumer import applied, child
from tests.rig.checks_control import fill
from tests.rig.rig import new_rig
from tests.waiting import until


def test_a_link_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    """Twice, once between two lines of its file; and the service hangs up in between."""
    ledger, socket = Ledger(2_000), tmp_path / FILE_NAME
    service = serving(socket, ledger)
    Cursor(tmp_path, "file").write(Place((Mark(0),)))
    for least in (100, 900):
        with child(socket, tmp_path) as process:
            until(lambda least=least: len(applied(tmp_path)) >= least)  # type: ignore[misc]
            process.kill()
    service.close()
    ledger.add(1_000)
    service = serving(socket, ledger)
    with child(socket, tmp_path) as process:
        until(lambda: len(applied(tmp_path)) >= 3_000)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert process.wait(60.0) == 0
        assert time.monotonic() - began < 10.0
    service.close()
    assert applied(tmp_path) == list(range(1, 3_001))


@pytest.mark.slow(small="test_a_link_that_is_killed_loses_nothing")
def test_ten_thousand_events_of_a_real_service_come_once(tmp_path: Path) -> None:
    """`kill -9` of the link and of the real `lintel run`, each at random moments while rows are written."""
    chance = random.Random(17)
    with new_rig() as rig:
        rig.start()
        before = len(rig.rows())
        Cursor(tmp_path, "file").write(Place((Mark(before),)))
        writing = threading.Thread(target=fill, args=(rig, 10_000))
        writing.start()
        kills = 0
        while writing.is_alive() or kills < 10:
            with child(rig.folder / "run" / FILE_NAME, tmp_path) as process:
                time.sleep(chance.uniform(0.5, 3.0))
                if chance.random() < 0.3:
                    with contextlib.suppress(ProcessLookupError):
                        rig.running.kill()
                process.kill()
                kills += 1
        writing.join()
        with child(rig.folder / "run" / FILE_NAME, tmp_path) as process:
            expected = [row[0] for row in rig.rows() if int(str(row[0])) > before]
            until(lambda: len(applied(tmp_path)) >= len(expected))
            process.kill()
        assert len(expected) >= 10_000
        assert applied(tmp_path)[: len(expected)] == expected
