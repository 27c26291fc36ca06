"""Two readers at one door: each has a transaction of its own, and neither changes what the other decides."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.access import Access
from device.clock import Stop
from device.credentials import parse_badge
from device.records import BadgeRead, Frame, KeyPress, Probe, Reason, Signal, Transaction
from device.vision.following import View
from tests.device.access.world import BADGE, MODEL, RULE, ScriptedCamera, World, probe

HOLDER, OTHER = probe(0.95), probe(0.5)
FRONT, SIDE = "front", "side"


@dataclass
class Views:
    """An analyzer that finds what is told for each camera, which it knows by the frame's first pixel."""

    found: dict[int, list[Probe | Reason | Exception]]
    seen: dict[int, int] = field(default_factory=dict)

    model_sha256 = MODEL
    decision_rule = RULE

    @property
    def embedder(self) -> "Views":
        return self

    def follow(self, frame: Frame, view: View) -> Probe | Reason:  # noqa: ARG002
        camera = int(frame.image[0, 0, 0])
        number = self.seen.get(camera, 0)
        self.seen[camera] = number + 1
        found = self.found[camera][min(number, len(self.found[camera]) - 1)]
        if isinstance(found, Exception):
            raise found
        return found


Script = list[Probe | Reason | Exception]


def at_two_readers(world: World, front: Script, side: Script) -> tuple[Access, Views]:
    """Access with a camera at each of two readers."""
    cameras = {name: ScriptedCamera(world.clock) for name in (FRONT, SIDE)}
    for number, camera in enumerate(cameras.values()):
        camera.image = np.full((2, 2, 3), number, np.uint8)
    views = Views({0: front, 1: side})
    return world.access_with(replace(world.doorway, cameras=cameras, analyzer=views)), views  # type: ignore[arg-type]


def ended(access: Access, stop: Stop | None = None) -> dict[str, Transaction]:
    """What comes of all who are at a reader."""
    over: dict[str, Transaction] = {}
    while access.busy:
        over |= {one.reader: one for one in access.advance(stop or Stop(), 0.25)}
    return over


def test_two_people_at_two_readers_are_granted_at_once(world_of: Callable[..., World]) -> None:
    world = world_of()
    access, _ = at_two_readers(world, [HOLDER], [HOLDER])
    assert [access.present(world.read(reader=reader), Stop()) for reader in (FRONT, SIDE)] == [None, None]
    over = ended(access)
    assert {reader: one.decision.reason for reader, one in over.items()} == {FRONT: Reason.MATCH, SIDE: Reason.MATCH}
    assert world.clock.monotonic() < 0.7


def test_badge_is_decided_during_a_look_at_the_other_reader(world_of: Callable[..., World]) -> None:
    world = world_of()
    access, _ = at_two_readers(world, [Reason.NO_FACE], [HOLDER])
    access.present(world.read(reader=FRONT), Stop())
    unknown = access.present(world.read(parse_badge("17:9"), SIDE), Stop())
    assert unknown is not None
    assert (unknown.decision.reason, world.clock.monotonic()) == (Reason.BADGE_UNKNOWN, 0.0)
    assert set(access.busy) == {FRONT}


def test_frame_of_a_camera_at_two_readers_is_analyzed_once(world_of: Callable[..., World]) -> None:
    world = world_of(HOLDER)
    for reader in (FRONT, SIDE):
        world.access.present(world.read(reader=reader), Stop())
    over = ended(world.access)
    assert [one.decision.granted for one in over.values()] == [True, True]
    assert world.analyzer.seen == 3


def test_frame_from_before_the_second_badge_counts_for_the_first_only(world_of: Callable[..., World]) -> None:
    world = world_of(HOLDER)
    world.access.present(world.read(reader=FRONT), Stop())
    world.access.advance(Stop(), 0.25)
    world.access.present(world.read(reader=SIDE), Stop())
    over = ended(world.access)
    assert {reader: (one.decision.granted, one.frames) for reader, one in over.items()} == {
        FRONT: (True, 3),
        SIDE: (True, 3),
    }
    assert world.analyzer.seen == 4


def test_shared_view_of_one_holder_grants_nobody_elses_badge(world_of: Callable[..., World]) -> None:
    world = world_of(HOLDER)
    stranger = parse_badge("17:1002")
    with world.store.people() as people:
        grace = people.add("Grace", world.clock.utc())
        people.issue(stranger, grace, world.clock.utc())
        people.add_references(grace, np.array([[0.0, 1.0]], np.float32), MODEL, world.clock.utc())
    world.access.present(world.read(reader=FRONT), Stop())
    world.access.present(world.read(stranger, SIDE), Stop())
    reasons = {reader: one.decision.reason for reader, one in ended(world.access).items()}
    assert reasons == {FRONT: Reason.MATCH, SIDE: Reason.NON_MATCH}


