"""The service: secure before everything and after everything, and one release for each badge and face."""

from device.errors import ReaderEnded
from device.records import (
    Event,
    Reason,
)
from tests.device.service.world import EILEEN, UNKNOWN, World


def test_badge_and_face_release_the_strike_once(world: World) -> None:
    world.reader.comes(EILEEN)
    world.run()
    assert world.levels() == [False, True, False]


def test_every_swipe_is_told(world: World) -> None:
    for credential in (UNKNOWN, EILEEN, None):
        world.reader.comes(credential)
    world.run()
    reasons = [transaction.decision.reason for transaction in world.told]
    assert reasons == [Reason.BADGE_UNKNOWN, Reason.MATCH, Reason.BADGE_UNREADABLE]


def test_audit_tells_the_whole_shift(world: World) -> None:
    world.reader.comes(EILEEN)
    world.run()
    assert world.events() == [Event.SERVICE_STARTED, Event.DECISION, Event.SERVICE_STOPPED]


def test_service_is_ready_before_the_first_read(world: World) -> None:
    heard = []
    world.reader.before_read = lambda: heard.append(world.manager.heard())
    world.run()
    assert heard[0] == ["READY=1", "WATCHDOG=1"]


def test_end_of_the_input_ends_the_service(world: World) -> None:
    world.reader.ending = ReaderEnded("The end.", hint="None.")
    world.run()
    assert world.events()[-1] is Event.SERVICE_STOPPED
