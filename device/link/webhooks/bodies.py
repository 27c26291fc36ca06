"""What a request says: the event as data, or as a message of ntfy, Slack, Mattermost, Discord or Matrix."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from device.link.events import LinkEvent, Severity
from device.link.plain_words import plain, sentence, title
from device.records import Event

Template = Literal["lintel", "ntfy", "slack", "discord", "matrix"]
TEST = "test"
"""The event that `lintel link check` sends; no row of the audit is called so."""
Body = dict[str, object]

_PRIORITIES = {
    Severity.INFO: 2,
    Severity.NOTICE: 3,
    Severity.WARNING: 3,
    Severity.ALARM: 4,
    Severity.URGENT: 5,
}
_TAGS = {Severity.WARNING: ["warning"], Severity.ALARM: ["rotating_light"], Severity.URGENT: ["rotating_light"]}
_NO_WIDTH = "\u200b"


def event_type(event: LinkEvent) -> str:
    """The event's type in the specification's form: `decision.granted`, `door.held_open`, `duress`."""
    if event.is_duress:
        return "duress"
    if event.kind == Event.DECISION.value and event.outcome:
        return f"decision.{event.outcome}"
    return event.kind.replace("-", ".", 1).replace("-", "_")


def data_body(event: LinkEvent) -> Body:
    """The event as data: the same fields for each type, those without a value left out."""
    said = {
        "id": event.id,
        "uid": event.uid,
        "event": event.kind,
        "severity": event.severity.value,
        "door": event.door,
        "reader": event.reader,
        "outcome": event.outcome,
        "reason": event.reason,
        "detail": event.detail,
        "person": event.person,
        "badge": event.badge,
        "by": event.by,
    }
    data: dict[str, object] = {name: value for name, value in said.items() if value != ""}
    if event.times > 1:
        data["times"] = event.times
    if event.kind == TEST:
        data["test"] = True
    return {"type": event_type(event), "timestamp": event.at.isoformat().replace("+00:00", "Z"), "data": data}


def ntfy_body(event: LinkEvent) -> Body:
    """A message of ntfy, without its topic, which the address has."""
    return {
        "title": title(event),
        "message": sentence(event),
        "priority": _PRIORITIES[event.severity],
        "tags": _TAGS.get(event.severity, []),
    }


def slack_body(event: LinkEvent) -> Body:
    """An incoming webhook of Slack, Mattermost or Rocket.Chat; no text in it calls anyone, or becomes a link."""
    text = sentence(event).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": _inert(text)}


def discord_body(event: LinkEvent) -> Body:
    """A webhook of Discord that may mention no one."""
    return {"content": _inert(sentence(event)), "allowed_mentions": {"parse": []}}


def matrix_body(event: LinkEvent) -> Body:
    """A message for a room of Matrix."""
    return {"msgtype": "m.notice", "body": sentence(event)}


TEMPLATES: Mapping[Template, Callable[[LinkEvent], Body]] = {
    "lintel": data_body,
    "ntfy": ntfy_body,
    "slack": slack_body,
    "discord": discord_body,
    "matrix": matrix_body,
}
"""By the setting `template`."""


def encoded(body: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8; halves of pairs, which JSON in UTF-8 has none of, are replaced."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return msgspec.json.encode(_whole(dict(body)))


def _whole(value: object) -> object:
    match value:
        case str():
            return plain(value)
        case dict():
            return {name: _whole(inner) for name, inner in value.items()}
    return value


def _inert(text: str) -> str:
    """Without what a chat takes for a mention or for marks: `@all`, `*bold*`, a link."""
    for mark in "@<*_`~|[]":
        text = text.replace(mark, mark + _NO_WIDTH)
    return text.replace("://", f":{_NO_WIDTH}//")
