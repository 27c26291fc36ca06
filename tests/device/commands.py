"""What the tests see of a command line: how it is called, and what it did."""

from dataclasses import dataclass
from typing import Any, Protocol

import msgspec


@dataclass(frozen=True)
class Ended:
    """What a command line did."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


class Lintel(Protocol):
    """Runs a command line: `lintel("people", "list", typed="y\\n")`."""

    def __call__(self, *arguments: object, typed: str = "") -> Ended: ...
