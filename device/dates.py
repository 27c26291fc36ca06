"""Dates as an operator writes and reads them: a day, or a day with a time, in a time zone."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

NONE = "none"
"""Takes a limit away."""


def utc_second(written: str) -> str:
    """A time as it is sent, ISO 8601 with any offset, as it is shown. Raises `ValueError`."""
    return f"{datetime.fromisoformat(written).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def day_or_time(text: str, zone: tzinfo | None = None, *, is_end: bool) -> datetime | None:
    """The time that is meant, in UTC; None for `none`.

    A day begins with its first moment; as an end it counts to its last. A time without an offset is one of `zone`, by
    default this machine's. Raises `ValueError` with a sentence for anything else.
    """
    written = text.strip()
    if written.lower() == NONE:
        return None
    try:
        if len(written) == len("2026-12-31"):
            at = datetime.combine(date.fromisoformat(written) + timedelta(days=1 if is_end else 0), time())
        else:
            at = datetime.fromisoformat(written)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"expected a day (2026-12-31), a time (2026-12-31T18:00) or {NONE}, received {text[:40]!r}"
        ) from None
