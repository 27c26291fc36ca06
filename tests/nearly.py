"""Numbers that come out of sums of floats."""

from typing import Any

import pytest


def nearly(value: float, *, within: float | None = None) -> Any:
    """Equals any number that differs by at most `within`, or by a millionth of the value."""
    return pytest.approx(value, abs=within)
