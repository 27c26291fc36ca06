"""The steps of `lintel setup` in their order. Each changes one thing, whole or not at all, and shows that it worked.

The answers are kept after each step, so a setup that ends at any moment goes on there the next time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from device.commissioning.setup import asking
from device.commissioning.setup.answers import NONE, Answers, Given, answers_of, keep, read_answers
from device.commissioning.setup.boot import CONFIG, ask_for_strict
from device.commissioning.setup.found import device_class
from device.commissioning.setup.polarity import energizing_level
from device.commissioning.setup.settings_file import applied, put_in_place
from device.commissioning.setup.site import Site
from device.door.wires.strict import is_strict
from device.errors import ConfigError, LintelError, ReaderError
from device.settings.tables import Settings

KEPT_AS_IT_WAS = "Kept as it was, and not tried again: `lintel hardware test` tries what is wired."


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its table of answers, its title, how one knows that it worked, and what it does."""

    table: str
    title: str
    proof: str
    ask: Callable[[Site, Any], msgspec.Struct] | None
    do: "Callable[[Site, Given, bool], Given]"
    """Takes the answers so far, and whether this table is one that was there before."""


def set_up(site: Site) -> Given:
    """All steps; the answers that count now. Raises `LintelError`; what was done until then stays, and is whole."""
    given, before = _kept(site), _before(site)
    kept, started = given.stated, False
    try:
        for number, step in enumerate(STEPS, 1):
            site.say(f"\nStep {number} of {len(STEPS)}: {step.title}")
            given, was_there = _answered(site, step, given, before)
            doubts, was_kept = len(site.unproven), step.table in kept
            given = step.do(site, given, was_there)
            keep(site.draft_path, given)
            known = f"How you know: {step.proof}" if not was_there or was_kept else KEPT_AS_IT_WAS
            for doubt in site.unproven[doubts:] or (known,):
                site.say(f"  {doubt}")
        started = True
    finally:
        if not started and site.is_stopped:
            _resume(site)
    site.draft_path.unlink(missing_ok=True)
    return given


def _kept(site: Site) -> Given:
    """The answers of a setup that was interrupted."""
    if not site.draft_path.exists():
        return Given()
    try:
        given = read_answers(site.draft_path)
    except ConfigError:
        site.say(f"The answers kept in {site.draft_path} can't be read, so all is asked again.")
        return Given()
    site.say(f"A setup was interrupted here; its answers are in {site.draft_path}.")
    return given


def _before(site: Site) -> Answers | None:
    """What the settings say already; None where there are none."""
    return answers_of(site.load()) if site.settings_path.exists() else None


def _answered(site: Site, step: Step, given: Given, before: Answers | None) -> tuple[Given, bool]:
    """The answers with this step's table, and whether it is one that was there before."""
    if step.ask is None:
        return given, False
    name = step.table
    known = getattr(given.answers, name) if name in given.stated else None
    if known is None and before is not None and name in ("camera", "reader", "relay", "operator"):
        known = getattr(before, name)
    if name in site.given.stated:
        wanted = getattr(site.given.answers, name)
        if known is not None and _is_same(wanted, known):
            wanted = known
        return given.with_table(name, wanted), wanted == known
    if known is not None:
        site.say(f"  There already: {words_of(known)}")
        if not site.can_ask or site.terminal.agree("  Keep it?"):
            return given.with_table(name, known), True
    if not site.can_ask:
        raise ConfigError(
            f"The answers file has no [{name}], and without a terminal it can't be asked for.",
            hint="`lintel setup --print-answers` prints a file with every answer.",
        )
    start = known if known is not None else getattr(given.answers, name)
    return given.with_table(name, step.ask(site, start)), False


def _is_same(wanted: msgspec.Struct, known: msgspec.Struct) -> bool:
    """Whether nothing else is wanted: what is left out of a table is as it was found out."""
    pairs = zip(msgspec.structs.astuple(wanted), msgspec.structs.astuple(known), strict=True)
    return all(one is None or one == other for one, other in pairs)


