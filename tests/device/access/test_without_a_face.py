"""A door where no face can be shown: what the owner chose for that, and nothing weaker."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NoReturn

import pytest
from msgspec.structs import replace as changed

from device.access import Access
from device.clock import Stop
from device.errors import KeyMissing, ModelError
from device.records import (
    BADGE_AND_FACE,
    BADGE_AND_PIN,
    Claim,
    Credential,
    Factor,
    Notice,
    Person,
    ReaderNotice,
    Reason,
    Ruling,
    Validity,
)
from device.settings.tables import ReaderSettings
from device.store.people import People
from tests.device.access.test_pins_at_the_door import FakePins, typed
from tests.device.access.world import BADGE, ScriptedAnalyzer, World, probe

NOW = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)
"""When the clock of a world begins."""


def door_with(world: World, missing: str = "", **settings: Any) -> Access:
    """The world's door with other settings, a part missing or not."""
    (door,) = world.settings.doors
    world.settings = changed(world.settings, doors=(changed(door, **settings),))
    return world.access_with(replace(world.doorway, pins=FakePins(), missing=lambda _reader: missing))


@pytest.mark.parametrize(
    ("missing", "choice", "keys", "reason"),
    [
        ("camera main", "badge+pin", "2468#", Reason.PIN),
        ("camera main", "badge+pin", "1111#", Reason.PIN_WRONG),
        ("camera main", "badge", "", Reason.BADGE),
        ("camera main", "deny", "2468#", Reason.NO_FACE),
        ("", "badge+pin", "2468#", Reason.NO_FACE),
        ("", "badge", "", Reason.NO_FACE),
    ],
)
def test_what_is_enough_while_a_camera_is_missing(
    world_of: Callable[..., World], missing: str, choice: str, keys: str, reason: Reason
) -> None:
    world = world_of(Reason.NO_FACE)
    access = door_with(world, missing, when_missing=choice, i_accept_badge_only=True)
    over = typed(world, access, keys)
    assert (over.decision.reason, world.releases) == (reason, int(reason in (Reason.PIN, Reason.BADGE)))
    assert (over.ruling is not None and over.ruling.rule) == (
        f"when_missing: {missing}" if missing and choice != "deny" else ""
    )


def fail_to_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: ScriptedAnalyzer) -> NoReturn:
        raise ModelError("The models are missing.", hint="Bring them.")

    monkeypatch.setattr(ScriptedAnalyzer, "model_sha256", property(fail))


@pytest.mark.parametrize(("mode", "reason"), [("badge+face", Reason.VISION_FAULT), ("badge+face-or-pin", Reason.PIN)])
def test_models_that_are_missing_stop_faces_not_pins(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch, mode: str, reason: Reason
) -> None:
    world = world_of(probe(1.0))
    fail_to_load(monkeypatch)
    over = typed(world, door_with(world, mode=mode), "2468#")
    assert (over.decision.reason, over.fault) == (reason, "The models are missing.")


