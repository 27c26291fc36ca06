"""The receipt of an erasure, for a person."""

from collections.abc import Iterator

from device.records import Receipt


def receipt_lines(receipt: Receipt) -> Iterator[str]:
    """What was deleted, when, by whom, where the audit says so, and where copies may still be."""
    what = [_counted(receipt.badges, "badge"), _counted(receipt.references, "reference")]
    what += ["the PIN"] if receipt.had_pin else []
    yield f"Deleted: {', '.join(what)}; destroyed: {_counted(receipt.keys, 'data key')}."
    yield f"At {receipt.at:%Y-%m-%d %H:%M:%S} UTC by {receipt.by}; row {receipt.row} of the audit; id {receipt.uid}."
    if receipt.backups_until:
        yield f"Backups may hold it until {receipt.backups_until:%Y-%m-%d}; a restore erases it again."


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
