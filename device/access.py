"""One transaction, from a badge to the door: claim, fresh frames, comparison, decision, audit, grant."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from device.clock import Stop
from device.door.operation import Door
from device.door_log import DoorLog
from device.errors import LintelError, ModelError
from device.policy.decision import decide, door_refusal, refusal
from device.ports import Camera, Clock
from device.records import (
    BADGE_AND_FACE,
    BadgeRead,
    Claim,
    Decision,
    Event,
    Evidence,
    Frame,
    Probe,
    Reason,
    Transaction,
)
from device.settings.tables import Settings
from device.store.people import People
from device.store.store import Store
from device.vision.comparison import compare
from device.vision.late import Analyzer
from device.vision.track import Track, followed

RETRY_S = 0.1
"""Pause before a camera that failed is asked again."""
MAX_LATE_S = 3.0
"""A grant that took longer to be written down is withdrawn: whoever was seen may have left."""
GLANCE_S = 0.25
"""Longest wait for the camera at a time, so that a request to stop is seen soon."""


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

    def camera_at(self, reader: str) -> Camera:
        """Where the face of somebody at this reader is seen."""
        return self.cameras.get(reader, self.camera)


class Access:
    """Carries out transactions at one door, one at a time."""

    def __init__(self, doorway: Doorway, settings: Settings, log: DoorLog | None = None) -> None:
        """`log` takes what can't be written down at once."""
        self._doorway = doorway
        self._settings = settings
        self._log = log or DoorLog(doorway.door, doorway.store, doorway.clock)
        self._row = 0
        """The last decision's, so that the row about passing names it."""

    def swipe(self, badge: BadgeRead, stop: Stop | None = None) -> Transaction:
        """Decides on a badge, writes the decision down, and only then, if it is a grant, tells the door.

        A camera, vision or store that fails is a denial with its reason, and so is a door that lets nobody in, or a
        request to stop, whenever it comes: after it nothing is released.
        """
        stop = stop or Stop()
        decided = self._timed(self._decided(badge, stop), badge.at)
        if decided.decision.granted and (objection := self._objection(stop)):
            decided = replace(decided, decision=Decision(objection))
        transaction = self._recorded(decided, badge.at)
        if not transaction.decision.granted:
            return transaction
        late_s = self._doorway.clock.monotonic() - badge.at - transaction.waited_s
        if late_s > MAX_LATE_S:
            why = f"The store took {late_s:.1f} s to write the decision down."
            return replace(self._withdrawn(transaction, Reason.STORE_FAULT), fault=why)
        return self._carried_out(transaction, stop)

    def _objection(self, stop: Stop) -> Reason | None:
        """What keeps the door itself from letting anybody in just now."""
        return Reason.STOPPING if stop.is_set() else door_refusal(self._doorway.door.state)

    def _carried_out(self, transaction: Transaction, stop: Stop) -> Transaction:
        """Tells the door; a grant that it does not carry out is withdrawn, and the audit says so."""
        if not stop.is_set() and self._doorway.door.grant(extended=transaction.extended, row=self._row):
            return transaction
        return self._withdrawn(transaction, self._objection(stop) or Reason.DOOR_INTERLOCKED)

    def _decided(self, badge: BadgeRead, stop: Stop) -> Transaction:
        denied = Transaction(
            self._doorway.clock.utc(),
            badge.credential,
            None,
            Decision(Reason.BADGE_UNREADABLE),
            0.0,
            door=self._doorway.door.name,
            reader=badge.reader,
        )
        if badge.credential is None:
            return replace(denied, fault=badge.fault or None)
        if objection := door_refusal(self._doorway.door.state):
            return replace(denied, decision=Decision(objection))
        try:
            model_sha256 = self._doorway.analyzer.embedder.model_sha256
            with self._doorway.store.people() as people:
                claim = people.claim(badge.credential, model_sha256)
        except ModelError as error:
            return replace(denied, decision=Decision(Reason.VISION_FAULT), fault=error.message)
        except Exception as error:  # whatever a damaged store comes up with, a door that is up denies
            return replace(denied, decision=Decision(Reason.STORE_FAULT), fault=_said(error))
        reason = refusal(claim)
        if claim is None or reason:
            return replace(
                denied, person=claim.person if claim else None, decision=Decision(reason or Reason.BADGE_UNKNOWN)
            )
        return self._compared(replace(denied, person=claim.person, extended=claim.extended), claim, badge, stop)

    def _compared(self, transaction: Transaction, claim: Claim, badge: BadgeRead, stop: Stop) -> Transaction:
        look = _Look(self._doorway, self._settings, badge, stop)
        decision, fault = Decision(Reason.VISION_FAULT), None
        try:
            found = look.probes()
            decision = (
                Decision(found) if isinstance(found, Reason) else decide(self._evidence(found, claim), BADGE_AND_FACE)
            )
            fault = look.fault
        except Exception as error:  # whatever a library comes up with, a door that is up denies
            fault = _said(error)
        return replace(transaction, decision=decision, frames=look.frames, fault=fault)

    def _evidence(self, probes: tuple[Probe, ...], claim: Claim) -> Evidence:
        rule = self._doorway.analyzer.embedder.decision_rule
        return compare([probe.embedding for probe in probes], claim.references, rule)

    def _recorded(self, transaction: Transaction, since: float) -> Transaction:
        """What could not be written down did not happen: it becomes a denial, whose row is written later. A flood of
        denials is only counted.
        """
        if self._log.counts(transaction):
            return replace(transaction, counted=True)
        if transaction.decision.reason is Reason.STORE_FAULT:  # asking again would keep them waiting as long again
            self._log.keep(transaction)
            return transaction
        try:
            store = self._doorway.store
            with store.writing(), store.people() as people, store.audit() as audit:
                transaction = self._still_entitled(transaction, people)
                self._row = audit.record(transaction)
        except Exception as error:  # as above
            denied = replace(transaction, decision=Decision(Reason.STORE_FAULT), fault=_said(error))
            denied = self._timed(denied, since)
            self._log.keep(denied)
            return denied
        return transaction

    def _timed(self, transaction: Transaction, since: float) -> Transaction:
        return replace(transaction, waited_s=self._doorway.clock.monotonic() - since)

    def _still_entitled(self, transaction: Transaction, people: People) -> Transaction:
        """A grant becomes a denial if the badge was revoked or the person erased while they stood at the door."""
        if not transaction.decision.granted or transaction.credential is None:
            return transaction
        claim = people.claim(transaction.credential, self._doorway.analyzer.embedder.model_sha256)
        reason = refusal(claim)
        if claim and transaction.person and claim.person.id != transaction.person.id:
            reason = Reason.BADGE_UNKNOWN
        return replace(transaction, decision=Decision(reason)) if reason else transaction

    def _withdrawn(self, transaction: Transaction, reason: Reason) -> Transaction:
        """A grant that became impossible while it was written down: the audit says that nothing was released."""
        self._log.add(Event.FAULT, f"The last grant was not carried out: {reason.code}.")
        self._log.write_down()
        return replace(transaction, decision=Decision(reason))


