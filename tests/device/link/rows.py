"""Rows of the audit as the socket says them, for the tests of the link."""

from hypothesis import strategies as st

from device.control.messages import Row
from device.records import Event, Reason

AT = "2026-06-01T08:00:00+00:00"
words = st.none() | st.text(max_size=30)
any_row = st.builds(
    Row,
    id=st.integers(1, 2**63 - 1),
    at=st.datetimes().map(lambda at: at.isoformat()),
    event=st.sampled_from([event.value for event in Event]) | st.text(max_size=20),
    badge=words,
    person=words,
    by=words,
    fault=words,
    door=words,
    reader=words,
    outcome=st.sampled_from([None, "granted", "denied"]),
    reason=st.none() | st.sampled_from([reason.code for reason in Reason]),
    boot=words,
    monotonic_s=st.none() | st.floats(0, 1e9),
)


def row(number: int = 1, event: str = "door-forced", **more: object) -> Row:
    """A row with its door, and what else it says."""
    return Row(id=number, at=AT, event=event, door="main", boot="b00t", monotonic_s=1.5, **more)  # type: ignore[arg-type]
