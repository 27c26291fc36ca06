"""The way in of one door: a `Showing` for each reader, driven by what reader, camera, store, door and clock say.

Badge, claim, frames, comparison, verdict; `CarryOut` then commits it and tells the door. Nothing here waits for a
camera or a network (`Beside`), so that a badge at one reader delays none at another.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from device.carry_out import CarryOut
from device.clock import Stop
from device.door.operation import Door
from device.door_log import DoorLog
from device.errors import ModelError
from device.failures import in_words
from device.looking import Beside, InTurn, Looking, Sight
from device.next_badge import NextBadge
from device.policy.events import (
    BadgeClaimed,
    ClaimFailed,
    Compared,
    ComparisonFailed,
    DoorChanged,
    FrameSeen,
    LookFailed,
    ShowingEvent,
    StopRequested,
    TimePassed,
)
from device.policy.modes import way_in
from device.policy.showing import Showing, begun, outcome
from device.ports import Camera, Clock
from device.records import BadgeRead, BadgeRemoved, Credential, KeyPress, Probe, Reason, Signal, Transaction
from device.settings.tables import Settings
from device.store.store import Store
from device.vision.comparison import compare
from device.vision.late import Analyzer
from device.vision.manifest import DecisionRule
from device.vision.track import follows

_NO_CURVE = "The network's thresholds have no curve, which an infrared camera needs: `lintel-convert calibrate`."


@dataclass(frozen=True, slots=True)
class Doorway:
    """What one door is made of."""

    camera: Camera
    door: Door
    store: Store
    analyzer: Analyzer
    clock: Clock
    cameras: Mapping[str, Camera] = field(default_factory=dict)
    """Those at readers that have one of their own, by the reader's name."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """At which share of the target rate a face matches, by the reader's name: less where a camera sees by infrared."""
    next_badge: NextBadge = field(default_factory=NextBadge)
    """Badges that operators wait for at its readers."""

    def camera_at(self, reader: str) -> Camera:
        """Where the face of a person at this reader is seen."""
        return self.cameras.get(reader, self.camera)

    def share_at(self, reader: str) -> float:
        """At which share of the target rate a face at this reader matches; one without a share has the strictest."""
        return self.shares.get(reader, min(self.shares.values(), default=1.0))


@dataclass(slots=True)
class _Visit:
    """A person at a reader, from the badge to the verdict."""

    showing: Showing
    sight: Sight
    started_at: datetime
    model_sha256: str = ""
    rule: DecisionRule | None = None
    """That of the model which made the claim's references."""

    def hear(self, event: ShowingEvent) -> None:
        self.showing = self.showing.hear(event)


