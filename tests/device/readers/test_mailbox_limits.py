"""How many events wait for the door: 64, with no more than 4 unreadable badges among them."""

import pytest

from device.errors import ReaderEnded
from device.readers.mailbox import Mailbox
from device.records import BadgeRead, Credential, KeyPress, Notice, ReaderEvent, ReaderNotice

BADGE = BadgeRead(Credential("h10301", 17, 1001), 0.0, "front")
NOISE, KEY = BadgeRead(None, 0.0, "front", fault="noise"), KeyPress("1", 0.0, "front")
NOTICE = ReaderNotice(Notice.TAMPERED, 0.0, "front")


def filled(*events: ReaderEvent) -> Mailbox:
    mailbox = Mailbox()
    for event in events:
        mailbox.put(event)
    return mailbox


def taken(mailbox: Mailbox) -> list[ReaderEvent]:
    found: list[ReaderEvent] = []
    while (event := mailbox.take()) is not None:
        found.append(event)
    return found


def test_badge_waits_behind_four_unreadable_ones_at_most() -> None:
    assert taken(filled(*[NOISE] * 1000, BADGE)) == [NOISE] * 4 + [BADGE]


def test_sixty_four_events_wait() -> None:
    mailbox = filled(*[KEY] * 64)
    assert (mailbox.dropped, len(taken(mailbox))) == (0, 64)


def test_event_65_drops_the_oldest() -> None:
    mailbox = filled(BADGE, *[KEY] * 64)
    assert (mailbox.dropped, taken(mailbox)) == (1, [KEY] * 64)


def test_full_mailbox_drops_the_oldest_noise_before_a_badge() -> None:
    mailbox = filled(BADGE, NOISE, *[KEY] * 62)
    assert (mailbox.put(KEY), taken(mailbox)) == (NOISE, [BADGE, *[KEY] * 63])


def test_full_mailbox_keeps_what_a_reader_reports_of_itself() -> None:
    mailbox = filled(NOTICE, *[KEY] * 63)
    assert (mailbox.put(BADGE), taken(mailbox)) == (KEY, [NOTICE, *[KEY] * 62, BADGE])


def test_mailbox_full_of_reports_drops_the_oldest() -> None:
    notices = [ReaderNotice(Notice.TAMPERED, float(number), "front") for number in range(64)]
    mailbox = filled(*notices)
    assert (mailbox.put(BADGE), taken(mailbox)) == (notices[0], [*notices[1:], BADGE])


def test_full_mailbox_drops_the_oldest_of_several_unreadable_badges() -> None:
    other = BadgeRead(None, 1.0, "front", fault="other noise")
    mailbox = filled(NOISE, other, *[KEY] * 62)
    assert mailbox.put(KEY) is NOISE


def test_mailbox_is_filled_until_the_last_event_is_taken() -> None:
    mailbox = filled(KEY)
    seen = [mailbox.filled.is_set()]
    for _ in range(2):
        mailbox.take()
        seen.append(mailbox.filled.is_set())
    assert seen == [True, True, False]


def test_call_to_wake_lasts_for_one_look() -> None:
    mailbox = Mailbox()
    before = mailbox.filled.is_set()
    mailbox.wake()
    seen = [mailbox.filled.is_set()]
    for _ in range(2):
        mailbox.take()
        seen.append(mailbox.filled.is_set())
    assert (before, seen) == (False, [True, True, False])


def test_first_failure_is_raised_once_all_is_taken() -> None:
    mailbox = filled(KEY)
    for failure in (ReaderEnded("the first", hint=""), ReaderEnded("the second", hint="")):
        mailbox.fail(failure)
    assert (mailbox.filled.is_set(), mailbox.take()) == (True, KEY)
    for _ in range(2):
        with pytest.raises(ReaderEnded, match="the first"):
            mailbox.take()


def test_failure_wakes_the_one_who_waits() -> None:
    mailbox = Mailbox()
    mailbox.fail(ReaderEnded("gone", hint=""))
    assert mailbox.filled.is_set()
