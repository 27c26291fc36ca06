"""The steps of `lintel setup` in their order. Each changes one thing, whole or not at all, and shows that it worked.

The answers are kept after each step, so a setup that ends at any moment goes on there the next time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from device.commissioning.setup import asking
from device.commissioning.setup.answers import DOOR_TABLES, NONE, DoorAnswers, Given, Place, PortAnswers
from device.commissioning.setup.answers_file import answers_of, first_name, keep, read_answers
from device.commissioning.setup.at_door import DOOR_STEPS
from device.commissioning.setup.boot import CONFIG, ask_for_strict
from device.commissioning.setup.found import device_class
from device.commissioning.setup.settings_file import put_in_place, sources_of
from device.commissioning.setup.site import Site
from device.commissioning.setup.step import Step, Turn, doubt, meant, misfit, spare_pair, with_spare_relay
from device.door.wires.strict import is_strict
from device.errors import ConfigError, LintelError

KEPT_AS_IT_WAS = "Kept as it was, and not tried again: `lintel hardware test` tries what is wired."


def set_up(site: Site) -> Given:
    """All steps; the answers that count now. Raises `LintelError`; what was done until then stays, and is whole."""
    kept, before = _kept(site), _before(site)
    site.given = site.given.called(first_name(before, kept))
    known = (given.doors for given in (before, kept, site.given) if given)
    names = list(dict.fromkeys(name for doors in known for name in doors)) or [first_name()]
    walk = _Walk(site, before or Given(), kept, names, kept.stated)
    walk.refuse_at_once()
    started = False
    try:
        walk.go()
        started = True
    finally:
        if not started and site.is_stopped:
            _resume(site)
    site.draft_path.unlink(missing_ok=True)
    return walk.given


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


def _before(site: Site) -> Given | None:
    """What the settings say already; None where there are none."""
    return answers_of(site.load()) if site.settings_path.exists() else None


@dataclass(slots=True)
class _Walk:
    """Goes from step to step."""

    site: Site
    before: Given
    given: Given
    """The answers so far, with the doors that were come to."""
    names: list[str]
    """All doors, also those to come."""
    kept: frozenset[Place]
    """What an interrupted setup had done."""
    number: int = 0

    def go(self) -> None:
        """All steps of the site and of each door. Raises `LintelError`."""
        for door in self.given.doors:  # where one was come to, but not asked about
            self.given = self._with(self.given, door)
        self._take(MACHINE)
        for door in self._doors():
            self.given = self._with(self.given, door)
            for step in DOOR_STEPS:
                self._take(step, door)
        for step in SITE_STEPS:
            self._take(step)

    def refuse_at_once(self) -> None:
        """Raises `ConfigError` if an answers file doesn't fit together, before anything is asked or touched."""
        given = self.given
        if self.site.given.doors:
            for door in self.names:
                given = self._with(given, door)
            meant(self.site, given)

    def _doors(self) -> Iterator[str]:
        """Each name, and then of those who are asked for another door."""
        done = 0
        while True:
            yield from self.names[done:]
            done = len(self.names)
            if not self.site.can_ask or self.site.given.doors:
                return
            if not (name := asking.another(self.site, self.given)):
                return
            self.names.append(name)
            self.given = self._with(self.given, name)
            keep(self.site.draft_path, self.given)

    def _with(self, given: Given, name: str) -> Given:
        """The same with a door of which is known what the settings or the answers file say."""
        if name not in given.doors:
            given = given.with_door(DoorAnswers(name=name))
        for known in (self.before, self.site.given):
            for table in DOOR_TABLES:
                place = Place(table, name)
                if place in known.stated and place not in self.kept:
                    door = msgspec.structs.replace(given.door(name), **{table: known.at(place)})
                    given = given.with_door(door)
        return self._with_spare(given, name)

    def _with_spare(self, given: Given, name: str) -> Given:
        place = Place("relay", name)
        if any(place in known.stated for known in (given, self.before, self.site.given)):
            return given
        return with_spare_relay(self.site, given, name)

    def _take(self, step: Step, door: str | None = None) -> None:
        site, self.number = self.site, self.number + 1
        total = 1 + len(self.names) * len(DOOR_STEPS) + len(SITE_STEPS)
        at = f" of door {door}" if door and len(self.names) > 1 else ""
        site.say(f"\nStep {self.number} of {total}: {step.title}{at}")
        place = Place(step.table, door)
        self.given, was_there = self._answered(step, place)
        doubts = len(site.unproven)
        self.given = step.do(site, self.given, Turn(place, was_there))
        keep(site.draft_path, self.given)
        known = f"How you know: {step.proof}" if not was_there or place in self.kept else KEPT_AS_IT_WAS
        for line in site.unproven[doubts:] or (known,):
            site.say(f"  {line}")

    def _answered(self, step: Step, place: Place) -> tuple[Given, bool]:
        """The answers with this step's table, and whether it is one that was there before."""
        site, given = self.site, self.given
        if step.ask is None:
            return given, False
        known = next((one.at(place) for one in (given, self.before) if place in one.stated), None)
        if place in site.given.stated or self._is_left_out(place):
            wanted = site.given.at(place)
            if known is not None and (_is_same(wanted, known) or place not in site.given.stated):
                wanted = known
            return given.with_table(place, wanted), wanted == known
        if known is not None:
            site.say(f"  There already: {words_of(known)}")
            if not site.can_ask or site.terminal.agree("  Keep it?"):
                return given.with_table(place, known), True
        if not site.can_ask:
            table = f"[doors.{place.table}] of door {place.door}" if place.door else f"[{place.table}]"
            raise ConfigError(
                f"The answers file has no {table}, and without a terminal it can't be asked for.",
                hint="`lintel setup --print-answers` prints a file with every answer.",
            )
        return self._asked(step, place, known if known is not None else given.at(place)), False

    def _is_left_out(self, place: Place) -> bool:
        """An exit reader of a door whose reader a file names: there is none, or the one that was there."""
        return place.table == "exit_reader" and Place("reader", place.door) in self.site.given.stated

    def _asked(self, step: Step, place: Place, start: msgspec.Struct) -> Given:
        """Asks until the answers fit together."""
        assert step.ask is not None
        if isinstance(start, PortAnswers) and start.data0_pin is None:
            zero, one = spare_pair(self.site, self.given)
            start = msgspec.structs.replace(start, data0_pin=zero, data1_pin=one)
        self.site.taken = self._taken(place)
        while True:
            given = self.given.with_table(place, step.ask(self.site, start))
            if place.door:
                given = self._with_spare(given, place.door)
            if not (why := misfit(self.site, given)):
                return given
            self.site.say(f"  {why}")

    def _taken(self, place: Place) -> frozenset[str]:
        """By all but the table that is asked for."""
        if place.door is None:
            return frozenset()
        blank = getattr(DoorAnswers(), place.table)
        return frozenset(sources_of(self.given.with_table(place, blank).answers))


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