class Access:
    """Carries out the transactions at the entry readers of one door, one at a time at each. One thread uses it."""

    def __init__(
        self,
        doorway: Doorway,
        settings: Settings,
        log: DoorLog | None = None,
        wake: Callable[[], None] | None = None,
    ) -> None:
        """`log` takes what can't be written down at once. With `wake`, which ends the wait of the caller of `advance`
        next, cameras are looked through in threads; without it, while `advance` waits.
        """
        self._doorway = doorway
        self._clock = doorway.clock
        self._terms = way_in(settings)
        self._carry_out = CarryOut(
            doorway.door, doorway.store, log or DoorLog(doorway.door, doorway.store, doorway.clock), doorway.clock
        )
        self._looking: Looking = InTurn() if wake is None else Beside(doorway.clock, wake)
        self._sights: dict[int, Sight] = {}
        self._visits: dict[str, _Visit] = {}

    @property
    def busy(self) -> frozenset[str]:
        """The readers with a showing under way."""
        return frozenset(self._visits)

    @property
    def prompts(self) -> Mapping[str, Signal]:
        """What each of them is asked for, by the reader."""
        prompts = ((reader, visit.showing.prompt) for reader, visit in self._visits.items())
        return {reader: prompt for reader, prompt in prompts if prompt is not None}

    @property
    def deadline(self) -> float:
        """When the next of them is over, in seconds on the monotonic clock; infinite without one."""
        return min((visit.showing.deadline for visit in self._visits.values()), default=math.inf)

    @property
    def last_beat(self) -> float:
        """When what looks through the cameras last came round, likewise; infinite while it rests."""
        return self._looking.last_beat

    def present(self, badge: BadgeRead, stop: Stop) -> Transaction | None:
        """Takes a badge at a reader that is not busy. What came of it, or None if a face is to be seen first.

        A store or a model that fails is a denial with its reason, and so is a door that lets no one in.
        """
        showing = begun(badge, self._terms, door=self._doorway.door.state, now=self._clock.monotonic())
        visit = _Visit(showing, self._sight_at(badge.reader), self._clock.utc())
        if showing.awaits_claim and badge.credential is not None:
            visit.hear(self._claimed(visit, badge.credential))
        if visit.showing.awaits_face:
            self._ask_for_rule(visit)
        if visit.showing.verdict is not None:
            return self._over(visit, stop)
        self._visits[badge.reader] = visit
        return None

    def gives_way(self, badge: BadgeRead) -> bool:
        """Whether the showing at a busy reader ends for another badge there, as its own did not match."""
        visit = self._visits[badge.reader]
        is_open = visit.showing.verdict is None
        visit.hear(badge)
        return is_open and visit.showing.verdict is not None

    def hear(self, event: KeyPress | BadgeRemoved) -> None:
        """Passes on what else a reader says to who stands there."""
        if (visit := self._visits.get(event.reader)) is not None:
            visit.hear(event)

    def advance(self, stop: Stop, within_s: float) -> tuple[Transaction, ...]:
        """Hears what the cameras saw, a request to stop, and the time; what is over. Waits `within_s` at most."""
        self._ask_whether_to_stop(stop)
        left_s = max(0.0, self.deadline - self._clock.monotonic())
        for look in self._looking.looks(self._wanted(), min(within_s, left_s)):
            for visit in self._visits.values():
                if visit.sight is look.sight:
                    self._looked(visit, look.event, stop)
        self._ask_whether_to_stop(stop)
        self._all_hear(TimePassed(self._clock.monotonic()))
        over = [reader for reader, visit in self._visits.items() if visit.showing.verdict is not None]
        transactions = tuple(self._over(self._visits.pop(reader), stop) for reader in over)
        if not self._visits:
            self._rest()
        return transactions

    def forget(self) -> None:
        """Gives up all showings, without a verdict: after a failure nothing is known of them."""
        self._visits.clear()
        self._rest()

    def close(self) -> None:
        """Looks no more; harmless when repeated."""
        self._looking.close()

    def _rest(self) -> None:
        for _ in self._looking.looks({}, 0.0):
            pass  # it was for a person who has gone

    def _sight_at(self, reader: str) -> Sight:
        camera = self._doorway.camera_at(reader)
        made = Sight(camera, self._doorway.analyzer, self._clock, max_age_s=self._terms.max_age_s)
        return self._sights.setdefault(id(camera), made)

    def _wanted(self) -> dict[Sight, float]:
        wanted: dict[Sight, float] = {}
        for visit in self._visits.values():
            if visit.showing.awaits_face:
                wanted[visit.sight] = min(visit.showing.badge.at, wanted.get(visit.sight, math.inf))
        return wanted

    def _claimed(self, visit: _Visit, credential: Credential) -> ShowingEvent:
        """Whose badge it is, as the store says. References count only if the present model made them."""
        try:
            visit.model_sha256 = self._doorway.analyzer.embedder.model_sha256
            with self._doorway.store.people() as people:
                claim = people.claim(credential, visit.model_sha256)
        except ModelError as error:
            return ClaimFailed(self._clock.monotonic(), Reason.VISION_FAULT, error.message)
        except Exception as error:  # whatever a damaged store comes up with, a door that is up denies
            return ClaimFailed(self._clock.monotonic(), Reason.STORE_FAULT, in_words(error))
        return BadgeClaimed(self._clock.monotonic(), claim)

    def _ask_for_rule(self, visit: _Visit) -> None:
        try:
            visit.rule = self._doorway.analyzer.embedder.decision_rule
        except Exception as error:  # as above; a `ModelError` says that the model isn't calibrated
            visit.hear(ComparisonFailed(self._clock.monotonic(), in_words(error)))
            return
        if self._doorway.share_at(visit.showing.badge.reader) < 1.0 and len(visit.rule.single_pairs) < 2:
            visit.hear(ComparisonFailed(self._clock.monotonic(), _NO_CURVE))

    def _looked(self, visit: _Visit, event: FrameSeen | LookFailed, stop: Stop) -> None:
        """Passes on what was seen, and answers what is asked about it, whatever a library comes up with."""
        if visit.rule is None:
            return
        try:
            if isinstance(event, FrameSeen) and isinstance(event.found, Probe):
                event = replace(event, follows=follows(visit.showing.track, event.found, visit.rule))
            visit.hear(event)
            self._compared(visit, visit.rule, stop)
        except Exception as error:
            visit.hear(ComparisonFailed(event.at, in_words(error)))

    def _compared(self, visit: _Visit, rule: DecisionRule, stop: Stop) -> None:
        """Compares when the showing asks for it. What the door and a request to stop say then counts for a match."""
        showing, claim = visit.showing, visit.showing.claim
        if not showing.awaits_comparison or claim is None:
            return
        probes = [probe.embedding for probe in showing.track]
        share = showing.comparisons.share * self._doorway.share_at(showing.badge.reader)
        evidence = compare(probes, claim.references, rule, share=share)
        if evidence.matches and stop.is_set():
            visit.hear(StopRequested(showing.at))
        visit.hear(DoorChanged(showing.at, self._doorway.door.state))
        visit.hear(Compared(showing.at, showing.track, claim, evidence))

    def _ask_whether_to_stop(self, stop: Stop) -> None:
        if stop.is_set():
            self._all_hear(StopRequested(self._clock.monotonic()))

    def _all_hear(self, event: ShowingEvent) -> None:
        for visit in self._visits.values():
            visit.hear(event)

    def _over(self, visit: _Visit, stop: Stop) -> Transaction:
        showing = visit.showing
        decided = outcome(showing, visit.started_at, self._doorway.door.name)
        claim, sha256 = showing.claim, visit.model_sha256
        return self._carry_out.carry_out(decided, showing.badge.at, claim=claim, model_sha256=sha256, stop=stop)
