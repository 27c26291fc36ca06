"""Which readers of a door are tampered with at the moment, as far as their badges are refused for it."""

from device.records import Notice, ReaderNotice
from device.settings.tables import DoorSettings


class Tampered:
    """Hears what readers say of themselves. Only those at the way in, whose settings say so, are ever in it."""

    def __init__(self, door: DoorSettings) -> None:
        self._refused = frozenset(one.name for one in door.readers if one.direction == "entry" and one.tamper == "deny")
        self._tampered: set[str] = set()

    def hear(self, notice: ReaderNotice) -> None:
        """A reader that was opened or taken off stays in it until it reports that it is in order."""
        if notice.notice is Notice.TAMPERED and notice.reader in self._refused:
            self._tampered.add(notice.reader)
        elif notice.notice is Notice.RESTORED:
            self._tampered.discard(notice.reader)

    def __contains__(self, reader: str) -> bool:
        return reader in self._tampered
