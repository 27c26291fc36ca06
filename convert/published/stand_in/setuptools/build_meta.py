"""The part of setuptools' build backend (PEP 517) that pip calls to learn a package's name: reads it, runs nothing.

pip calls it in a process of its own, in the folder of the unpacked source package.
"""

import sys
from email.parser import HeaderParser
from pathlib import Path

__legacy__ = sys.modules[__name__]
"""The backend pip takes for a source package without pyproject.toml."""


def get_requires_for_build_wheel(_settings: object = None) -> list[str]:
    """Nothing is needed, for nothing will be built."""
    return []


def prepare_metadata_for_build_wheel(folder: str, _settings: object = None) -> str:
    """Writes name and version, as the source package's PKG-INFO has them, and returns the folder they are in."""
    stated = HeaderParser().parsestr(Path("PKG-INFO").read_text(encoding="utf-8"))
    name, version = stated["Name"], stated["Version"]
    target = Path(folder) / f"{name}-{version}.dist-info"
    target.mkdir()
    (target / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    return target.name
