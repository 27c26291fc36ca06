"""How far an integration has come in the audit: a small file that outlasts a power cut.

It holds some rows that were delivered, each with its key. If the store is replaced by an older copy, the numbers of
rows begin to repeat; the newest row here that is still the same there says from where on events are new.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from device.errors import LinkError
from device.failures import in_words
from device.files import make_private, write_whole

_HINT = "Remove the file to go on with what happens from now on: sudo rm {}"


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """A row that was delivered; `uid` is "" for one that was never seen, as where the integration began."""

    row: int
    uid: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Marks in the order of their rows, the newest last; none before the integration began."""

    marks: tuple[Mark, ...] = ()

    @property
    def newest(self) -> Mark | None:
        """The last row that was delivered."""
        return self.marks[-1] if self.marks else None

    def behind(self, mark: Mark) -> "Place":
        """The place after that row was delivered. Of older marks, one goes if those beside it are at most twice as far
        back as each other.
        """
        kept: list[Mark] = [mark]
        older = list(self.marks)
        while older:
            middle = older.pop()
            is_near = older and mark.row - older[-1].row <= 2 * (mark.row - kept[-1].row)
            if not is_near:
                kept.append(middle)
        return Place(tuple(reversed(kept)))

    def within(self, last: int) -> "Place":
        """The place in an audit that ends at that row: marks beyond it are gone, and where none is left, it begins."""
        return Place(tuple(mark for mark in self.marks if mark.row <= last) or (Mark(last),))

    def without_newest(self) -> "Place":
        """The place if that row is another one by now; where no mark is left, the same row is taken as it is."""
        return Place(self.marks[:-1]) if len(self.marks) > 1 else Place((Mark(self.marks[0].row),))


class Cursor:
    """The file of one integration's place."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.cursor"

    def read(self) -> Place:
        """The place; an empty one where there is no file yet. Raises `LinkError`."""
        try:
            return Place(msgspec.json.decode(self._path.read_bytes(), type=_File).marks)
        except FileNotFoundError:
            return Place()
        except OSError as error:
            raise self._error("read", in_words(error)) from None
        except (ValueError, RecursionError):
            raise LinkError(f"The cursor {self._path} is damaged.", hint=_HINT.format(self._path)) from None

    def write(self, place: Place) -> None:
        """Replaces the file, durably. Raises `LinkError`."""
        try:
            make_private(self._path.parent)
            write_whole(self._path, msgspec.json.encode(_File(place.marks)), durable=True, mode=0o600)
        except OSError as error:
            raise self._error("write", in_words(error)) from None

    def _error(self, what: str, why: str) -> LinkError:
        return LinkError(
            f"Can't {what} the cursor {self._path}: {why}.", hint="Check the disk, and the owner of its folder."
        )
