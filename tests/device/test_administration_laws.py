"""A badge opens the door exactly when a model of the operators' doings says so."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.administration import Administration
from device.errors import CredentialError
from device.policy.decision import refusal
from device.records import Credential
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from tests.device.administered import MODEL, NEW, OLD, THIRD, enroll

BADGES = (OLD, NEW, THIRD)


@dataclass
class Model:
    """What an operator thinks: by badge its state and holder, and who is enrolled."""

    people: set[str] = field(default_factory=set)
    badges: dict[Credential, tuple[str, str | None]] = field(
        default_factory=lambda: dict.fromkeys(BADGES, ("unknown", None))
    )

    def add(self, name: str, badge: Credential) -> bool:
        if name not in self.people or self.badges[badge] != ("unknown", None):
            return False
        self.badges[badge] = ("valid", name)
        return True

    def replace(self, old: Credential, new: Credential) -> bool:
        state, holder = self.badges[old]
        if holder is None or state == "revoked" or old == new or self.badges[new] != ("unknown", None):
            return False
        self.badges[old], self.badges[new] = ("revoked", holder), ("valid", holder)
        return True

    def turn(self, badge: Credential, states: set[str], into: str) -> bool:
        state, holder = self.badges[badge]
        if state not in states or (holder is None and into != "valid"):
            return False
        self.badges[badge] = (into, holder) if holder else ("unknown", None)
        return True

    def rename(self, name: str, new: str) -> bool:
        if name not in self.people or new in self.people:
            return False
        self.people = self.people - {name} | {new}
        self.badges = {badge: (state, new if who == name else who) for badge, (state, who) in self.badges.items()}
        return True

    def remove(self, name: str) -> bool:
        left = {"valid": "unknown", "suspended": "revoked", "revoked": "revoked"}
        gone = {badge: (left[state], None) for badge, (state, who) in self.badges.items() if who == name}
        self.badges.update(gone)
        found = name in self.people
        self.people.discard(name)
        return found

    def enroll(self, name: str) -> bool:
        found = name in self.people
        self.people.add(name)
        return not found


def remove(store: Store, name: str) -> None:
    with store.people() as people:
        person = people.named(name)
    if person is None:
        raise CredentialError("Nobody.", hint="None.")
    with store.people() as people:
        people.remove(person)


def enroll_once(store: Store, name: str) -> None:
    with store.people() as people:
        if people.named(name):
            raise CredentialError("Enrolled.", hint="None.")
    enroll(store, name)


OPERATIONS: dict[str, tuple[Callable[..., bool], Callable[..., object]]] = {
    "add": (lambda m, n, _o, b, _c: m.add(n, b), lambda a, _s, n, _o, b, _c: a.add_badge(n, b)),
    "replace": (lambda m, _n, _o, b, c: m.replace(b, c), lambda a, _s, _n, _o, b, c: a.replace_badge(b, c)),
    "revoke": (
        lambda m, _n, _o, b, _c: m.turn(b, {"valid", "suspended", "revoked"}, "revoked"),
        lambda a, _s, _n, _o, b, _c: a.revoke_badge(b),
    ),
    "suspend": (
        lambda m, _n, _o, b, _c: m.turn(b, {"valid", "suspended"}, "suspended"),
        lambda a, _s, _n, _o, b, _c: a.suspend_badge(b),
    ),
    "resume": (
        lambda m, _n, _o, b, _c: m.turn(b, {"suspended"}, "valid"),
        lambda a, _s, _n, _o, b, _c: a.resume_badge(b),
    ),
    "restore": (
        lambda m, _n, _o, b, _c: m.turn(b, {"revoked"}, "valid"),
        lambda a, _s, _n, _o, b, _c: a.restore_badge(b),
    ),
    "rename": (lambda m, n, o, _b, _c: m.rename(n, o), lambda a, _s, n, o, _b, _c: a.rename(n, o)),
    "remove": (lambda m, n, _o, _b, _c: m.remove(n), lambda _a, s, n, _o, _b, _c: remove(s, n)),
    "enroll": (lambda m, n, _o, _b, _c: m.enroll(n), lambda _a, s, n, _o, _b, _c: enroll_once(s, n)),
}
NAMES = st.sampled_from(["Ada", "Grace"])
OFTEN = ["add", "enroll", "suspend"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(OPERATIONS) + OFTEN), NAMES, NAMES, st.sampled_from(BADGES), st.sampled_from(BADGES)
    ),
    min_size=20,
    max_size=60,
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("empty")) as opened:
        yield opened


@settings(max_examples=60)
@given(STEPS)
def test_badge_opens_exactly_when_the_model_says_valid(
    empty: Store, steps: list[tuple[str, str, str, Credential, Credential]]
) -> None:
    """60 examples; the slow one beside it has 1000."""
    badge_opens_exactly_when_the_model_says_valid(empty, steps)


@pytest.mark.slow(small="test_badge_opens_exactly_when_the_model_says_valid")
@settings(max_examples=1000)
@given(STEPS)
def test_badge_opens_as_the_model_says_after_1000_days(
    empty: Store, steps: list[tuple[str, str, str, Credential, Credential]]
) -> None:
    """The same on a thousand days of an office."""
    badge_opens_exactly_when_the_model_says_valid(empty, steps)


def badge_opens_exactly_when_the_model_says_valid(
    empty: Store, steps: list[tuple[str, str, str, Credential, Credential]]
) -> None:
    model = Model()
    with empty.copy_in_memory() as store:
        office = Administration(store, SimulatedClock())
        model.enroll("Ada")
        enroll(store, "Ada")
        for name, *arguments in steps:
            expects, does = OPERATIONS[name]
            allowed, done = expects(model, *arguments), False
            with contextlib.suppress(CredentialError):
                does(office, store, *arguments)
                done = True
            assert (name, done) == (name, allowed)
            assert_agrees(store, model)


def assert_agrees(store: Store, model: Model) -> None:
    with store.people() as people:
        for badge, (state, holder) in model.badges.items():
            claim = people.claim(badge, MODEL)
            assert (refusal(claim) is None) == (state == "valid")
            assert (claim.person.name if claim else None) == holder
            assert bool(claim and claim.suspended) == (state == "suspended")
        left = {badge for badge, known in model.badges.items() if known == ("revoked", None)}
        assert {revoked.credential for revoked in people.revoked_badges()} == left
