"""How many events wait for the door: 64, with no more than 4 unreadable badges among them."""

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
    mailbox = filled(*[NOTICE] * 64)
    assert (mailbox.put(BADGE), len(taken(mailbox))) == (NOTICE, 64)
