"""Which events an integration wants, by the words of its settings, and what it sees of duress."""

from collections.abc import Iterable
from dataclasses import replace

from device.errors import ConfigError
from device.link.events import LinkEvent, Severity
from device.records import Event, Reason

GRANTED, DENIED, DURESS, ALARMS, TROUBLES = "granted", "denied", "duress", "alarms", "troubles"
WORDS = (GRANTED, DENIED, DURESS, ALARMS, TROUBLES)
"""What can be named besides the events of the audit."""
_SEVERITIES = {ALARMS: frozenset({Severity.ALARM, Severity.URGENT}), TROUBLES: frozenset({Severity.WARNING})}


def refuse_unknown(words: Iterable[str], where: str) -> None:
    """Raises `ConfigError` with the first word that is neither an event nor one of `WORDS`."""
    known = {*WORDS, *Event}
    for word in words:
        if word not in known:
            raise ConfigError(
                f"Unknown event {word!r} in {where}: expected one of {', '.join(WORDS)}, or an event of the audit.",
                hint="`lintel watch --help` and docs/webhooks.md list the events.",
            )


def chosen(event: LinkEvent, words: frozenset[str]) -> LinkEvent | None:
    """The event as an integration with these words gets it, None if it doesn't; without words it gets everything.

    Duress has to be named: without, its decision looks like any other, and what else speaks of it is left out.
    """
    if event.is_duress and DURESS in words:
        return event
    seen = undisclosed(event)
    return seen if seen is not None and (not words or bool(words & words_of(seen))) else None


def words_of(event: LinkEvent) -> frozenset[str]:
    """All words by which an event is wanted."""
    by_severity = {word for word, severities in _SEVERITIES.items() if event.severity in severities}
    return frozenset({event.kind, event.outcome, *by_severity} - {""})


def undisclosed(event: LinkEvent) -> LinkEvent | None:
    """The event as it would be without duress; None for what exists only because of it."""
    if not event.is_duress:
        return event
    if event.kind != Event.DECISION.value:
        return None
    severity = Severity.INFO if event.is_granted else Severity.NOTICE
    return replace(event, reason=event.plain_reason or Reason.MATCH.code, severity=severity, detail="")
