"""The weights that `lintel-convert import` knows by name, in `catalogue.toml`: where from, and what they allow.

Each entry names its network (`convert/networks/table.py`), the alignment it was trained with
(`convert/alignments.py`) and what reads its published form (`convert/weights/published.py`).
"""

import hashlib
import tomllib
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

from convert.alignments import ALIGNMENTS, alignment_named
from convert.errors import WeightsError
from convert.networks.table import NETWORKS
from convert.spec import NetworkSpec
from device.failures import in_words
from device.vision.manifest import AttackSpec, Sha256, Source

MAX_FILE_BYTES = 1 << 30
MAX_FILES = 4096

DLIB_RESNET = "dlib-resnet"
"""The weights of the network that Lintel comes with."""
UNREADABLE = "mine"
"""The importer of weights that are known but published in a form that none of ours reads."""


class Archive(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The package that a file is published in: its name, its hash, and where in it the file lies."""

    file: str
    sha256: Sha256
    member: str


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One known network. `network` is "" where the file holds the network itself, in ONNX.

    `alignment` is "" where its makers do not state one that the door has. `sha256` is that of the file,
    or, with `members`, that of a folder as `hash_of_folder` makes it; "" if it is not known. `attack` is for networks
    that tell a live face from a picture of one.
    """

    description: str
    network: str
    importer: str
    address: str
    file: str
    alignment: str
    length: int
    license: str
    training_data: str
    terms: str
    sha256: Sha256 | Literal[""] = ""
    members: str = ""
    unhashed: tuple[str, ...] = ()
    archive: Archive | None = None
    attack: AttackSpec | None = None

    def __post_init__(self) -> None:
        """Raises `ValueError` for a network or an alignment that is in no table."""
        if self.network not in (*NETWORKS, "") or self.alignment not in (*ALIGNMENTS, ""):
            raise ValueError(f"no such network or alignment: {self.network}, {self.alignment!r}")

    @property
    def readable(self) -> bool:
        """Whether `lintel-convert import NAME` reads it as published."""
        return self.importer != UNREADABLE

    def spec(self, name: str, source: Source) -> NetworkSpec:
        """The sidecar of the network that was made of it."""
        return NetworkSpec(
            spec_version=1,
            name=name,
            description=self.description,
            alignment=alignment_named(self.alignment),
            length=self.length,
            source=source,
            license=self.license,
            terms=self.all_terms,
        )

    @property
    def all_terms(self) -> str:
        """What license and training data allow at a door."""
        return f"{self.terms} Trained on: {self.training_data}"


@cache
def catalogue() -> MappingProxyType[str, Entry]:
    """The table of `catalogue.toml` by name."""
    content = Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    return MappingProxyType(msgspec.convert(tomllib.loads(content), dict[str, Entry]))


def hash_of(path: Path, entry: Entry) -> str:
    """The SHA-256, hexadecimal, of what is at `path`, as the entry counts it. Raises `WeightsError`."""
    if entry.members:
        return hash_of_folder(path, entry.members, entry.unhashed)
    return hash_of_file(path)


def hash_of_file(path: Path) -> str:
    """The SHA-256 of a file. Raises `WeightsError` if it cannot be read or is larger than any network."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size > MAX_FILE_BYTES:
                raise WeightsError(
                    f"{path} has {size} bytes, expected at most {MAX_FILE_BYTES}.", hint="Name the weights file."
                )
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(
            f"Cannot read {path}: {in_words(error, quoted=True)}.", hint="Name a file that is there and can be read."
        ) from error


def hash_of_folder(path: Path, members: str, unhashed: tuple[str, ...] = ()) -> str:
    """The SHA-256 of the lines "SHA-256  NAME" of the files `members` (a glob) by name, each with its line's end."""
    if not path.is_dir():
        raise WeightsError(f"Not a folder: {path}.", hint=f"Name the folder that holds the files {members}.")
    files = {file.relative_to(path).as_posix(): file for file in path.glob(members) if file.is_file()}
    names = sorted(files.keys() - set(unhashed))
    if len(names) > MAX_FILES:
        raise WeightsError(f"{path} holds {len(names)} files, expected at most {MAX_FILES}.", hint="Name one network.")
    lines = "".join(f"{hash_of_file(files[name])}  {name}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()
