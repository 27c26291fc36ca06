"""Text files that people write by hand, pairs and groups: read whole up to a size, or refused with the reason."""

import csv
from collections.abc import Mapping
from pathlib import Path

from device.errors import ImageError
from device.failures import in_words
from device.files import text_of

MAX_BYTES = 64 << 20
"""Half a million pairs."""


def read_text(path: Path, *, what: str, hint: str) -> str:
    """The text of `path`, UTF-8 with or without a byte order mark. Raises `ImageError`, also if it is too long."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ImageError(f"Cannot read the {what} {path}: it has more than {MAX_BYTES} bytes.", hint=hint)
        return text_of(content)
    except OSError as error:
        raise ImageError(f"Cannot read the {what} {path}: {in_words(error)}.", hint=hint) from None
    except ValueError as error:
        raise ImageError(f"Cannot read the {what} {path}: {error}.", hint=hint) from None


def read_rows(path: Path, columns: tuple[str, ...], *, what: str, hint: str) -> tuple[Mapping[str, str], ...]:
    """The rows of a CSV, of each the text by `columns`.

    The columns are apart by commas, or as Excel saves them in other languages by semicolons or tabs. Raises
    `ImageError`, also for a row that lacks a value.
    """
    lines = read_text(path, what=what, hint=hint).splitlines()
    mark = next((mark for mark in ",;\t" if lines and mark in lines[0]), ",")
    reader = csv.DictReader(lines, restval="", delimiter=mark)
    try:
        if missing := [column for column in columns if column not in (reader.fieldnames or ())]:
            raise ImageError(f"Cannot read the {what} {path}: no column {', '.join(missing)}.", hint=hint)
        rows = tuple({column: row[column].strip() for column in columns} for row in reader)
    except csv.Error as error:
        raise ImageError(f"Cannot read the {what} {path}: {error}.", hint=hint) from None
    if short := next((number for number, row in enumerate(rows, start=1) if "" in row.values()), None):
        raise ImageError(f"Cannot read the {what} {path}: row {short} lacks a value.", hint=hint)
    return rows
