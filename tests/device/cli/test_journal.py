"""What the service says of a transaction on its own output, which becomes the journal."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.cli.run import journal
from device.records import Credential, Decision, Reason, Transaction
from device.settings.tables import Settings, StoreSettings

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


def test_journal_has_a_tag_in_place_of_the_number(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    journal(settings)(DENIED)
    line = capsys.readouterr().out
    assert (line[:13], line[21:47]) == ("badge h10301#", ", DENIED (badge-unknown), ")
    assert "4242" not in line
