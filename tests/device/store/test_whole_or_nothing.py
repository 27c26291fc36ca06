"""What the store acknowledges is whole and on the disk: an erasure, and parts of one transaction."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from device.records import Event
from device.store.database import Journal
from device.store.store import Store


def test_overwritten_journal_is_flushed(tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    flush = os.fsync

    def noted(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        flush(descriptor)

    with Store(tmp_path / "state", journal=Journal.PERSIST) as opened:
        with opened.people() as people, opened.audit() as audit:
            person = people.add("Eileen", now)
            audit.note(Event.ENROLLED, now, person=person)
        monkeypatch.setattr(os, "fsync", noted)
        opened.erase(person, now)
        assert flushed == ["state", "lintel.db-withdrawn", "state", "lintel.db-journal"]


def add_within_and_fail(opened: Store, now: datetime) -> None:
    with opened.people() as outer:
        outer.add("first", now)
        with opened.people() as inner:
            inner.add("second", now)
        raise RuntimeError


def test_outer_part_that_fails_undoes_the_inner_one(tmp_path: Path, now: datetime) -> None:
    with Store(tmp_path / "state") as opened:
        with pytest.raises(RuntimeError):
            add_within_and_fail(opened, now)
        with opened.people() as people:
            assert list(people.everyone()) == []