class _Look:
    """One person in front of the camera, from the badge until enough good frames, the time-out or a request to stop."""

    def __init__(self, doorway: Doorway, settings: Settings, badge: BadgeRead, stop: Stop) -> None:
        self._doorway = doorway
        self._needed = settings.access.probes
        self._max_age_s = settings.access.max_frame_age_s
        self._camera = doorway.camera_at(badge.reader)
        self._since = badge.at
        self._stop = stop
        self._deadline = badge.at + settings.access.face_timeout_s
        self._failed: Reason | None = None
        self.frames = 0
        self.fault: str | None = None
        """Why the camera gave nothing, or the frame seen last could not be analyzed."""

    def probes(self) -> tuple[Probe, ...] | Reason:
        """As many good probes of one face in a row as are needed, or the last reason why there were not.

        What fails before the time-out is looked at again: a driver's hiccup or a damaged frame is not a denial. Raises
        `ModelError` if the model isn't calibrated.
        """
        rule = self._doorway.analyzer.embedder.decision_rule
        track: Track = ()
        complaint: Reason | None = None
        while (found := self._next()) is not None:
            if isinstance(found, Probe):
                track = followed(track, found, rule)
            elif found in (Reason.SEVERAL_FACES, Reason.NO_FACE, self._failed):
                track = ()
            if len(track) == self._needed:
                return track
            complaint = complaint if self._failed else _worse(complaint, found)
        return Reason.STOPPING if self._stop.is_set() else self._failed or complaint or Reason.CAMERA_FAULT

    def _next(self) -> Probe | Reason | None:
        """What the next fresh frame shows, or what failed; None at the deadline or a request to stop."""
        try:
            if (frame := self._fresh_frame()) is None:
                return None
        except Exception as error:  # as below
            self._doorway.clock.sleep(min(RETRY_S, max(0.0, self._deadline - self._doorway.clock.monotonic())))
            return self._fails(Reason.CAMERA_FAULT, error)
        try:
            found = self._doorway.analyzer.analyze(frame.image)
        except Exception as error:  # whatever a library comes up with, the next frame may do
            return self._fails(Reason.VISION_FAULT, error)
        self.frames += 1
        self._failed = self.fault = None
        return found

    def _fails(self, reason: Reason, error: Exception) -> Reason:
        self._failed, self.fault = reason, _said(error)
        return reason

    def _fresh_frame(self) -> Frame | None:
        """The next frame captured after the badge and not long ago; None at the deadline or a request to stop."""
        clock = self._doorway.clock
        while (left := self._deadline - clock.monotonic()) > 0 and not self._stop.is_set():
            frame = self._camera.read(min(left, GLANCE_S))
            fresh = (
                frame and frame.captured_at > self._since and clock.monotonic() - frame.captured_at <= self._max_age_s
            )
            if fresh:
                return frame
        return None


def _worse(before: Reason | None, found: Probe | Reason) -> Reason:
    """The reason to show in the end: the latest thing that the person can fix, rather than an empty view."""
    if isinstance(found, Probe):
        return Reason.FACE_TOO_BRIEF if before in (None, Reason.NO_FACE) else before
    return before if found is Reason.NO_FACE and before else found


def _said(error: Exception) -> str:
    """What an error says for the audit; of an error that isn't ours only its kind, as its text may hold anything."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return error.message if isinstance(error, LintelError) else kind
