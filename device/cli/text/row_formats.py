"""Rows of the audit in the formats that other programs take: CSV, JSON lines, CEF."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator

import msgspec

from device.control.cef import cef_line
from device.control.messages import Row

_FIELDS = tuple(field.name for field in msgspec.structs.fields(Row))
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula."""
_NUMBERS = (int, float)


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """CSV with a line of names, RFC 4180. Text that a spreadsheet would carry out gets an apostrophe before it."""
    yield _csv_line(_FIELDS)
    for row in rows:
        yield _csv_line([_cell(getattr(row, name)) for name in _FIELDS])


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """A JSON object a line."""
    for row in rows:
        yield msgspec.json.encode(row).decode()


def cef_lines(rows: Iterable[Row]) -> Iterator[str]:
    """ArcSight's Common Event Format, version 0."""
    return map(cef_line, rows)


FORMATS: dict[str, Callable[[Iterable[Row]], Iterator[str]]] = {
    "csv": csv_lines,
    "jsonl": json_lines,
    "cef": cef_lines,
}
"""By what `--format` calls them."""


def _csv_line(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().removesuffix("\r\n")


def _cell(value: object) -> object:
    if value is None or isinstance(value, _NUMBERS):
        return "" if value is None else value
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
