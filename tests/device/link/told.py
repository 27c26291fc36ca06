"""Events for the tests of integrations."""

from datetime import UTC, datetime
from typing import Any

from device.link.events import LinkEvent, Severity

AT = datetime(2026, 11, 30, 10, 0, 0, 123456, UTC)


def event(number: int = 1, **said: Any) -> LinkEvent:
    """A refusal at the door main, or what is said otherwise."""
    usual: dict[str, Any] = {
        "uid": f"{number}-abc",
        "at": AT,
        "kind": "decision",
        "door": "main",
        "reader": "front",
        "outcome": "denied",
        "reason": "non-match",
        "severity": Severity.NOTICE,
    }
    return LinkEvent(id=number, **{**usual, **said})


def duress(number: int = 1) -> LinkEvent:
    """A grant under duress."""
    return event(
        number, outcome="granted", reason="duress", plain_reason="pin", severity=Severity.URGENT, detail="by the PIN"
    )
