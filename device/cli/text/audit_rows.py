"""Words for a row of the audit: a line each, for `lintel audit list` and `lintel watch`."""

from device.cli.text.presentations import presentation_words
from device.control.messages import Row
from device.dates import utc_second


def row_line(row: Row) -> str:
    """One row in words; a person who was removed since is a number."""
    parts = [f"{row.id:5d}  {utc_second(row.at)}  {row.event}"]
    parts += [f"{what} {name}" for what, name in (("door", row.door), ("reader", row.reader)) if name]
    if row.badge:
        parts.append(f"badge {row.badge}")
    if row.person_id is not None:
        parts.append(row.person or f"person {row.person_id} (removed)")
    if row.outcome and row.reason:
        parts.append(f"{row.outcome.upper()} ({row.reason})")
    if row.similarity is not None and row.threshold is not None:
        parts.append(f"similarity {row.similarity:.3f}, threshold {row.threshold:.3f}")
    if seen := presentation_words(row.scene, row.live, row.turns, row.turned):
        parts.append(seen)
    if row.rule:
        parts.append(f"rule {row.rule}" + (f", schedule {row.schedule}" if row.schedule else ""))
    if row.by:
        parts.append(f"by {row.by}")
    return "  ".join([*parts, "(erased)" if row.is_erased else row.fault or ""]).rstrip()
