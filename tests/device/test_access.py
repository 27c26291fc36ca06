"""One transaction: a grant needs everything to be right, and each thing that is wrong has its reason."""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.access import GLANCE_S, Access, Doorway
from device.cli.text.door_events import transaction_line
from device.clock import Stop
from device.credentials import parse_badge
from device.door.operation import Door
from device.errors import CameraError, ModelError, StoreError
from device.records import (
    AuditRow,
    BadgeRead,
    Box,
    Credential,
    DoorCommand,
    DoorState,
    Frame,
    Outcome,
    Probe,
    Quality,
    Reason,
    Transaction,
)
from device.settings.tables import AccessSettings, Settings
from device.store.audit import Audit
from device.store.people import People
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from device.vision.manifest import DecisionRule, Fusion, OperatingPoint
from tests.device.doors import open_door, releases
from tests.there import there

BADGE = parse_badge("17:1001")
MODEL = "a" * 64
THRESHOLD = 0.9
RULE = DecisionRule(
    metric="cosine-similarity",
    direction="higher-is-closer",
    target_fmr=1e-4,
    dataset="none",
    fusion=Fusion(least_probe_length=0.0, least_reference_length=0.0),
    points=(OperatingPoint(references=1, probes=1, threshold=THRESHOLD, non_mated_comparisons=1),),
)
REFERENCE = np.array([1.0, 0.0], np.float32)
IMAGE = np.zeros((2, 2, 3), np.uint8)
PICTURE_REASONS = [reason for reason in Reason if reason.code.startswith(("face-", "several", "no-face"))]
GOOD_QUALITY = Quality(face_px=150, brightness=120, blur=0.3, turn=0.0)


def probe(similarity: float, *, x: float = 100.0) -> Probe:
    """A probe of this similarity to the reference, its face at `x`."""
    embedding = np.array([similarity, np.sqrt(1 - similarity**2)], np.float32)
    return Probe(embedding, GOOD_QUALITY, Box(x, 100, 100, 100))


@dataclass
class ScriptedCamera:
    """A camera that gives a frame every 0.1 s, of the ages it is told, until it is told to fail."""

    clock: SimulatedClock
    ages_s: list[float] = field(default_factory=list)
    fault: CameraError | None = None
    given: list[Frame] = field(default_factory=list)

    def read(self, timeout_s: float) -> Frame | None:
        if self.fault:
            raise self.fault
        self.clock.sleep(min(0.1, timeout_s))
        if timeout_s < 0.1:
            return None
        age = self.ages_s.pop(0) if self.ages_s else 0.0
        self.given.append(Frame(IMAGE, self.clock.monotonic() - age))
        return self.given[-1]

    def close(self) -> None:
        pass


@dataclass
class ScriptedAnalyzer:
    """An analyzer that finds what it is told, the last thing for ever."""

    found: list[Probe | Reason | Exception]
    seen: int = 0

    @property
    def embedder(self) -> "ScriptedAnalyzer":
        return self

    model_sha256 = MODEL
    decision_rule = RULE

    def analyze(self, _image: np.ndarray) -> Probe | Reason:
        result = self.found[min(self.seen, len(self.found) - 1)]
        self.seen += 1
        if isinstance(result, Exception):
            raise result
        return result


@dataclass
class World:
    access: Access
    clock: SimulatedClock
    camera: ScriptedCamera
    analyzer: ScriptedAnalyzer
    pins: SimulatedPins
    store: Store
    settings: Settings

    def swipe(self, badge: Credential = BADGE, stop: None = None) -> Transaction:
        return self.access.swipe(BadgeRead(badge, self.clock.monotonic()), stop)

    @property
    def door(self) -> Door:
        return self.access._doorway.door

    @property
    def releases(self) -> int:
        return len(releases(self.pins, self.settings.doors[0]))

    def last_row(self) -> AuditRow:
        with self.store.audit() as audit:
            return audit.newest(1)[0]


def put_into(world: World, state: DoorState) -> None:
    if state is DoorState.LOCKDOWN:
        world.door.command(DoorCommand.LOCKDOWN)
    else:
        world.pins.broken = True
        world.door.command(DoorCommand.RELEASE)
    assert world.door.state is state


