"""No reference without a legal basis, and none after it was withdrawn."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.enrollment import Candidate, Enrollment, Good, Terms
from device.errors import CredentialError, EnrollmentRefused
from device.people.bases import default_grounds, state_basis, withdraw
from device.records import BasisKind, Event, Grounds, Image, Probe
from device.settings.people import PeopleSettings
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from device.vision.faces import FaceAnalyzer
from tests.device.administered import NEW, OLD
from tests.device.consented import CONSENT, CONSENTED

NAME = "Eileen Collins"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as opened:
        yield opened


def good(probe: Probe, seed: int) -> list[Good]:
    """The same face, one more time."""
    drawn = np.random.default_rng(seed).normal(size=probe.embedding.shape).astype(np.float32)
    mixed = probe.embedding + 0.01 * drawn / np.linalg.norm(drawn)
    from dataclasses import replace

    return [Good(f"{seed}.jpg", replace(probe, embedding=mixed / np.linalg.norm(mixed)), f"{seed}.jpg")]


@pytest.fixture(scope="module")
def probe(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> Probe:
    found = analyzer.analyze(portraits["eileen-collins"])
    assert isinstance(found, Probe)
    return found


def events(store: Store) -> list[tuple[Event, str | None]]:
    with store.audit() as audit:
        return [(row.event, row.fault) for row in audit]


def references(store: Store) -> int:
    with store.people() as people:
        return sum(count for one in people.everyone() for _, count in one.references)


def test_basis_is_written_down_with_the_first_reference(store: Store, analyzer: FaceAnalyzer, probe: Probe) -> None:
    grounds = Grounds(BasisKind.CONSENT, "3", "form A", "ida")
    report = Enrollment(store, analyzer, SimulatedClock(), terms=Terms(grounds)).enroll_good(OLD, NAME, good(probe, 1))
    with store.people() as people:
        basis = people.bases.present(report.person)
    assert basis is not None
    assert basis.grounds == grounds
    assert events(store) == [(Event.ENROLLED, "consent, text version 3")]


def test_person_with_a_basis_needs_no_other(store: Store, analyzer: FaceAnalyzer, probe: Probe) -> None:
    Enrollment(store, analyzer, SimulatedClock(), terms=CONSENTED).enroll_good(OLD, NAME, good(probe, 1))
    Enrollment(store, analyzer, SimulatedClock()).enroll_good(OLD, NAME, good(probe, 2))
    assert references(store) == 2


def test_person_from_before_gets_no_reference_without_one(store: Store, analyzer: FaceAnalyzer, probe: Probe) -> None:
    clock = SimulatedClock()
    with store.people() as people:
        person = people.add(NAME, clock.utc())
        people.issue(OLD, person, clock.utc())
    enrollment = Enrollment(store, analyzer, clock)
    with pytest.raises(EnrollmentRefused, match="no legal basis"):
        enrollment.enroll_good(OLD, NAME, good(probe, 1))
    state_basis(store, clock, NAME, CONSENT)
    enrollment.enroll_good(OLD, NAME, good(probe, 1))
    assert references(store) == 1


def test_it_is_refused_before_a_picture_is_taken(store: Store, analyzer: FaceAnalyzer) -> None:
    with pytest.raises(EnrollmentRefused, match="no legal basis"):
        Enrollment(store, analyzer, SimulatedClock()).holder(OLD, NAME)


def test_withdrawal_leaves_badge_rights_and_name(store: Store, analyzer: FaceAnalyzer, probe: Probe) -> None:
    clock = SimulatedClock()
    report = Enrollment(store, analyzer, clock, terms=CONSENTED).enroll_good(OLD, NAME, good(probe, 1))
    with store.people() as people:
        people.groups.put(report.person, ["Staff"])
    assert withdraw(store, clock, NAME, operator="ida") == (report.person, 1)
    with store.people() as people:
        claim = people.claim(OLD, analyzer.embedder.model_sha256)
        basis = people.bases.of(report.person)[-1]
    assert claim is not None
    assert (claim.person.name, claim.revoked, claim.groups, len(claim.references)) == (
        NAME,
        False,
        frozenset({"Staff"}),
        0,
    )
    assert (basis.withdrawn_by, basis.withdrawn_at) == ("ida", clock.utc())
    assert events(store)[-1] == (Event.BASIS_WITHDRAWN, "1 references erased")


def test_withdrawn_face_is_in_no_file(tmp_path: Path, store: Store, analyzer: FaceAnalyzer, probe: Probe) -> None:
    clock = SimulatedClock()
    Enrollment(store, analyzer, clock, terms=CONSENTED).enroll_good(OLD, NAME, good(probe, 1))
    with store.people() as people:
        (row,) = people._session.rows("SELECT embedding FROM face_references")

    def is_there() -> bool:
        return any(bytes(row["embedding"])[32:96] in path.read_bytes() for path in (tmp_path / "state").iterdir())

    before = is_there()
    keys = store.vault.file.holders()
    withdraw(store, clock, NAME, operator="")
    assert (before, is_there()) == (True, False)
    assert (len(keys), store.vault.file.holders()) == (1, ())


def test_withdrawal_of_a_stranger_is_refused(store: Store) -> None:
    with pytest.raises(CredentialError, match="No person named"):
        withdraw(store, SimulatedClock(), NAME, operator="")


@pytest.mark.parametrize(
    ("set_to", "grounds"),
    [("ask", None), ("law", Grounds(BasisKind.LAW, "2", "§ 26")), ("consent", Grounds(BasisKind.CONSENT, "2", "§ 26"))],
)
def test_owner_sets_one_for_all(set_to: str, grounds: Grounds | None) -> None:
    chosen = PeopleSettings(basis=set_to, basis_text_version="2", basis_text="§ 26")  # type: ignore[arg-type]
    assert default_grounds(chosen) == grounds


Step = Callable[[Store, FaceAnalyzer, Probe, int], object]


def _enroll(store: Store, analyzer: FaceAnalyzer, probe: Probe, seed: int) -> object:
    return Enrollment(store, analyzer, SimulatedClock()).enroll_good(NEW, NAME, good(probe, seed))


def _consented(store: Store, analyzer: FaceAnalyzer, probe: Probe, seed: int) -> object:
    return Enrollment(store, analyzer, SimulatedClock(), terms=CONSENTED).enroll_good(NEW, NAME, good(probe, seed))


STEPS: dict[str, Step] = {
    "enroll": _enroll,
    "consented": _consented,
    "state": lambda store, *_: state_basis(store, SimulatedClock(), NAME, CONSENT),
    "withdraw": lambda store, *_: withdraw(store, SimulatedClock(), NAME, operator=""),
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=8))
@settings(max_examples=25)
def test_there_is_a_basis_wherever_there_are_references(
    tmp_path_factory: pytest.TempPathFactory, analyzer: FaceAnalyzer, probe: Probe, asked: list[str]
) -> None:
    with Store(tmp_path_factory.mktemp("law")) as store:
        for seed, name in enumerate(asked):
            with contextlib.suppress(CredentialError, EnrollmentRefused):
                STEPS[name](store, analyzer, probe, seed)
            with store.people() as people:
                for one in people.everyone():
                    assert not one.references or people.bases.present(one.person) is not None


def test_candidate_without_a_face_leaves_no_basis(
    store: Store, analyzer: FaceAnalyzer, portraits: Mapping[str, Image]
) -> None:
    empty = np.zeros_like(portraits["eileen-collins"])
    with pytest.raises(EnrollmentRefused):
        Enrollment(store, analyzer, SimulatedClock(), terms=CONSENTED).enroll(OLD, NAME, [Candidate("black", empty)])
    assert events(store) == []
