"""Lists of people as CSV: what a spreadsheet may hold, read with an error for each thing wrong, and written so that no
spreadsheet takes a cell for a formula.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from device.credentials import format_badge, parse_badge
from device.dates import day_or_time
from device.errors import CredentialError, LintelError
from device.names import name_key, quoted, tidy
from device.records import Basis, BasisKind, Credential, Enrolled, Grounds
from device.store.groups import group_name

COLUMNS = ("name", "badges", "groups", "from", "until", "basis", "basis_text_version", "pictures")
"""In the order in which they are written; only the first is needed, and a list may have them in any order."""
SEPARATOR = ";"
"""Between several badges, groups or pictures in one cell."""
MOST_BYTES = 64 * 1024 * 1024
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a cell for that begins so: something to work out."""
AS_TEXT = "'"
"""In front of such a cell it is text; so are cells written here, and read back."""


class ListError(LintelError):
    """A list as a whole can't be read; nothing of it was used."""

    exit_code = CredentialError.exit_code


@dataclass(frozen=True, slots=True)
class Row:
    """A person of a list, with the line it stands in. Cells that are empty say nothing: what is stored stays."""

    line: int
    name: str
    badges: tuple[Credential, ...] = ()
    groups: tuple[str, ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None
    grounds: Grounds | None = None
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that can't be used, and why."""

    line: int
    name: str
    why: str
    hint: str = field(default="", repr=False)


def read_list(content: bytes) -> tuple[Row | Wrong, ...]:
    """The people of a list, line by line. Raises `ListError` if it isn't a list of people at all."""
    lines = _lines(_text(content))
    header = next(lines, None)
    if header is None:
        raise ListError("The list is empty.", hint=f"Its first line names the columns: {', '.join(COLUMNS)}.")
    columns = _columns(header[1])
    seen: dict[str, int] = {}
    badges: dict[Credential, Row] = {}
    read: list[Row | Wrong] = []
    for line, cells in lines:
        if any(cell.strip() for cell in cells):
            row = _row(line, columns, cells)
            read.append(_refused_twice(row, seen, badges) if isinstance(row, Row) else row)
    return tuple(read)


def write_list(people: Iterable[tuple[Enrolled, Basis | None]]) -> str:
    """People as a list that `read_list` gives back. Left out are badges that are revoked, as they can't
    be given, and those for duress, which no list gives away.
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for enrolled, basis in people:
        held = [format_badge(badge.credential) for badge in enrolled.badges if not (badge.revoked_at or badge.duress)]
        valid, grounds = enrolled.valid, basis.grounds if basis else None
        cells = (
            enrolled.person.name,
            SEPARATOR.join(held),
            SEPARATOR.join(enrolled.groups),
            valid.begins.isoformat() if valid.begins else "",
            valid.ends.isoformat() if valid.ends else "",
            grounds.kind.value if grounds else "",
            grounds.version if grounds else "",
            "",
        )
        writer.writerow([_as_text(cell) for cell in cells])
    return written.getvalue()


def _as_text(cell: str) -> str:
    return AS_TEXT + cell if cell.startswith((*FORMULA, AS_TEXT)) else cell


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise ListError(f"The list has {len(content)} bytes, expected at most {MOST_BYTES}.", hint="Split it.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:4096]:
        raise ListError("The list is in UTF-16, or not text at all; expected UTF-8.", hint=_SAVE)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ListError(
            f"Line {line} of the list is not in UTF-8: byte {content[error.start]:#04x}, as Latin-1 and Windows-1252 "
            "write an accent.",
            hint=_SAVE,
        ) from None


_SAVE = 'Save it again in the spreadsheet as "CSV UTF-8".'


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line, whichever of the two delimiters a spreadsheet has used, with its number."""
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        begins = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ListError(
                f"Line {begins} of the list is not CSV: {error}.",
                hint="Quotes around a cell have to be closed; one inside is written twice.",
            ) from None
        yield begins, cells


def _columns(header: list[str]) -> tuple[str, ...]:
    names = tuple(cell.strip().lower() for cell in header)
    while names and not names[-1]:
        names = names[:-1]
    unknown = [name for name in names if name not in COLUMNS]
    if "name" not in names or unknown or len(set(names)) < len(names):
        what = f"unknown column {quoted(unknown[0][:40])}" if unknown else "the same column twice"
        raise ListError(
            f"The list's first line has {'no column `name`' if 'name' not in names else what}.",
            hint=f"It names the columns: {', '.join(COLUMNS)}; only `name` is needed.",
        )
    return names


def _row(line: int, columns: tuple[str, ...], cells: list[str]) -> Row | Wrong:
    named = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
    shown = named.get("name", "")[:40]
    try:
        if any(cell.strip() for cell in cells[len(columns) :]):
            raise ValueError(f"it has {len(cells)} cells, expected {len(columns)}")
        plain = {name: _plain(name, cell) for name, cell in named.items()}
        return Row(
            line,
            tidy(plain["name"]),
            tuple(dict.fromkeys(parse_badge(one) for one in _several(plain.get("badges", "")))),
            tuple(dict.fromkeys(group_name(one) for one in _several(plain.get("groups", "")))),
            _moment(plain.get("from", ""), is_end=False),
            _moment(plain.get("until", ""), is_end=True),
            _grounds(plain.get("basis", ""), plain.get("basis_text_version", "")),
            _several(plain.get("pictures", "")),
        )
    except CredentialError as error:
        return Wrong(line, _harmless(shown), error.message, error.hint)
    except ValueError as error:
        return Wrong(line, _harmless(shown), f"{error}"[:300])


def _harmless(name: str) -> str:
    """A name that can't be stored, for a message about it."""
    return quoted(name)[1:-1]


def _plain(column: str, cell: str) -> str:
    if cell.startswith(AS_TEXT):
        return cell.removeprefix(AS_TEXT)
    if cell.startswith(FORMULA):
        raise ValueError(
            f"the cell {column} begins with {quoted(cell[0])}, which a spreadsheet takes for a formula; a name that is "
            f"written so has {AS_TEXT} in front"
        )
    return cell


def _several(cell: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in cell.split(SEPARATOR) if one.strip())


def _moment(cell: str, *, is_end: bool) -> datetime | None:
    return day_or_time(cell, is_end=is_end) if cell else None


def _grounds(kind: str, version: str) -> Grounds | None:
    if not kind:
        if version:
            raise ValueError("a text's version needs a basis: consent, contract, law or other")
        return None
    if kind not in set(BasisKind):
        raise ValueError(f"expected a basis of consent, contract, law or other, received {quoted(kind[:40])}")
    if len(version) > 64 or not version.isprintable():
        raise ValueError("expected a text's version of at most 64 printable characters")
    return Grounds(BasisKind(kind), version)


def _refused_twice(row: Row, seen: dict[str, int], badges: dict[Credential, Row]) -> Row | Wrong:
    """The first line with a name or a badge counts, however a later one is written."""
    key = name_key(row.name)
    if key in seen:
        return Wrong(row.line, row.name, f"the same name stands in line {seen[key]} already")
    if taken := [one for one in row.badges if one in badges]:
        other = badges[taken[0]]
        return Wrong(
            row.line, row.name, f"badge {format_badge(taken[0])} is that of {other.name} in line {other.line} already"
        )
    seen[key] = row.line
    badges |= dict.fromkeys(row.badges, row)
    return row
