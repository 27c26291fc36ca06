"""`lintel doctor` while the service runs: by the service, for those with the role."""

import os

import msgspec
import pytest

from tests.device.cli.served.house import BOB, GUS, House

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="becomes other users: run as root")


def test_an_auditor_has_the_service_examine_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither root nor able to open the store; the child asks the socket as the service's own user."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(house.runtime))
    answer = house.by(BOB, "doctor", "--json")
    seen = {line["code"]: line["light"] for line in msgspec.json.decode(answer.out)["lines"]}
    assert [seen[code] for code in ("service", "store", "chain", "database")] == ["green"] * 4


def test_a_guard_may_not_have_it_examined(house: House) -> None:
    assert house.by(GUS, "doctor").code == 7
