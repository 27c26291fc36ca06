"""What the service says of a transaction on its own output, which becomes the journal."""

import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.cli.run import journal
from device.records import Credential, Decision, Reason, Transaction
from device.settings.tables import Settings, StoreSettings
from device.terminal import say

BADGE = Credential("h10301", 17, 4242)
DENIED = Transaction(datetime(2026, 11, 30, tzinfo=UTC), BADGE, None, Decision(Reason.BADGE_UNKNOWN), 0.1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=StoreSettings(state_dir=str(tmp_path)))


def test_denial_that_is_only_counted_is_not_in_the_journal(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    tell = journal(settings)
    tell(replace(DENIED, counted=True))
    tell(DENIED)
    assert capsys.readouterr().out.count("DENIED") == 1


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_journal_that_is_full_ends_no_loop(settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr(sys, name, full)
        assert journal(settings)(DENIED) is None
        say("a note", err=True)
        monkeypatch.undo()
        with suppress(OSError):
            full.close()


def test_journal_has_a_tag_in_place_of_the_number(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    journal(settings)(DENIED)
    line = capsys.readouterr().out
    assert (line[:13], line[21:47]) == ("badge h10301#", ", DENIED (badge-unknown), ")
    assert "4242" not in line