def lock_references(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = People.claim

    def locked(people: People, credential: Credential, model_sha256: str) -> Claim | None:
        if model_sha256:
            raise KeyMissing("The device key is gone.", hint="Bring it.")
        return claim(people, credential, model_sha256)

    monkeypatch.setattr(People, "claim", locked)


@pytest.mark.parametrize(("mode", "reason"), [("badge+face", Reason.KEY_MISSING), ("badge+face-or-pin", Reason.PIN)])
def test_key_that_is_gone_is_the_reason_of_a_face(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch, mode: str, reason: Reason
) -> None:
    world = world_of(probe(1.0))
    lock_references(monkeypatch)
    assert typed(world, door_with(world, mode=mode), "2468#").decision.reason is reason


@pytest.mark.parametrize("mode", ["badge+face", "badge+face+pin"])
def test_references_that_cannot_be_opened_are_not_none(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """What stands in for people without a face does not for those whose key is gone: `when_missing` has that."""

    def locked(_people: People, _person: Person, _model: str) -> NoReturn:
        raise KeyMissing("The device key is gone.", hint="Bring it.")

    world = world_of(probe(1.0))
    monkeypatch.setattr(People, "references", locked)
    over = typed(world, door_with(world, mode=mode, without_face="badge+pin"), "2468#")
    assert (over.decision.reason, world.releases) == (Reason.KEY_MISSING, 0)


@pytest.mark.parametrize(("without", "reason"), [("deny", Reason.NO_REFERENCES), ("badge+pin", Reason.PIN)])
def test_person_without_references_types_a_pin_where_allowed(
    world_of: Callable[..., World], without: str, reason: Reason
) -> None:
    world = world_of(probe(1.0), model="b" * 64)
    assert typed(world, door_with(world, without_face=without), "2468#").decision.reason is reason


@pytest.mark.parametrize(("without", "reason"), [("deny", Reason.FACE_DISABLED), ("badge+pin", Reason.PIN)])
def test_disabled_face_leaves_the_pin_where_allowed(
    world_of: Callable[..., World], without: str, reason: Reason
) -> None:
    world = world_of(probe(1.0))
    for _ in range(50):
        with world.store.counters() as counters:
            counters.decided(BADGE, failed=frozenset({Factor.FACE}))
    assert typed(world, door_with(world, without_face=without), "2468#").decision.reason is reason


SECOND = timedelta(seconds=1)
VALIDITIES = [
    (Validity(NOW), Reason.MATCH),
    (Validity(NOW + SECOND), Reason.NOT_YET_VALID),
    (Validity(None, NOW + SECOND / 10), Reason.MATCH),
    (Validity(None, NOW), Reason.EXPIRED),
]


@pytest.mark.parametrize(("valid", "reason"), VALIDITIES)
@pytest.mark.parametrize("is_of_badge", [True, False])
def test_validity_counts_at_the_time_of_the_badge(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch, valid: Validity, reason: Reason, is_of_badge: bool
) -> None:
    """A look at a face takes longer than a tenth of a second; what ends meanwhile counted when the badge came."""
    world, claim = world_of(probe(1.0)), People.claim

    def limited(people: People, credential: Credential, model_sha256: str) -> Claim | None:
        found = claim(people, credential, model_sha256)
        if found is None:
            return None
        return replace(found, badge_valid=valid) if is_of_badge else replace(found, valid=valid)

    monkeypatch.setattr(People, "claim", limited)
    assert world.clock.utc() == NOW
    assert typed(world, door_with(world), "").decision.reason is reason


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        (Ruling(BADGE_AND_FACE), Reason.MATCH),
        (Ruling(reason=Reason.RULE_DENIES), Reason.RULE_DENIES),
        (Ruling(BADGE_AND_PIN), Reason.PIN_MISSING),
    ],
)
def test_rule_that_changes_during_a_look_counts(world_of: Callable[..., World], later: Ruling, reason: Reason) -> None:
    """The rules are asked again where the grant is written."""
    world, said = world_of(probe(1.0)), [Ruling(BADGE_AND_FACE), later]
    access = world.access_with(replace(world.doorway, rules=lambda _claim, _reader, _at: said.pop(0)))
    over = typed(world, access, "")
    assert (over.decision.reason, world.releases, said) == (reason, int(reason is Reason.MATCH), [])


@pytest.mark.parametrize(("tamper", "reason"), [("deny", Reason.READER_TAMPERED), ("tell", Reason.MATCH)])
def test_reader_that_was_opened_is_refused_where_it_says_so(
    world_of: Callable[..., World], tamper: Literal["deny", "tell"], reason: Reason
) -> None:
    world = world_of(probe(1.0))
    access = door_with(world, readers=(ReaderSettings(name="front", tamper=tamper),))
    found = []
    for notice in (Notice.TAMPERED, Notice.RESTORED):
        access.notice(ReaderNotice(notice, world.clock.monotonic(), "front"))
        over = access.present(world.read(reader="front"), Stop())
        while over is None:
            over = next(iter(access.advance(Stop(), 0.25)), None)
        found.append(over.decision.reason)
    assert found == [reason, Reason.MATCH]
