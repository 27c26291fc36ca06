"""What overwrites an erased person's bytes is on the disk before the erasure is acknowledged."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from device.store.database import Journal
from device.store.store import Store


def test_overwritten_journal_is_flushed(tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    flush = os.fsync

    def noted(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        flush(descriptor)

    with Store(tmp_path / "state", journal=Journal.PERSIST) as opened:
        with opened.people() as people:
            person = people.add("Eileen", now)
        monkeypatch.setattr(os, "fsync", noted)
        opened.erase(person, now)
    assert flushed == ["state", "lintel.db-journal"]