def _machine(site: Site, given: Given, _turn: Turn) -> Given:
    site.say(f"  GPIO chip: {site.hands.chip(site.load().gpio.chip)}")
    return given


def _boot(site: Site, given: Given, _turn: Turn) -> Given:
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


def _operator(site: Site, given: Given, turn: Turn) -> Given:
    login = given.answers.operator.login
    if login and not turn.was_there:
        if not site.hands.is_known(login):
            raise ConfigError(f"This system has no user {login}.", hint=f"Make one: `sudo adduser {login}`.")
        site.hands.let_speak(login)
        site.say(f"  {login} is in the group lintel; that counts from their next login on.")
    return given


def _settings(site: Site, given: Given, _turn: Turn) -> Given:
    settings = meant(site, given)
    changed = put_in_place(site.settings_path, settings)
    site.say(f"  {site.settings_path}: {'written' if changed else 'as it was'}")
    site.hands.let_reach({device_class(reader.source) for reader in settings.readers} - {""})
    return given


def _keys(site: Site, given: Given, _turn: Turn) -> Given:
    settings = site.load()
    if site.hands.has_key(settings):
        site.say("  There is a key already; it stays.")
        return given
    site.say(f"  {site.hands.make_key(settings, given.answers.keys.store)}")
    site.say("  Print its recovery line, and keep it elsewhere: `sudo lintel keys recovery`.")
    return given


def _service(site: Site, given: Given, _turn: Turn) -> Given:
    if not given.answers.service.start:
        site.unproven.append("The service isn't started: `sudo systemctl enable --now lintel`.")
        return given
    site.hands.start(again=site.hands.runs())
    site.is_stopped = False
    for door in site.load().doors:
        for trouble in site.hands.troubles(door.name):
            doubt(site, given, door.name, f"The service says: {trouble}")
    return given


def _person(site: Site, given: Given, _turn: Turn) -> Given:
    person, answers = given.answers.person, given.answers
    if not person.name:
        site.unproven.append("No one was enrolled: `lintel enroll --at DOOR --name NAME` does it.")
        return given
    if answers.doors[0].camera.source == NONE or not answers.service.start:
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


MACHINE = Step("", "the machine", "the chip above is the header's, found by its label.", None, _machine)
SITE_STEPS = (
    Step("boot", "the pins when no program runs", "`lintel doctor` has strict_gpiod green.", asking.boot, _boot),
    Step("operator", "who administers it", "`lintel door status` works without sudo.", asking.operator, _operator),
    Step("", "the settings file", "`lintel config` shows what is in force.", None, _settings),
    Step("keys", "the device key", "`lintel keys status` names it.", asking.keys, _keys),
    Step("service", "the service", "`lintel door status` says secure.", asking.service, _service),
    Step("person", "the first person", "the door opened for them, and `lintel audit list` says so.",
         asking.person, _person),
)  # fmt: skip