def words_of(table: msgspec.Struct) -> str:
    """A table of answers in a line."""
    said = ((name, value) for name, value in msgspec.structs.asdict(table).items() if value not in (None, ""))
    return ", ".join(f"{name} {str(value).lower() if isinstance(value, bool) else value}" for name, value in said)


def _resume(site: Site) -> None:
    """A setup that ends early leaves the door with its service, if it had one."""
    try:
        site.hands.start(again=False)
        site.say("The service runs again, as before.")
    except LintelError as error:
        site.say(f"{error.message} The door stays locked until it is started: `sudo systemctl start lintel`.")


def _meant(site: Site, given: Given) -> Settings:
    return applied(given.answers, site.load(), site.root)


def _machine(site: Site, given: Given, _was_there: bool) -> Given:
    site.say(f"  GPIO chip: {site.hands.chip(site.load().gpio.chip)}")
    return given


def _camera(site: Site, given: Given, was_there: bool) -> Given:
    if given.answers.camera.source == NONE:
        site.unproven.append("No camera: until there is one, badges that need a face are denied.")
        return given
    if was_there:
        return given
    site.free()
    site.say(f"  A picture came: {site.hands.frame(_meant(site, given))}")
    return given


def _reader(site: Site, given: Given, was_there: bool) -> Given:
    settings = _meant(site, given)
    if was_there:
        return given
    if not site.is_watched:
        site.unproven.append("Reader: no badge was presented. `lintel readers test` does that.")
        return given
    site.free()
    if given.answers.reader.kind == "osdp" and site.terminal.agree("  Give the reader its key now, in install mode?"):
        site.hands.give_key(settings)
    while not (badge := _presented(site, settings)):
        if not site.terminal.confirm("  Try again?"):
            site.unproven.append("Reader: no badge came. `lintel readers monitor` shows what its wires say.")
            return given
    site.say(f"  It read {badge}.")
    return given


def _presented(site: Site, settings: Settings) -> str:
    """The badge that was presented; "" if none came, after saying why."""
    try:
        badge = site.hands.badge(settings)
    except ReaderError as error:
        site.say(f"  {error.message} {error.hint}")
        return ""
    if not badge:
        site.say("  No badge came.")
    return badge


def _relay(site: Site, given: Given, was_there: bool) -> Given:
    if was_there:
        if not site.is_watched:
            site.unproven.append("Relay: as it was, and not tried by this setup: `lintel hardware test` tries it.")
        return given
    relay = given.answers.relay
    if not site.is_watched:
        if relay.active_high is None:
            raise ConfigError(
                "The answers file leaves the relay's polarity out, and no one watches to find it out.",
                hint="Set `active_high` under [relay], or `watched = true` under [proofs].",
            )
        site.unproven.append("Relay: no one saw it lock. Run `lintel hardware test` before people rely on the door.")
        return given
    site.free()
    driver = site.hands.pulses(_meant(site, given))
    found = energizing_level(site.terminal, driver, relay.pin, lock=relay.lock, stated=relay.active_high)
    if found is None:
        raise ConfigError(
            "No one watches the door, so its relay can't be proven.", hint="Run `lintel setup` again at the door."
        )
    given = given.with_table("relay", msgspec.structs.replace(relay, active_high=found))
    settings = _meant(site, given)
    failed = site.hands.wires(settings, settings.doors[0], site.terminal)
    if failed:
        raise ConfigError(
            f"At the door: {'; '.join(failed)}.", hint="Look at the wires (docs/wiring.md); then `lintel setup` again."
        )
    return given


