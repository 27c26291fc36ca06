"""What the owner's rules say of a badge at one door: read from the store in the transaction that asks."""

from dataclasses import replace

from device.policy.clock_state import ClockReading
from device.policy.rules import ClockRule, asked_of, leads, passes, ruling
from device.records import BADGE, MODES, Claim, Ruling
from device.settings.tables import DoorSettings
from device.store.store import Store


class DoorRules:
    """Answers for one door. Rules that are applied while it is in operation count from the next badge on."""

    def __init__(self, store: Store, door: DoorSettings) -> None:
        self._store = store
        self._door = door
        self._mode = MODES[door.mode]
        self._clock_rule = ClockRule(door.clock)
        self._exits = frozenset(one.name for one in door.readers if one.direction == "exit")

    def __call__(self, claim: Claim, reader: str, came: ClockReading) -> Ruling:
        """What is demanded of a badge's holder at a reader, by its name, or why nothing helps. Raises `StoreError`.

        At the way out a badge alone is enough wherever it may release at all. At the way in no rule makes it enough
        unless the door's settings accept that: the door's own mode counts then.
        """
        with self._store.rules() as book:
            rules = book.rules()
        is_exit = reader in self._exits
        asked = replace(
            asked_of(claim, self._door.name, came.now),
            mode=self._mode,
            clock=came.state,
            marked=came.other,
            clock_rule=self._clock_rule,
            is_way_out=is_exit and self._door.egress == "free",
        )
        ruled = ruling(rules, asked)
        if ruled.mode is None:
            return ruled
        is_led = rules is not None and not is_exit and leads(rules, asked.door, asked.groups)
        may_pass = self._door.lockdown_pass and rules is not None and not is_exit
        is_let_by = may_pass and rules is not None and passes(rules, asked.door, asked.groups)
        is_too_weak = ruled.mode == BADGE and not self._door.i_accept_badge_only
        entry_mode = self._mode if is_too_weak else ruled.mode
        return replace(ruled, mode=BADGE if is_exit else entry_mode, leads=is_led, passes=is_let_by)
