"""A row of the audit as a page shows it: with what it means in words."""

from device.control.messages import Row
from device.records import Reason
from device.web.messages import Event


def event_of(row: Row) -> Event:
    """The message about a row."""
    return Event(row, sentence_of(row))


def sentence_of(row: Row) -> str:
    """What a row means. Of a decision it is what its reason means, else what happened where."""
    if row.reason is not None:
        return Reason.from_code(row.reason).meaning
    where = f"reader {row.reader}" if row.reader else f"door {row.door}" if row.door else ""
    what = row.event.replace("-", " ")
    about = row.person or row.badge or ""
    return (
        ": ".join(filter(None, (where, what)))
        + (f", {about}" if about else "")
        + (f", {row.fault}" if row.fault else "")
    )
