"""What the service says of a transaction on its own output, which becomes the journal."""

from dataclasses import replace
from datetime import UTC, datetime

from device.cli.run import tell
from device.records import Credential, Decision, Reason, Transaction

BADGE = Credential("h10301", 17, 4242)
DENIED = Transaction(datetime(2026, 11, 30, tzinfo=UTC), BADGE, None, Decision(Reason.BADGE_UNKNOWN), 0.1)


def test_denial_that_is_only_counted_is_not_in_the_journal(capsys):
    tell(replace(DENIED, counted=True))
    tell(DENIED)
    assert capsys.readouterr().out.count("DENIED") == 1
