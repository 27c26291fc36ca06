"""The steps of `lintel setup` at one door: its camera, its readers, its lock with the wires besides."""

import msgspec

from device.commissioning.setup import asking
from device.commissioning.setup.answers import NONE, Given, Place
from device.commissioning.setup.answers_file import entry_reader, exit_reader
from device.commissioning.setup.polarity import energizing_level
from device.commissioning.setup.site import Site
from device.commissioning.setup.step import Step, Turn, door_meant, doubt
from device.errors import ConfigError, ReaderError
from device.settings.tables import ReaderSettings, Settings


def _camera(site: Site, given: Given, turn: Turn) -> Given:
    if given.door(turn.door).camera.source == NONE:
        doubt(site, given, turn.door, "No camera: until there is one, badges that need a face are denied.")
        return given
    if turn.was_there:
        return given
    settings, door = door_meant(site, given, turn.door)
    site.free()
    site.say(f"  A picture came: {site.hands.frame(settings.camera_at(door, entry_reader(door)))}")
    return given


def _reader(site: Site, given: Given, turn: Turn) -> Given:
    settings, door = door_meant(site, given, turn.door)
    return _proven(site, given, turn, (settings, entry_reader(door)))


def _exit_reader(site: Site, given: Given, turn: Turn) -> Given:
    settings, door = door_meant(site, given, turn.door)
    reader = exit_reader(door)
    return given if reader is None else _proven(site, given, turn, (settings, reader))


def _proven(site: Site, given: Given, turn: Turn, at: tuple[Settings, ReaderSettings]) -> Given:
    """The same once a badge was read there, or once it is noted that none was."""
    if turn.was_there:
        return given
    if not site.is_watched:
        doubt(site, given, turn.door, "Reader: no badge was presented. `lintel readers test` does that.")
        return given
    site.free()
    if at[1].kind == "osdp" and site.terminal.agree("  Give the reader its key now, in install mode?"):
        site.hands.give_key(*at)
    while not (badge := _presented(site, at)):
        if not site.terminal.confirm("  Try again?"):
            doubt(site, given, turn.door, "Reader: no badge came. `lintel readers monitor` shows what its wires say.")
            return given
    site.say(f"  It read {badge}.")
    return given


def _presented(site: Site, at: tuple[Settings, ReaderSettings]) -> str:
    """The badge that was presented; "" if none came, after saying why."""
    try:
        badge = site.hands.badge(*at)
    except ReaderError as error:
        site.say(f"  {error.message} {error.hint}")
        return ""
    if not badge:
        site.say("  No badge came.")
    return badge


def _relay(site: Site, given: Given, turn: Turn) -> Given:
    if turn.was_there:
        if not site.is_watched:
            doubt(
                site,
                given,
                turn.door,
                "Relay: as it was, and not tried by this setup: `lintel hardware test` tries it.",
            )
        return given
    relay = given.door(turn.door).relay
    if not site.is_watched:
        if relay.active_high is None:
            raise ConfigError(
                f"The answers file leaves the polarity of door {turn.door}'s relay out, and no one watches to find "
                "it out.",
                hint="Set `active_high` under [doors.relay], or `watched = true` under [proofs].",
            )
        doubt(
            site, given, turn.door,
            "Relay: no one saw it lock. Run `lintel hardware test` before people rely on the door.",
        )  # fmt: skip
        return given
    site.free()
    driver = site.hands.pulses(door_meant(site, given, turn.door)[0])
    found = energizing_level(site.terminal, driver, relay.pin, lock=relay.lock, stated=relay.active_high)
    if found is None:
        raise ConfigError(
            "No one watches the door, so its relay can't be proven.", hint="Run `lintel setup` again at the door."
        )
    given = given.with_table(turn.place, msgspec.structs.replace(relay, active_high=found))
    settings, door = door_meant(site, given, turn.door)
    failed = site.hands.wires(_of_known_polarity(site, given, settings), door, site.terminal)
    if failed:
        raise ConfigError(
            f"At the door: {'; '.join(failed)}.", hint="Look at the wires (docs/wiring.md); then `lintel setup` again."
        )
    return given


def _of_known_polarity(site: Site, given: Given, settings: Settings) -> Settings:
    """Without doors whose relay was not proven yet: what is killed now would secure them by a level that may open."""
    in_service = {door.name for door in site.load().doors} if site.settings_path.exists() else set()
    doors = (door for door in settings.doors if door.name in in_service or Place("relay", door.name) in given.stated)
    return msgspec.structs.replace(settings, doors=tuple(doors))


DOOR_STEPS = (
    Step("camera", "the camera", "a picture came; `lintel doctor` shows its rate and light.", asking.camera, _camera),
    Step("reader", "the badge reader", "your badge's number was read.", asking.reader, _reader),
    Step("exit_reader", "the reader at the way out", "your badge's number was read there, or there is none.",
         asking.exit_reader, _exit_reader),
    Step("relay", "the lock and its relay", "you saw it open for 3 s and lock again.", asking.relay, _relay),
)  # fmt: skip