def _boot(site: Site, given: Given, _was_there: bool) -> Given:
    path = site.root / CONFIG
    if not path.exists():
        site.unproven.append(
            f"strict_gpiod: there is no {path}, so this isn't a Raspberry Pi, or its boot folder is off."
        )
    elif not given.answers.boot.strict_gpiod:
        if not is_strict(path.read_text("utf-8", "replace")):
            site.unproven.append("strict_gpiod is off: a killed door is locked within a second by the unit alone.")
    elif ask_for_strict(path):
        site.unproven.append("strict_gpiod counts from the next restart of the Pi on.")
    return given


def _operator(site: Site, given: Given, was_there: bool) -> Given:
    login = given.answers.operator.login
    if login and not was_there:
        if not site.hands.is_known(login):
            raise ConfigError(f"This system has no user {login}.", hint=f"Make one: `sudo adduser {login}`.")
        site.hands.let_speak(login)
        site.say(f"  {login} is in the group lintel; that counts from their next login on.")
    return given


def _settings(site: Site, given: Given, _was_there: bool) -> Given:
    settings = _meant(site, given)
    changed = put_in_place(site.settings_path, settings)
    site.say(f"  {site.settings_path}: {'written' if changed else 'as it was'}")
    site.hands.let_reach(device_class(settings.doors[0].readers[0].source))
    return given


def _keys(site: Site, given: Given, _was_there: bool) -> Given:
    settings = site.load()
    if site.hands.has_key(settings):
        site.say("  There is a key already; it stays.")
        return given
    site.say(f"  {site.hands.make_key(settings, given.answers.keys.store)}")
    site.say("  Print its recovery line, and keep it elsewhere: `sudo lintel keys recovery`.")
    return given


def _service(site: Site, given: Given, _was_there: bool) -> Given:
    if not given.answers.service.start:
        site.unproven.append("The service isn't started: `sudo systemctl enable --now lintel`.")
        return given
    site.hands.start(again=site.hands.runs())
    site.is_stopped = False
    for trouble in site.hands.troubles(site.load().doors[0].name):
        site.unproven.append(f"The service says: {trouble}")
    return given


def _person(site: Site, given: Given, _was_there: bool) -> Given:
    person, answers = given.answers.person, given.answers
    if not person.name:
        site.unproven.append("No one was enrolled: `lintel enroll --at DOOR --name NAME` does it.")
        return given
    if answers.camera.source == NONE or not answers.service.start:
        site.unproven.append(f"{person.name} isn't enrolled: that takes a camera and the running service.")
        return given
    site.say(f"  {site.hands.enroll(site.load(), person)}")
    if not site.is_watched:
        site.unproven.append(f"{person.name} has not opened the door yet.")
        return given
    site.say(f"  {person.name}, present your badge now and look at the camera (60 s).")
    if row := site.hands.opened(site.load().doors[0].name):
        site.say(f"  {row}")
    else:
        site.unproven.append(
            f"{person.name} did not open the door within 60 s: `lintel audit list` and `lintel explain` say why."
        )
    return given


STEPS = (
    Step("", "the machine", "the chip above is the header's, found by its label.", None, _machine),
    Step("camera", "the camera", "a picture came; `lintel doctor` shows its rate and light.", asking.camera, _camera),
    Step("reader", "the badge reader", "your badge's number was read.", asking.reader, _reader),
    Step("relay", "the lock and its relay", "you saw it open for 3 s and lock again.", asking.relay, _relay),
    Step("boot", "the pins when no program runs", "`lintel doctor` has strict_gpiod green.", asking.boot, _boot),
    Step("operator", "who administers it", "`lintel door status` works without sudo.", asking.operator, _operator),
    Step("", "the settings file", "`lintel config` shows what is in force.", None, _settings),
    Step("keys", "the device key", "`lintel keys status` names it.", asking.keys, _keys),
    Step("service", "the service", "`lintel door status` says secure.", asking.service, _service),
    Step("person", "the first person", "the door opened for them, and `lintel audit list` says so.",
         asking.person, _person),
)  # fmt: skip
