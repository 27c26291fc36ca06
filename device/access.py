"""The way in of one door: a `Showing` for each reader, driven by what reader, camera, store, door and clock say.

Badge, claim, frames, comparison, verdict; `CarryOut` then commits it and tells the door. Nothing here waits for a
camera or a network (`Beside`), so that a badge at one reader delays none at another.
"""

import math
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from device.carry_out import CarryOut
from device.clock import Stop
from device.clock_watch import ClockWatch
from device.door.operation import Door
from device.door_log import DoorLog
from device.errors import ModelError
from device.failures import in_words
from device.looking import Beside, InTurn, KnownScene, Looking, Sight
from device.next_badge import NextBadge
from device.policy.clock_state import ClockReading
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
    TurnAsked,
)
from device.policy.modes import Pad, way_in
from device.policy.showing import Showing, begun, outcome
from device.policy.turn import Direction
from device.policy.waits import Waits, tries_in
from device.ports import Camera, Clock
from device.records import (
    BadgeRead,
    BadgeRemoved,
    Claim,
    Credential,
    KeyPress,
    PadMode,
    Probe,
    Reason,
    Signal,
    Transaction,
)
from device.records.rulings import ClockState
from device.settings.tables import Settings
from device.store.store import Store
from device.vision.comparison import compare
from device.vision.late import Analyzer
from device.vision.manifest import DecisionRule
from device.vision.track import follows
from device.vision.turned_faces import identity

LOOKED_BACK = 100
"""Decisions on a badge that are looked through for presentation attacks after a start."""
_NO_CURVE = "The network's thresholds have no curve, which an infrared camera needs: `lintel-convert calibrate`."


def drawn() -> Direction:
    """A side that can't be foreseen."""
    return secrets.choice(tuple(Direction))


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
    pad: Pad = field(default_factory=Pad)
    """What it does against presentation attacks."""
    scenes: Mapping[str, KnownScene] = field(default_factory=dict)
    """What is known of the empty view of the camera at a reader, by the reader's name."""
    waits: Waits = field(default_factory=Waits)
    """Of badges after presentation attacks; the doors of one process share it."""
    draw: Callable[[], Direction] = drawn
    """To which side a person has to turn the head: at random, but for simulations."""
    clock_watch: ClockWatch | None = None
    """Says whether the time of day is trusted; without one, as in simulations, it is."""

    def camera_at(self, reader: str) -> Camera:
        """Where the face of a person at this reader is seen."""
        return self.cameras.get(reader, self.camera)

    def time_of_day(self) -> ClockReading:
        """Now, and how far that can be relied upon."""
        if self.clock_watch is not None:
            return self.clock_watch.reading()
        return ClockReading(ClockState.TRUSTED, self.clock.utc(), monotonic=self.clock.monotonic())

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
        self._terms = way_in(settings, doorway.pad)
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
            for visit in self._at(look.sight):
                self._looked(visit, look.event, stop)
            look.sight.embeds_turned = any(visit.showing.asks_for_turn for visit in self._at(look.sight))
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

    def _at(self, sight: Sight) -> Iterator[_Visit]:
        return (visit for visit in self._visits.values() if visit.sight is sight)

    def _rest(self) -> None:
        for _ in self._looking.looks({}, 0.0):
            pass  # it was for a person who has gone

    def _sight_at(self, reader: str) -> Sight:
        camera = self._doorway.camera_at(reader)
        scene = self._doorway.scenes.get(reader)
        made = Sight(camera, self._doorway.analyzer, self._clock, max_age_s=self._terms.max_age_s, scene=scene)
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
            return self._claim_of(credential, claim)
        except ModelError as error:
            return ClaimFailed(self._clock.monotonic(), Reason.VISION_FAULT, error.message)
        except Exception as error:  # whatever a damaged store comes up with, a door that is up denies
            return ClaimFailed(self._clock.monotonic(), Reason.STORE_FAULT, in_words(error))

    def _claim_of(self, credential: Credential, claim: Claim | None) -> BadgeClaimed:
        """With what was before with this badge, where the door looks for presentation attacks."""
        if claim is None or self._terms.pad.mode is PadMode.OFF:
            return BadgeClaimed(self._clock.monotonic(), claim)
        waits, mode = self._doorway.waits, self._terms.pad.mode
        with self._doorway.store.audit() as audit:
            if not waits.knows(credential):
                before = tries_in(audit.decisions_on(credential, LOOKED_BACK), self._clock.utc())
                waits.remember(credential, before, self._clock.monotonic())
            is_in_use = mode is PadMode.TURN_IN_DOUBT and audit.was_granted(credential, self._doorway.door.name)
        now = self._clock.monotonic()
        return BadgeClaimed(now, claim, waits.has_to_wait(credential, now), is_first_use=not is_in_use)

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
            if isinstance(event, FrameSeen):
                self._before_a_frame(visit, stop)
                event = self._answered(visit.showing, event, visit.rule)
            visit.hear(event)
            self._compared(visit, visit.rule, stop)
            if visit.showing.awaits_turn and not self._is_someone_asked:
                visit.hear(TurnAsked(self._clock.monotonic(), self._doorway.draw()))
        except Exception as error:
            visit.hear(ComparisonFailed(event.at, in_words(error)))

    @property
    def _is_someone_asked(self) -> bool:
        """Whether someone turns the head: the door has one pair of lamps, so that of two people one waits."""
        return any(visit.showing.asks_for_turn for visit in self._visits.values())

    def _before_a_frame(self, visit: _Visit, stop: Stop) -> None:
        """Where a frame may be the last that a grant needs, what the door and a request to stop say counts for it."""
        if visit.showing.awaits_identity:
            if stop.is_set():
                visit.hear(StopRequested(visit.showing.at))
            visit.hear(DoorChanged(visit.showing.at, self._doorway.door.state))

    def _answered(self, showing: Showing, event: FrameSeen, rule: DecisionRule) -> FrameSeen:
        """The frame with what is asked of it: whether it continues the track, and once that matched, whose it is."""
        found, cues = event.found, event.cues
        if isinstance(found, Probe):
            event = replace(event, follows=follows(showing.track, found, rule))
        embedding = found.embedding if isinstance(found, Probe) else cues.embedding if cues is not None else None
        if not showing.awaits_identity or showing.claim is None or embedding is None:
            return event
        share = self._doorway.share_at(showing.badge.reader)
        return replace(event, identity=identity(embedding, showing.claim.references, rule, share=share))

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
        done = self._carry_out.carry_out(decided, showing.badge.at, claim=claim, model_sha256=sha256, stop=stop)
        if claim is not None and done.credential is not None:
            self._doorway.waits.decided(done.credential, done.decision, self._clock.monotonic())
        return done
