"""One event as a message of RFC 5424: priority, time, names, structured data, and a line of words or of CEF."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from device.control.cef import cef_line
from device.control.messages import Row
from device.link.events import LinkEvent, Severity
from device.link.plain_words import plain, sentence

Form = Literal["rfc5424", "cef"]
Facility = Literal[
    "user", "daemon", "auth", "authpriv", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"
]
FACILITIES: dict[Facility, int] = {
    "user": 1,
    "daemon": 3,
    "auth": 4,
    "authpriv": 10,
    "local0": 16,
    "local1": 17,
    "local2": 18,
    "local3": 19,
    "local4": 20,
    "local5": 21,
    "local6": 22,
    "local7": 23,
}
"""Their numbers in RFC 5424, table 1."""
SEVERITIES = {
    Severity.INFO: 6,
    Severity.NOTICE: 5,
    Severity.WARNING: 4,
    Severity.ALARM: 2,
    Severity.URGENT: 1,
}
"""Likewise, table 2."""
EXAMPLE_ENTERPRISE = 32473
"""Reserved for examples by RFC 5612: Lintel has no number of its own."""
MOST_SEQUENCE = 2**31 - 1
_BOM = b"\xef\xbb\xbf"
_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Look:
    """How messages look at one receiver."""

    form: Form = "rfc5424"
    facility: Facility = "authpriv"
    hostname: str = ""
    enterprise: int = EXAMPLE_ENTERPRISE
    version: str = ""


def message(event: LinkEvent, look: Look, most_bytes: int = 0) -> bytes:
    """The message, without what frames it. `most_bytes` cuts its words off, never its structured data; 0: no limit."""
    priority = FACILITIES[look.facility] * 8 + SEVERITIES[event.severity]
    head = " ".join(
        (
            f"<{priority}>1",
            event.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            _name(look.hostname, 255),
            "lintel",
            _NOTHING,
            _name(event.kind, 32),
            _structured(event, look),
        )
    ).encode("utf-8", "replace")
    said = _said(event, look)
    room = max(0, most_bytes - len(head) - 1) if most_bytes else len(said)
    return head + b" " + said[:room].decode("utf-8", "ignore").encode()


def _said(event: LinkEvent, look: Look) -> bytes:
    if look.form == "cef":
        return cef_line(_row(event, look)).encode("utf-8", "replace")
    return _BOM + sentence(event).encode("utf-8", "replace")


def _row(event: LinkEvent, look: Look) -> Row:
    """What CEF is made of: the event's fields alone, so that it says no more than they do."""
    return Row(
        event.id,
        event.at.isoformat(),
        plain(event.kind),
        outcome=plain(event.outcome) or None,
        reason=plain(event.reason) or None,
        door=plain(event.door) or None,
        reader=plain(event.reader) or None,
        badge=plain(event.badge) or None,
        person=plain(event.person) or None,
        by=plain(event.by) or None,
        fault=plain(event.detail) or None,
        version=look.version or None,
    )


def _structured(event: LinkEvent, look: Look) -> str:
    sequence = (max(event.id, 1) - 1) % MOST_SEQUENCE + 1
    origin = {"software": "Lintel", "swVersion": look.version[:32]}
    elements = {"meta": {"sequenceId": str(sequence)}, "origin": origin}
    own = f"lintel@{look.enterprise}"
    return "".join(_element(name, said) for name, said in (elements | {own: dict(_fields(event))}).items())


def _fields(event: LinkEvent) -> Iterator[tuple[str, str]]:
    yield "id", str(event.id)
    yield "uid", event.uid
    yield "severity", event.severity.value
    for name in ("door", "reader", "outcome", "reason", "person", "badge", "by"):
        if text := getattr(event, name):
            yield name, text


def _element(name: str, said: dict[str, str]) -> str:
    values = [f' {key}="{_value(value)}"' for key, value in said.items() if value]
    return f"[{name}{''.join(values)}]"


def _value(text: str) -> str:
    """Backslash, quotation mark and closing bracket are escaped (RFC 5424, 6.3.3)."""
    return plain(text).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _name(text: str, most: int) -> str:
    """Printable ASCII without spaces, or `-`."""
    seen = "".join(letter if "!" <= letter <= "~" else "?" for letter in text[:most])
    return seen or _NOTHING
