"""An import as `lintel people import` makes it, with faces that are drawn instead of looked for in pictures."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from device.enrollment import Candidate, Enrollment, Good, Rejection, Terms
from device.look_alikes import NOT_COMPARED, Resemblance
from device.people.importing import Import, Imported, Pictures
from device.people.lists import Row
from device.records import BasisKind, Box, Credential, Grounds, Person, Probe
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from tests.device.access.world import GOOD_QUALITY, RULE

MODEL = "ab" * 32
PICTURES = 3
_END = datetime(2030, 1, 1, tzinfo=UTC)
GROUNDS = Grounds(BasisKind.CONTRACT, "2")


class DrawnEnrollment(Enrollment):
    """Each person has three pictures of one face, which is another's for another number."""

    def __init__(self, store: Store, number: int) -> None:
        embedder = SimpleNamespace(model_sha256=MODEL, network_rule=RULE)
        analyzer: Any = SimpleNamespace(embedder=embedder, analyze=repr, analyze_largest=repr)
        super().__init__(store, analyzer, SimulatedClock(), terms=Terms(GROUNDS))
        self._number = number

    def judged(self, candidates: Iterable[Candidate], shown: object = None) -> tuple[list[Good], tuple[Rejection, ...]]:  # noqa: ARG002
        """Faces without a look at any picture."""
        return [Good(f"{number}.jpg", probe, f"{number}.jpg") for number, probe in enumerate(self._faces())], ()

    def _noticed(self, person: Person) -> Resemblance:  # noqa: ARG002
        """No look for look-alikes: that only reads."""
        return NOT_COMPARED

    def _faces(self) -> list[Probe]:
        draw = np.random.default_rng(self._number)
        face = draw.standard_normal(128)
        seen = [face + 0.1 * draw.standard_normal(128) for _ in range(PICTURES)]
        return [
            Probe((one / np.linalg.norm(one)).astype(np.float32), GOOD_QUALITY, Box(0, 0, 100, 100)) for one in seen
        ]


def import_one(store: Store, name: str, number: int, folder: Path) -> Imported:
    """Imports one person with badge, groups, an end and three references, in one transaction."""
    folder.mkdir(exist_ok=True)
    names = tuple(f"{one}.jpg" for one in range(PICTURES))
    for each in names:
        (folder / each).touch()
    row = Row(2, name, (Credential("h10301", 18, number),), ("staff", "night"), None, _END, GROUNDS, names)
    drawn = DrawnEnrollment(store, number)
    (done,) = Import(store, SimulatedClock(), Pictures(folder), lambda _grounds: drawn).run([row], lambda _count: None)
    return done