views = st.lists(
    st.sampled_from(
        [
            *[HOLDER] * 4,
            *[OTHER] * 2,
            *(Reason.NO_FACE, Reason.SEVERAL_FACES, Reason.FACE_TOO_DARK, Reason.FACE_TURNED),
            ValueError("0x0"),
        ]
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25)
@given(views, views, st.sampled_from([0.0, 0.1, 0.25, 1.0, 7.0]))
def test_each_reader_decides_as_if_it_were_alone(
    world_of: Callable[..., World], front: Script, side: Script, pause_s: float
) -> None:
    """However their looks are interleaved. What is seen last stays, so that the end is the same at any pace."""
    each_reader_decides_as_if_it_were_alone(world_of, front, side, pause_s)


@pytest.mark.slow(small="test_each_reader_decides_as_if_it_were_alone")
@settings(max_examples=250)
@given(views, views, st.sampled_from([0.0, 0.1, 0.25, 1.0, 7.0]))
def test_each_reader_decides_alone_however_it_is_interleaved(
    world_of: Callable[..., World], front: Script, side: Script, pause_s: float
) -> None:
    """The same on ten times as many."""
    each_reader_decides_as_if_it_were_alone(world_of, front, side, pause_s)


def each_reader_decides_as_if_it_were_alone(
    world_of: Callable[..., World], front: Script, side: Script, pause_s: float
) -> None:
    world = world_of()
    alone = {reader: decided(world, front, side, {reader: 0.0})[reader] for reader in (FRONT, SIDE)}
    assert decided(world, front, side, {FRONT: 0.0, SIDE: pause_s}) == alone


def decided(
    world: World, front: Script, side: Script, presented: dict[str, float]
) -> dict[str, tuple[Reason, str | None]]:
    """Reason and fault by the reader; a badge of Ada is presented at each after that time."""
    began = world.clock.monotonic()
    access, _ = at_two_readers(world, front, side)
    waiting, over = dict(presented), dict[str, Transaction]()
    while waiting or access.busy:
        for reader, at in list(waiting.items()):
            if world.clock.monotonic() >= began + at:
                del waiting[reader]
                access.present(world.read(reader=reader), Stop())
        if not access.busy:
            world.clock.sleep(0.05)
        over |= {one.reader: one for one in access.advance(Stop(), 0.25)}
    return {reader: (one.decision.reason, one.fault) for reader, one in over.items()}


def test_request_to_stop_ends_both_at_once_with_a_row_each(world_of: Callable[..., World]) -> None:
    world, stop = world_of(), Stop()
    access, _ = at_two_readers(world, [Reason.NO_FACE], [Reason.NO_FACE])
    for reader in (FRONT, SIDE):
        access.present(world.read(reader=reader), stop)
    stop.set()
    over = access.advance(stop, 0.0)
    assert [one.decision.reason for one in over] == [Reason.STOPPING] * 2
    with world.store.audit() as audit:
        assert [(row.reader, row.reason) for row in audit] == [(FRONT, Reason.STOPPING), (SIDE, Reason.STOPPING)]


def test_second_grant_is_withdrawn_if_the_first_row_is_late(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both faces were seen at the same time; 3.5 s later nobody knows who stands there."""
    from device.store.audit import Audit

    world, record = world_of(HOLDER), Audit.record

    def slowly(audit: Audit, transaction: Transaction) -> int:
        row = record(audit, transaction)
        world.clock.sleep(1.75)
        return row

    monkeypatch.setattr(Audit, "record", slowly)
    for reader in (FRONT, SIDE):
        world.access.present(world.read(reader=reader), Stop())
    over = ended(world.access)
    assert {reader: one.decision.reason for reader, one in over.items()} == {
        FRONT: Reason.MATCH,
        SIDE: Reason.STORE_FAULT,
    }


def test_whoever_is_there_is_asked_to_look(world_of: Callable[..., World]) -> None:
    world = world_of(Reason.NO_FACE)
    world.access.present(world.read(reader=FRONT), Stop())
    assert world.access.prompts == {FRONT: Signal.LOOK}


def test_keys_are_heard_by_their_own_reader_and_change_nothing(world_of: Callable[..., World]) -> None:
    world = world_of(HOLDER)
    world.access.present(world.read(reader=FRONT), Stop())
    for reader in (FRONT, SIDE):
        world.access.hear(KeyPress("1234#", world.clock.monotonic(), reader))
    assert ended(world.access)[FRONT].decision.granted


def test_those_who_are_forgotten_get_nothing(world_of: Callable[..., World]) -> None:
    world = world_of(HOLDER)
    world.access.present(world.read(reader=FRONT), Stop())
    world.access.forget()
    assert (world.access.advance(Stop(), 1.0), world.access.busy, world.releases) == ((), frozenset(), 0)


def test_badge_at_a_free_reader_is_read_while_the_other_is_busy(world_of: Callable[..., World]) -> None:
    world = world_of(HOLDER)
    world.access.present(world.read(reader=FRONT), Stop())
    refused = world.access.present(BadgeRead(None, world.clock.monotonic(), SIDE), Stop())
    assert refused is not None
    assert refused.decision.reason is Reason.BADGE_UNREADABLE
    assert world.access.deadline == pytest.approx(6.0)
    assert ended(world.access)[FRONT].credential == BADGE