@pytest.fixture(scope="module")
def world_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., World]]:
    """Makes a world in which BADGE is enrolled, and whose analyzer finds what it is told."""
    opened = []

    def make(*found: Probe | Reason | Exception, references: np.ndarray | None = None, model: str = MODEL) -> World:
        clock, settings = SimulatedClock(), Settings()
        store = Store(tmp_path_factory.mktemp("world"))
        opened.append(store)
        with store.people() as people:
            person = people.add("Ada", clock.utc())
            people.issue(BADGE, person, clock.utc())
            people.add_references(
                person, np.stack([REFERENCE]) if references is None else references, model, clock.utc()
            )
        camera, analyzer = ScriptedCamera(clock), ScriptedAnalyzer(list(found) or [probe(1.0)])
        pins = SimulatedPins(clock)
        doorway = Doorway(camera, open_door(settings, pins, clock), store, analyzer, clock)
        return World(Access(doorway, settings), clock, camera, analyzer, pins, store, settings)

    yield make
    for store in opened:
        store.close()


def test_the_right_badge_and_the_right_face_open_the_door(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    assert world.swipe().decision.outcome is Outcome.GRANTED
    assert world.releases == 1


def test_the_strike_is_released_for_the_strike_time_and_no_longer(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    world.swipe()
    world.clock.sleep(60.0)
    ((released_at, secured_at),) = releases(world.pins, world.settings.doors[0])
    assert secured_at - released_at == pytest.approx(world.settings.doors[0].strike_time_s)


def test_somebody_who_needs_more_time_has_it(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    with world.store.people() as people:
        people.give_time(there(people.badge(BADGE)).person, extended=True)
    world.swipe()
    world.clock.sleep(60.0)
    ((released_at, secured_at),) = releases(world.pins, world.settings.doors[0])
    assert secured_at - released_at == pytest.approx(world.settings.doors[0].extended_strike_time_s)


@pytest.mark.parametrize(
    ("state", "reason"), [(DoorState.LOCKDOWN, Reason.DOOR_LOCKDOWN), (DoorState.FAULT, Reason.DOOR_FAULT)]
)
def test_a_door_that_lets_nobody_in_says_so_without_a_look(
    world_of: Callable[..., World], state: DoorState, reason: Reason
) -> None:
    world = world_of(probe(0.95))
    put_into(world, state)
    assert world.swipe().decision.reason is reason
    assert (world.releases, world.camera.given) == (0, [])


@pytest.mark.parametrize(
    ("state", "reason"), [(DoorState.LOCKDOWN, Reason.DOOR_LOCKDOWN), (DoorState.FAULT, Reason.DOOR_FAULT)]
)
def test_a_lockdown_or_a_fault_during_the_look_keeps_the_door_locked(
    world_of: Callable[..., World], state: DoorState, reason: Reason
) -> None:
    world = world_of(probe(0.95))
    world.clock.at(world.clock.monotonic() + 0.15, lambda: put_into(world, state))
    assert world.swipe().decision.reason is reason
    assert (world.releases, world.last_row().outcome) == (0, Outcome.DENIED)


def test_a_lockdown_while_the_grant_is_written_down_is_in_the_audit(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    record = Audit.record

    def locking(audit: Audit, transaction: Transaction) -> int:
        world.door.command(DoorCommand.LOCKDOWN)
        return record(audit, transaction)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Audit, "record", locking)
        told = world.swipe()
    assert (told.decision.reason, world.releases) == (Reason.DOOR_LOCKDOWN, 0)
    with world.store.audit() as audit:
        faults = [row.fault for row in audit]
    assert "The last grant was not carried out: door-lockdown." in faults


def test_every_swipe_says_which_door_and_reader(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    world.access.swipe(BadgeRead(BADGE, world.clock.monotonic(), "outside"))
    assert (world.last_row().door, world.last_row().reader) == ("main", "outside")


def test_why_a_badge_was_unreadable_is_in_the_audit(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.access.swipe(BadgeRead(None, world.clock.monotonic(), "outside", fault="Wrong parity."))
    assert (world.last_row().reason, world.last_row().fault) == (Reason.BADGE_UNREADABLE, "Wrong parity.")


def test_a_face_is_seen_by_the_camera_at_the_reader(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    inside = ScriptedCamera(world.clock)
    doorway = replace(world.access._doorway, cameras={"inside": inside})
    Access(doorway, world.settings).swipe(BadgeRead(BADGE, world.clock.monotonic(), "inside"))
    assert (len(inside.given), world.camera.given) == (3, [])


def test_another_face_is_a_non_match(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.5))
    assert world.swipe().decision.reason is Reason.NON_MATCH
    assert world.releases == 0


ALIKE = st.floats(-0.4, 0.4)
"""An angle to the first frame, in radians, whose cosine is above 0.9: the two frames match."""


@given(st.floats(0.4, 2.7), ALIKE, ALIKE)
def test_the_door_opens_if_and_only_if_the_mean_similarity_reaches_the_threshold(
    world_of: Callable[..., World], first: float, second: float, third: float
) -> None:
    similarities = np.cos([first, first + second, first + third]).astype(np.float32)
    world = world_of(*(probe(float(similarity)) for similarity in similarities))
    if abs(similarities.mean() - 0.9) > 1e-4:
        assert world.swipe().decision.granted == (similarities.mean() >= 0.9)


HOLDER, OTHER = 1.0, 0.75
"""Similarities to the reference: two frames of the holder and one of another have a mean of 0.917, above 0.9."""


@pytest.mark.parametrize("order", list(itertools.permutations([HOLDER, HOLDER, OTHER])))
def test_frames_of_two_people_are_not_fused(world_of: Callable[..., World], order: tuple[float, float, float]) -> None:
    """Each mix alone, then nobody: the other one is not let in on the holder's frames."""
    world = world_of(*(probe(similarity) for similarity in order), Reason.NO_FACE)
    assert (world.swipe().decision.reason, world.releases) == (Reason.FACE_TOO_BRIEF, 0)


@given(st.lists(st.sampled_from([HOLDER, OTHER, *PICTURE_REASONS, "bad frame"]), max_size=8))
def test_a_grant_has_as_many_frames_of_the_holder_as_are_needed(
    world_of: Callable[..., World], shown: list[Reason | float | str]
) -> None:
    """However frames are mixed, no frame of the other is between the holder's three."""
    found = [probe(one) if isinstance(one, float) else ValueError(one) if one == "bad frame" else one for one in shown]
    transaction = world_of(*found, Reason.NO_FACE).swipe()
    faces = [one for one in shown if isinstance(one, float)]
    in_a_row = any(faces[at : at + 3] == [HOLDER] * 3 for at in range(len(faces)))
    assert not transaction.decision.granted or in_a_row


@pytest.mark.parametrize(("written", "reason"), [("17:9", Reason.BADGE_UNKNOWN), (None, Reason.BADGE_UNREADABLE)])
def test_a_badge_that_nobody_holds_is_refused_without_a_look(
    world_of: Callable[..., World], written: str | None, reason: Reason
) -> None:
    world = world_of()
    assert world.swipe(parse_badge(written) if written else None).decision.reason is reason
    assert world.camera.given == []


def test_a_revoked_badge_is_refused_without_a_look(world_of: Callable[..., World]) -> None:
    world = world_of()
    with world.store.people() as people:
        people.revoke(BADGE, world.clock.utc())
    assert world.swipe().decision.reason is Reason.BADGE_REVOKED
    assert world.camera.given == []


def test_references_of_another_model_do_not_count(world_of: Callable[..., World]) -> None:
    assert world_of(model="b" * 64).swipe().decision.reason is Reason.NO_REFERENCES


@pytest.mark.parametrize("reason", PICTURE_REASONS)
def test_what_is_wrong_with_the_picture_is_the_reason_at_the_time_out(
    world_of: Callable[..., World], reason: Reason
) -> None:
    world = world_of(reason)
    transaction = world.swipe()
    assert transaction.decision.reason is reason
    assert transaction.waited_s == pytest.approx(world.settings.access.face_timeout_s)


def test_walking_off_does_not_hide_what_was_wrong_before(world_of: Callable[..., World]) -> None:
    assert world_of(Reason.FACE_TOO_DARK, Reason.NO_FACE).swipe().decision.reason is Reason.FACE_TOO_DARK


@pytest.mark.parametrize("before", [None, Reason.NO_FACE])
def test_good_frames_that_are_too_few_are_no_fault_of_the_camera(
    world_of: Callable[..., World], before: Reason | None
) -> None:
    """As with a camera that gives a frame every three seconds, or somebody who passes by."""
    world = world_of(*[before] * (before is not None), probe(0.95), probe(0.95), Reason.NO_FACE)
    transaction = world.swipe()
    assert (transaction.decision.reason, world.releases) == (Reason.FACE_TOO_BRIEF, 0)


def test_what_was_wrong_with_other_frames_is_told_rather(world_of: Callable[..., World]) -> None:
    world = world_of(Reason.FACE_TOO_DARK, probe(0.95), Reason.NO_FACE)
    assert world.swipe().decision.reason is Reason.FACE_TOO_DARK


def test_a_face_that_jumps_for_ever_is_no_fault_of_the_camera(world_of: Callable[..., World]) -> None:
    jumping = [probe(0.95, x=600 * (n % 2)) for n in range(100)]
    assert world_of(*jumping).swipe().decision.reason is Reason.FACE_TOO_BRIEF


def test_the_person_has_until_the_time_out_to_come_closer(world_of: Callable[..., World]) -> None:
    assert world_of(*[Reason.FACE_TOO_SMALL] * 20, probe(0.95)).swipe().decision.granted


def test_a_camera_that_fails_is_a_denial(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.camera.fault = CameraError("The cable is cut.", hint="Mend it.")
    transaction = world.swipe()
    assert transaction.decision.reason is Reason.CAMERA_FAULT
    assert transaction.fault == "The cable is cut."


def test_a_model_that_fails_is_a_denial(world_of: Callable[..., World]) -> None:
    transaction = world_of(ModelError("No vector.", hint="Check it.")).swipe()
    assert transaction.decision.reason is Reason.VISION_FAULT


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ValueError("face of Ada"), "ValueError"),
        (cv2.error("resize"), "cv2.error"),
        (np.linalg.LinAlgError("singular"), "numpy.linalg.LinAlgError"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_whatever_fails_in_vision_is_a_denial_with_its_kind_and_no_contents(
    world_of: Callable[..., World], error: Exception, fault: str
) -> None:
    world = world_of(error)
    assert world.swipe().decision.reason is Reason.VISION_FAULT
    assert world.last_row().fault == fault
    world.analyzer.found = [probe(0.95)]
    assert world.swipe().decision.granted


@pytest.mark.parametrize("error", [ValueError("0x0"), cv2.error("resize"), ModelError("No vector.", hint="Check it.")])
def test_one_bad_frame_is_looked_past(world_of: Callable[..., World], error: Exception) -> None:
    world = world_of(error, probe(0.95))
    assert (world.swipe().decision.granted, world.last_row().fault) == (True, None)


def test_bad_frame_begins_the_view_again(world_of: Callable[..., World]) -> None:
    """Three good frames are needed, and two were there before it."""
    assert world_of(probe(0.95), probe(0.95), ValueError("0x0"), probe(0.95)).swipe().frames == 5


@pytest.mark.parametrize("error", [CameraError("The driver hiccups.", hint="Wait."), OSError("ioctl")])
def test_camera_that_fails_for_a_moment_is_looked_past(world_of: Callable[..., World], error: Exception) -> None:
    world = world_of(probe(0.95))
    world.camera.fault = error
    world.clock.at(world.clock.monotonic() + 2.0, lambda: setattr(world.camera, "fault", None))
    transaction = world.swipe()
    assert transaction.decision.granted
    assert transaction.waited_s < 3.0


def test_camera_that_fails_is_asked_until_the_time_out(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    world.camera.fault = CameraError("The cable is cut.", hint="Fix it.")
    assert world.swipe().waited_s == pytest.approx(6.0)


def test_nobody_there_after_a_hiccup_is_not_a_fault(world_of: Callable[..., World]) -> None:
    transaction = world_of(ValueError("0x0"), Reason.NO_FACE).swipe()
    assert (transaction.decision.reason, transaction.fault) == (Reason.NO_FACE, None)


@pytest.mark.parametrize("age_s", [0.6, 5.0])
def test_an_old_picture_is_no_evidence(world_of: Callable[..., World], age_s: float) -> None:
    world = world_of(probe(1.0))
    world.clock.sleep(60)
    world.camera.ages_s = [age_s] * 1000
    assert world.swipe().decision.reason is Reason.CAMERA_FAULT
    assert world.analyzer.seen == 0


def test_a_picture_from_before_the_badge_is_no_evidence(world_of: Callable[..., World]) -> None:
    world = world_of(probe(1.0))
    world.clock.sleep(60)
    world.camera.ages_s = [0.2, 0.3, 0.35]
    world.swipe()
    assert world.analyzer.seen == len(world.camera.given) - 3


@pytest.mark.parametrize("between", [Reason.NO_FACE, Reason.SEVERAL_FACES])
def test_an_interrupted_view_begins_again(world_of: Callable[..., World], between: Reason) -> None:
    world = world_of(probe(0.95), probe(0.95), between, probe(0.95))
    assert world.swipe().frames == 6


def test_a_face_that_jumps_is_another_face(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95, x=0), probe(0.95, x=0), probe(0.95, x=400))
    assert world.swipe().frames == 5


def test_the_audit_has_the_row_before_the_strike_is_released(
    monkeypatch: pytest.MonkeyPatch, world_of: Callable[..., World]
) -> None:
    world = world_of(probe(0.95))
    rows_at_release = []
    grant = world.door.grant

    def watched(**how: int) -> bool:
        with closing(sqlite3.connect(f"file:{world.store.path}?mode=ro", uri=True)) as other:
            rows_at_release.extend(other.execute("SELECT outcome FROM audit").fetchall())
        return grant(**how)

    monkeypatch.setattr(world.door, "grant", watched)
    world.swipe()
    assert rows_at_release == [("granted",)]


def test_what_cannot_be_written_down_is_denied(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    with closing(sqlite3.connect(world.store.path)) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'disk is full'); END")
    transaction = world.swipe()
    assert transaction.decision.reason is Reason.STORE_FAULT
    assert world.releases == 0


@pytest.mark.parametrize(("wrote_s", "releases"), [(2.5, 1), (3.5, 0), (30.0, 0)])
def test_a_grant_that_waited_for_the_disk_for_more_than_three_seconds_releases_nothing(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch, wrote_s: float, releases: int
) -> None:
    """Whoever was seen may have left, and somebody else may stand there."""
    world, record = world_of(probe(0.95)), Audit.record
    monkeypatch.setattr(Audit, "record", lambda *args: (record(*args), world.clock.sleep(wrote_s)))
    transaction = world.swipe()
    assert (world.releases, transaction.decision.granted) == (releases, releases == 1)
    if not releases:
        assert transaction.decision.reason is Reason.STORE_FAULT
        monkeypatch.undo()
        world.access._log.write_down()
        assert "not carried out: store-fault" in world.last_row().fault


@pytest.mark.parametrize("missing", ["store", "models"])
def test_a_flood_while_a_part_is_missing_leaves_room_for_everything_else(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """20 badges a second for a minute: at most 20 rows at once, one every 10 s, and what they count."""
    world = world_of()

    def fail(_self: Store | ScriptedAnalyzer) -> NoReturn:
        raise StoreError("Missing.", hint="Bring it.") if missing == "store" else ModelError("None.", hint="Bring it.")

    if missing == "store":
        monkeypatch.setattr(Store, "people", fail)
    else:
        monkeypatch.setattr(ScriptedAnalyzer, "model_sha256", property(fail))
    reasons = set()
    for number in range(1200):
        reasons.add(world.swipe(parse_badge(f"18:{number}")).decision.reason)
        world.clock.sleep(0.05)
    with world.store.audit() as audit:
        written = len(audit.newest(2000))
    assert reasons == {Reason.STORE_FAULT if missing == "store" else Reason.VISION_FAULT}
    assert world.access._log.waiting + written <= 26


def test_what_could_not_be_written_down_is_written_later(
    monkeypatch: pytest.MonkeyPatch, world_of: Callable[..., World]
) -> None:
    world = world_of(probe(0.95))
    audit = world.store.audit

    def fail() -> NoReturn:
        raise StoreError("Locked.", hint="Wait.")

    monkeypatch.setattr(world.store, "audit", fail)
    world.swipe()
    monkeypatch.setattr(world.store, "audit", audit)
    world.access._log.write_down()
    row = world.last_row()
    assert (row.badge, row.outcome, row.reason) == ("17:1001", Outcome.DENIED, Reason.STORE_FAULT)


def test_a_store_that_cannot_be_read_is_a_denial(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    with closing(sqlite3.connect(world.store.path)) as other:
        other.execute("DROP TABLE face_references")
    assert world.swipe().decision.reason is Reason.STORE_FAULT


@pytest.mark.parametrize("damaged", ["people", "audit"])
def test_whatever_a_damaged_store_comes_up_with_is_a_denial(world_of: Callable[..., World], damaged: str) -> None:
    world = world_of(probe(0.95))

    def fail() -> NoReturn:
        raise RuntimeError("17:1001")

    setattr(world.store, damaged, fail)
    transaction = world.swipe()
    assert (transaction.decision.reason, transaction.fault, world.releases) == (Reason.STORE_FAULT, "RuntimeError", 0)


@pytest.mark.parametrize("locked", ["people", "audit"])
def test_the_time_lost_on_a_store_that_fails_is_told(world_of: Callable[..., World], locked: str) -> None:
    world = world_of(probe(0.95))

    def fail() -> NoReturn:
        world.clock.sleep(5.0)
        raise StoreError("Locked.", hint="Wait.")

    setattr(world.store, locked, fail)
    assert world.swipe().waited_s >= 5.0


def test_what_failed_is_in_the_line_about_it(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.camera.fault = CameraError("The cable is cut.", hint="Mend it.")
    assert transaction_line(world.swipe()).endswith(", fault: The cable is cut.")


def test_a_relay_that_fails_is_a_denial_and_never_left_released(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    world.pins.broken = True
    assert world.swipe().decision.reason is Reason.DOOR_FAULT
    assert world.releases == 0


def test_every_swipe_is_in_the_audit(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.5))
    world.swipe()
    row = world.last_row()
    assert (row.badge, row.outcome, row.reason) == ("17:1001", Outcome.DENIED, Reason.NON_MATCH)
    assert row.similarity == pytest.approx(0.5, abs=1e-6)


def test_nobodys_name_is_in_the_audit(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    world.swipe()
    with closing(sqlite3.connect(world.store.path)) as other:
        assert "name" not in [row[1] for row in other.execute("PRAGMA table_info(audit)")]
        assert all("Ada" not in str(row) for row in other.execute("SELECT * FROM audit"))


@given(
    st.lists(st.sampled_from([*PICTURE_REASONS, "match", "other", "jump"]), min_size=1, max_size=40), st.integers(1, 5)
)
def test_a_grant_always_rests_on_enough_matching_frames_in_a_row(
    world_of: Callable[..., World], script: list[Reason | str], needed: int
) -> None:
    found = {"match": probe(0.99), "other": probe(0.1), "jump": probe(0.99, x=600)}
    world = world_of(*(found.get(item, item) if isinstance(item, str) else item for item in script), Reason.NO_FACE)
    settings = msgspec.structs.replace(world.settings, access=AccessSettings(probes=needed))
    transaction = Access(world.access._doorway, settings).swipe(BadgeRead(BADGE, world.clock.monotonic()))
    if transaction.decision.granted:
        used = [item for item in script[: transaction.frames] if isinstance(item, str)][-needed:]
        assert len(used) == needed
        assert "other" not in used
    assert world.releases == int(transaction.decision.granted)


@pytest.mark.parametrize(
    ("change", "reason"), [(People.revoke, Reason.BADGE_REVOKED), (People.suspend, Reason.BADGE_SUSPENDED)]
)
def test_a_badge_that_becomes_worthless_during_the_look_does_not_open_the_door(
    monkeypatch: pytest.MonkeyPatch, world_of: Callable[..., World], change: Callable[..., Any], reason: Reason
) -> None:
    world = world_of(probe(0.95))
    analyze = world.analyzer.analyze

    def changing(image: NDArray[Any]) -> Probe:
        with Store(world.store.path.parent) as other, other.people() as people:
            change(people, BADGE, world.clock.utc())
        return analyze(image)

    monkeypatch.setattr(world.analyzer, "analyze", changing)
    assert world.swipe().decision.reason is reason
    assert world.releases == 0


def test_somebody_renamed_during_the_look_is_let_in(
    monkeypatch: pytest.MonkeyPatch, world_of: Callable[..., World]
) -> None:
    world = world_of(probe(0.95))
    analyze = world.analyzer.analyze

    def renaming(image: NDArray[Any]) -> Probe:
        with Store(world.store.path.parent) as other, other.people() as people:
            people.rename(people.held(BADGE).person, f"Ada {world.analyzer.seen}")
        return analyze(image)

    monkeypatch.setattr(world.analyzer, "analyze", renaming)
    assert world.swipe().decision.granted


@pytest.mark.parametrize("state", ["suspended", "revoked"])
def test_a_badge_that_is_worthless_is_refused_without_a_look(world_of: Callable[..., World], state: str) -> None:
    world = world_of(probe(0.95))
    with world.store.people() as people:
        people.suspend(BADGE, world.clock.utc())
        if state == "revoked":
            people.revoke(BADGE, world.clock.utc())
    assert world.swipe().decision.reason.code == f"badge-{state}"
    assert (world.camera.given, world.releases) == ([], 0)


def test_a_reference_with_a_flipped_bit_opens_nothing(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95), references=np.array([[3e38, 0.0]], np.float32))
    assert world.swipe().decision.reason is Reason.STORE_FAULT
    assert world.releases == 0


class StopAfter(Stop):
    """A request to stop that is made once it has been asked about so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def is_set(self) -> bool:
        self.times -= 1
        return super().is_set() or self.times < 0


def test_a_request_to_stop_ends_the_look_at_once(world_of: Callable[..., World]) -> None:
    world = world_of(Reason.NO_FACE)
    began = world.clock.monotonic()
    transaction = world.swipe(stop=StopAfter(3))
    assert transaction.decision.reason is Reason.STOPPING
    assert world.clock.monotonic() - began < 1.0
    assert world.last_row().reason is Reason.STOPPING


def test_a_camera_that_hangs_does_not_delay_a_stop(
    monkeypatch: pytest.MonkeyPatch, world_of: Callable[..., World]
) -> None:
    world = world_of()
    monkeypatch.setattr(world.camera, "read", world.clock.sleep)
    world.swipe(stop=StopAfter(1))
    assert world.clock.monotonic() <= GLANCE_S


@given(st.integers(0, 20))
def test_nothing_is_released_after_a_request_to_stop(world_of: Callable[..., World], times: int) -> None:
    """Whenever it comes, and what was told, written down and done is alike."""
    world = world_of(probe(0.95))
    stop = StopAfter(times)
    granted = world.swipe(stop=stop).decision.granted
    assert granted == (stop.times >= 0)
    assert world.releases == int(granted)
    assert (world.last_row().outcome is Outcome.GRANTED) == granted


def test_a_grant_that_was_written_down_and_not_carried_out_is_in_the_audit(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    stop = Stop()
    record = Audit.record

    def stopping(audit: Audit, transaction: Transaction) -> int:
        stop.set()
        return record(audit, transaction)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Audit, "record", stopping)
        told = world.swipe(stop=stop)
    assert (told.decision.reason, world.releases) == (Reason.STOPPING, 0)
    assert "not carried out" in world.last_row().fault


def test_a_badge_that_is_refused_anyway_keeps_its_reason(world_of: Callable[..., World]) -> None:
    stop = Stop()
    stop.set()
    assert world_of().swipe(parse_badge("17:9"), stop).decision.reason is Reason.BADGE_UNKNOWN


def test_door_is_given_the_row_of_the_decision(world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(probe(0.99))
    given, grant = [], world.door.grant
    monkeypatch.setattr(world.door, "grant", lambda **how: (given.append(how), grant(**how))[1])
    assert world.swipe().decision.granted
    assert given == [{"extended": False, "row": world.last_row().id}]
