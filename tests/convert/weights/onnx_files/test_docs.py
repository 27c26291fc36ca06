"""docs/convert.md names every ONNX operator that is taken, and no other."""

import re
from pathlib import Path

from convert.weights.onnx_files.operators import KNOWN

PAGE = (Path(__file__).parents[4] / "docs" / "convert.md").read_text(encoding="utf-8")


def test_page_names_the_operators_of_the_table() -> None:
    table = PAGE.partition("| for | operators |")[2].partition("\n\n")[0]
    assert set(re.findall(r"\b[A-Z]\w+", table)) == set(KNOWN)
