"""docs/simulation.md has each request of the page, as the code has it."""

import re
from pathlib import Path

from device.simulation.web.requests import ROUTES

PAGE = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text()


def test_table_has_each_request_and_no_other() -> None:
    rows = re.findall(r"^\| `((?:GET|POST) \S+)` \| (.*?) \|", PAGE, re.MULTILINE)
    assert rows == [(f"{one.method} {one.path}", one.what) for one in ROUTES]


def test_table_names_each_body() -> None:
    for one in ROUTES:
        row = re.search(rf"^\| `{re.escape(f'{one.method} {one.path}')}`.*$", PAGE, re.MULTILINE)
        assert row is not None
        assert one.takes is None or f"`{one.takes.__name__}`" in row[0]
