"""Events that the tests of intake and of groups share."""

from device.records import BadgeRead, Credential, KeyPress, Notice, ReaderNotice

ROOM = 64
EILEEN, GRACE = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)
BADGE, NOISE = BadgeRead(EILEEN, 0.0, "front"), BadgeRead(None, 0.0, "front", fault="noise")
KEY, NOTICE = KeyPress("1", 0.0, "front"), ReaderNotice(Notice.TAMPERED, 0.0, "front")
