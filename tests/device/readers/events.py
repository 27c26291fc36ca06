"""What a reader told: a test that expects a badge or a notice fails on anything else."""

from device.records import BadgeRead, ReaderEvent, ReaderNotice


def as_event(event: ReaderEvent | None) -> ReaderEvent:
    assert event is not None
    return event


def as_badge(event: object) -> BadgeRead:
    assert isinstance(event, BadgeRead), event
    return event


def as_notice(event: object) -> ReaderNotice:
    assert isinstance(event, ReaderNotice), event
    return event
