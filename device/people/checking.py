"""What an owner should look at: one face under two names, people without a legal basis, worthless references."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from device.look_alikes import Pairs, everyone_alike
from device.records import Enrolled, Person, Reason, Reference
from device.settings.tables import VisionSettings
from device.store.store import Store
from device.vision.faces import FaceAnalyzer
from device.vision.quality.limits import Limit, Purpose, limits


@dataclass(frozen=True, slots=True)
class Worthless:
    """A reference that today's limits for pictures would keep out, and why."""

    person: Person
    reference: Reference
    reason: Reason


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found."""

    alike: Pairs
    groundless: tuple[Person, ...]
    """With references, and no legal basis on record: unknown (before)."""
    worthless: tuple[Worthless, ...]
    stale: tuple[Person, ...]
    """With references, none of which the present model made."""

    @property
    def are_none(self) -> bool:
        """Whether there is nothing to look at."""
        return not (self.alike.pairs or self.groundless or self.worthless or self.stale)


def check(store: Store, analyzer: FaceAnalyzer, settings: VisionSettings) -> Findings:
    """Looks through everybody. Raises `StoreError`."""
    model = analyzer.embedder.model_sha256
    with store.people() as people:
        everyone = [one for one in people.everyone() if one.references]
        grounded = people.bases.holders()
        references = [(one.person, known) for one in everyone for known in people.faces.of(one.person)]
    table = limits(settings)
    alike = everyone_alike(store, model, analyzer.embedder.network_rule).pairs()
    return Findings(
        alike,
        tuple(one.person for one in everyone if one.person.id not in grounded),
        tuple(
            Worthless(person, known, reason)
            for person, known in references
            if known.model_sha256 == model and (reason := refusal_of(known.origin.quality, table)) is not None
        ),
        stale(everyone, model),
    )


def refusal_of(quality: Mapping[str, float], table: Sequence[Limit]) -> Reason | None:
    """Why a picture with these measures would not become a reference now; what was not measured then counts for it."""
    for limit in table:
        value = quality.get(limit.measure, math.nan)
        if math.isfinite(value) and not limit.range_for(Purpose.REFERENCE).holds(value):
            return limit.reason
    return None


def stale(everyone: Iterable[Enrolled], model_sha256: str) -> tuple[Person, ...]:
    """Who has references, none of which this model made: they have to enroll again."""
    return tuple(one.person for one in everyone if one.references and model_sha256 not in dict(one.references))
