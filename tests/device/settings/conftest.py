"""A settings file to write."""

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a settings file; its path."""

    def written(content: str | bytes) -> Path:
        path = tmp_path / "lintel.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written
