"""A row of the audit in ArcSight's Common Event Format, version 0: for `lintel audit export` and the link's syslog."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from device.control.messages import Row

CEF_HEAD = "CEF:0|Lintel|Lintel"
_ALARMS = frozenset({"door-forced", "door-held-open", "door-tampered", "reader-tampered", "audit-broken"})
_EXTENSIONS = {
    "badge": "cs1",
    "door": "cs2",
    "reader": "cs3",
    "mode": "cs4",
    "rule": "cs5",
    "schedule": "cs6",
    "similarity": "cfp1",
    "threshold": "cfp2",
}
"""CEF has no word for these: each has a custom one, and its label beside it."""


def cef_line(row: Row) -> str:
    """One line; no text of the row adds a field or a line to it."""
    name = f"{row.event} {row.outcome}" if row.outcome else row.event
    head = "|".join((CEF_HEAD, _head(row.version or ""), _head(_class(row)), _head(name), str(_severity(row))))
    return f"{head}|{' '.join(f'{key}={_extension(value)}' for key, value in _extensions(row))}"


def _class(row: Row) -> str:
    return row.reason or row.event


def _severity(row: Row) -> int:
    """0 to 10: a grant 1, a refusal 4, an alarm or duress 9, all else 3."""
    if row.event in _ALARMS or row.reason == "duress":
        return 9
    return {"granted": 1, "denied": 4}.get(row.outcome or "", 3)


def _extensions(row: Row) -> Iterator[tuple[str, Any]]:
    at = datetime.fromisoformat(row.at)
    yield "rt", round(at.timestamp() * 1000)
    yield "externalId", row.id
    for key, value in (("outcome", row.outcome), ("reason", row.reason), ("suser", row.by), ("msg", row.fault)):
        if value:
            yield key, value
    if row.person_id is not None:
        yield "duid", row.person_id
    if row.person:
        yield "duser", row.person
    for name, key in _EXTENSIONS.items():
        if (value := getattr(row, name)) is not None:
            yield f"{key}Label", name
            yield key, value


def _head(text: str) -> str:
    """Backslash and pipe are escaped in the head, and a head has one line."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\r", " ").replace("\n", " ")


def _extension(value: object) -> str:
    """Backslash, equal sign and the ends of lines are escaped in the extension."""
    text = str(value).replace("\\", "\\\\").replace("=", "\\=")
    return text.replace("\r", "\\r").replace("\n", "\\n")
