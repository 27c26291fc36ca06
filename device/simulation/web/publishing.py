"""What is new in a virtual world since the last moment, for its page."""

import time
from collections.abc import Callable

import msgspec

from device.control.audit_rows import row_of
from device.errors import LintelError
from device.records import AuditRow
from device.simulation.scenario import BUILT_IN
from device.simulation.web.pictures import jpeg
from device.simulation.web.worlds import Stage
from device.store.store import Store
from device.web.events import event_of
from device.web.messages import Chain, Event, Hello, Levels, Message, PageMode, Picture, World
from device.web.stream import Stream

CHANGED_S = 1 / 15
"""Between two states of which the later says something new."""
UNCHANGED_S = 0.25
"""Between two states of which only the time differs."""
PICTURE_S = 1 / 40
"""Between two looks at whether the camera has a new picture."""
REMEMBERED_S = 60.0
"""How much of the levels a browser gets that comes later."""
REMEMBERED_ROWS = 200

Moment = Callable[[Stage], None]


class Publisher:
    """Knows what was published of a world, and publishes the rest. Used by the world's thread."""

    def __init__(self, stream: Stream, version: str) -> None:
        self._stream = stream
        self._version = version
        self.each_moment: Moment = lambda _stage: None
        """Called at each moment: what goes on beside the world, as an enrollment."""
        self._chain = Chain(0, is_whole=True, words="")
        self._world: World | None = None
        self._world_at = self._picture_at = self._picture_of = -1.0
        self._row = self._number = 0
        self._level_at = 0.0
        self._sent_levels: frozenset[tuple[int, float, bool]] = frozenset()

    def begin(self, stage: Stage) -> None:
        """Begins with a world; browsers that listen already get all of it."""
        self._world, self._picture_of = None, -1.0
        self._level_at, self._sent_levels = 0.0, frozenset()
        self._chain = chain_of(stage.world.store)
        with stage.world.store.audit() as audit:
            self._row = audit.before_newest(0)
        self._number = stage.player.state().world
        for message in self.welcome(stage):
            self._stream.publish(message)

    def welcome(self, stage: Stage) -> list[Message]:
        """How everything is, for a browser that comes now."""
        self._picture_of = -1.0  # who comes while time stands still gets the picture, too
        world, state = stage.world, stage.player.state()
        hello = Hello(
            mode=PageMode.SIMULATION,
            version=self._version,
            scenarios=BUILT_IN,
            images=tuple(world.images),
            rendered=world.scenario.rendered,
        )
        levels = Levels(world.levels_since(max(0.0, state.at_s - REMEMBERED_S)))
        known = [row for row in world.rows_after(max(0, self._row - REMEMBERED_ROWS)) if row.id <= self._row]
        return [hello, state, levels, *events_of(world.store, tuple(known)), self._chain]

    def publish(self, stage: Stage, lag_s: float) -> None:
        """What is new; all of a world that has begun again."""
        if stage.player.state().world != self._number:
            self.begin(stage)
        self.each_moment(stage)
        self._publish_rows(stage)
        self._publish_levels(stage)
        self.publish_world(stage, lag_s)
        self._publish_picture(stage)

    def verify(self, stage: Stage) -> Chain:
        """Verifies the audit, and says so to all."""
        self._chain = chain_of(stage.world.store)
        self._stream.publish(self._chain)
        return self._chain

    def say(self, message: Message) -> None:
        """Sends something to all."""
        self._stream.publish(message)

    def _publish_rows(self, stage: Stage) -> None:
        rows = stage.world.rows_after(self._row)
        if rows:
            self._row = rows[-1].id
            for event in events_of(stage.world.store, rows):
                self._stream.publish(event)

    def _publish_levels(self, stage: Stage) -> None:
        """A level of the same time as the last one may have come after it."""
        found = stage.world.levels_since(self._level_at)
        new = tuple(level for level in found if (level.pin, level.at_s, level.high) not in self._sent_levels)
        if new:
            self._level_at = max(level.at_s for level in new)
            self._sent_levels = frozenset(
                (level.pin, level.at_s, level.high) for level in found if level.at_s >= self._level_at
            )
            self._stream.publish(Levels(new))

    def publish_world(self, stage: Stage, lag_s: float = 0.0) -> None:
        """How everything is, unless that was said a moment ago."""
        now = time.monotonic()
        if now - self._world_at < CHANGED_S:
            return
        state = msgspec.structs.replace(stage.player.state(), lag_s=lag_s)
        is_new = self._world is None or _but_for_time(state) != _but_for_time(self._world)
        if is_new or (state.at_s != self._world_at_s and now - self._world_at >= UNCHANGED_S):
            self._world, self._world_at = state, now
            self._stream.publish(state)

    @property
    def _world_at_s(self) -> float:
        return -1.0 if self._world is None else self._world.at_s

    def _publish_picture(self, stage: Stage) -> None:
        """At most every other moment of the time goes into pictures."""
        began = time.monotonic()
        if not self._stream.listeners or began < self._picture_at:
            return
        found = stage.world.look()
        if found.seen.at_s != self._picture_of:
            self._picture_of = found.seen.at_s
            self._stream.publish(found.seen)
            if found.image is not None:
                self._stream.publish_picture(Picture.CAMERA, found.seen.at_s, jpeg(found.image))
            if found.chip is not None:
                self._stream.publish_picture(Picture.CHIP, found.seen.at_s, jpeg(found.chip))
        took_s = time.monotonic() - began
        self._picture_at = began + max(PICTURE_S, 2 * took_s)


def events_of(store: Store, rows: tuple[AuditRow, ...]) -> list[Event]:
    """The messages about rows, with the names of their people."""
    with store.people() as people:
        names = people.names(row.person_id for row in rows if row.person_id is not None)
    return [event_of(row_of(row, names)) for row in rows]


def chain_of(store: Store) -> Chain:
    """What a verification of the audit comes to."""
    try:
        with store.audit() as audit:
            verdict = audit.verify()
    except LintelError as error:
        return Chain(0, is_whole=False, words=error.message)
    found = "; ".join(finding.words for finding in verdict.findings)
    return Chain(verdict.rows, verdict.is_sound, found or "Each row is as Lintel wrote it, and none is missing.")


def _but_for_time(state: World) -> World:
    return msgspec.structs.replace(state, at_s=0.0, utc="", lag_s=0.0)
