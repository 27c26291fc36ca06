"""Signed commands at the core's desk: fresh, new, within rights and rates, or refused."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from device.records.remote import RemoteCommand, RemoteKind, RemoteRefusal
from device.records.rulings import ClockState
from device.remote.limits import Refusals
from device.remote.office import Wanted
from device.remote.tokens import key_text, signed
from device.settings.remote import RemoteSettings
from device.store.store import Store
from tests.device.remote.world import ALL, START, House, SetClock, why_not


@pytest.mark.parametrize("command", ["release", "secure", "lockdown"])
def test_fresh_command_is_an_order(house: House, command: str) -> None:
    assert house.send(house.token(cmd=RemoteCommand(command))) == f"{command} main"


def test_order_is_by_the_name_of_the_client(house: House) -> None:
    assert house.desk.signed(house.token()).by == "client gate"


def test_second_use_is_refused(house: House) -> None:
    token = house.token()
    assert [house.send(token) for _ in range(3)] == ["release main", "replayed", "replayed"]


def test_use_counts_after_a_restart(house: House) -> None:
    house.send(token := house.token())
    house.clock.sleep(1)
    house.restart()
    house.clock.sleep(1)
    assert house.send(token) == "expired"


def test_use_counts_in_another_process(house: House) -> None:
    house.send(token := house.token())
    with Store(house.store.path.parent) as other:
        house.store, before = other, house.store
        house.desk = house.new_desk()
        house.clock.passed_s += 60
        said = house.send(token)
        house.store = before
    assert said == "replayed"


@pytest.mark.parametrize(
    ("stepped_s", "said"),
    [(0, "replayed"), (-1, "replayed"), (-3600, "early"), (29, "replayed"), (31, "expired"), (86_400, "expired")],
)
def test_stepped_clock_makes_none_count_again(house: House, stepped_s: int, said: str) -> None:
    house.send(token := house.token())
    house.clock.now += timedelta(seconds=stepped_s)
    assert house.send(token) == said


def test_clock_set_back_over_many_commands_revives_none(house: House) -> None:
    used = []
    for _ in range(20):
        used.append(house.token())
        house.send(used[-1])
        house.clock.sleep(40)
    house.clock.now -= timedelta(seconds=800)
    again = set()
    for token in used:
        again.add(house.send(token))
        house.clock.sleep(40)
    assert again == {"replayed"}


def test_untrusted_clock_refuses(house: House) -> None:
    house.state = ClockState.UNTRUSTED
    assert house.send(house.token()) == "clock"


def test_clock_that_is_held_counts(house: House) -> None:
    house.state = ClockState.HELD
    assert house.send(house.token()) == "release main"


@pytest.mark.parametrize(
    ("issued_s", "life_s", "said"),
    [
        (0, 30, "release main"),
        (0, 31, "form"),
        (0, -1, "form"),
        (-29, 30, "release main"),
        (-30, 30, "expired"),
        (1.5, 30, "release main"),
        (3, 30, "early"),
        (-10, 5, "expired"),
    ],
)
def test_life_is_bounded(house: House, issued_s: float, life_s: float, said: str) -> None:
    at = house.clock.now.timestamp() + issued_s
    assert house.send(house.token(iat=at, exp=at + life_s)) == said


def test_what_waited_for_the_start_is_refused(house: House) -> None:
    token = house.token()
    house.clock.sleep(2)
    house.restart()
    house.clock.sleep(1)
    assert house.send(token) == "expired"


def test_unknown_client_is_refused(house: House) -> None:
    assert house.send(signed(house.claims(), kid="f" * 32, key=house.key)) == "unknown"


def test_other_key_is_refused(house: House) -> None:
    assert house.send(signed(house.claims(), kid=house.kid, key=Ed25519PrivateKey.generate())) == "signature"


def test_key_of_another_house_is_refused(house: House, tmp_path: Path) -> None:
    other = House(tmp_path / "other")
    other.office.add_key(Wanted("ours", ALL), key_text(house.key.public_key()))
    said = other.send(house.token())
    other.close()
    assert said == "unknown"


def test_client_does_what_it_may_where_it_may(house: House) -> None:
    key = Ed25519PrivateKey.generate()
    wanted = Wanted("yard", frozenset({RemoteCommand.SECURE}), ("yard",))
    kid = house.office.add_key(wanted, key_text(key.public_key())).uid

    def said(command: str, door: str) -> str:
        return house.send(signed(house.claims(cmd=RemoteCommand(command), door=door), kid=kid, key=key))

    tried = [said("release", "yard"), said("secure", "main"), said("secure", "yard")]
    assert tried == ["rights", "rights", "secure yard"]


def test_revoked_client_is_refused_at_once(house: House) -> None:
    token = house.token()
    house.office.revoke(RemoteKind.KEY, "gate")
    assert house.send(token) == "unknown"


def test_commands_are_off_by_default(tmp_path: Path) -> None:
    house = House(tmp_path / "state", RemoteSettings())
    said = [house.send(house.token()), house.type_code(house.give_code()), house.type_code("")]
    house.close()
    assert said == ["off", "off", "off"]


def test_rate_of_a_client_is_bounded(house: House) -> None:
    said = [house.send(house.token()) for _ in range(20)]
    assert (said.count("release main"), said.count("rate")) == (5, 15)


def test_rate_allows_one_more_after_ten_seconds(house: House) -> None:
    for _ in range(6):
        house.send(house.token())
    house.clock.sleep(10.1)
    assert [house.send(house.token()) for _ in range(2)] == ["release main", "rate"]


def test_rate_of_all_clients_is_bounded(house: House) -> None:
    granted = 0
    for number in range(10):
        key = Ed25519PrivateKey.generate()
        kid = house.office.add_key(Wanted(f"c{number}", ALL), key_text(key.public_key())).uid
        tried = [house.send(signed(house.claims(), kid=kid, key=key)) for _ in range(5)]
        granted += tried.count("release main")
    assert granted == 20


def test_forged_and_replayed_ones_use_up_no_rate(house: House) -> None:
    house.send(token := house.token())
    for _ in range(100):
        house.send(token)
        house.send(house.token()[:-3] + "AAA")
    assert house.send(house.token()) == "release main"


def test_flood_of_refusals_is_one_row_a_minute(house: House) -> None:
    before = len(house.rows())
    for _ in range(1000):
        house.send("x.y.z")
        house.clock.sleep(0.3)
    house.desk.close()
    rows = house.rows()[before:]
    counted = sum(int(row.rpartition(": ")[2]) for row in rows)
    assert (len(rows), counted, rows[0]) == (6, 1000, "remote-refused: form: 1")


def test_refusal_names_the_client_and_the_reason(house: House) -> None:
    house.send(token := house.token())
    house.send(token)
    assert house.rows()[-1] == "remote-refused: replayed: 1; client gate"


def test_no_text_of_a_stranger_is_in_the_audit(house: House) -> None:
    house.send("evil.evil.evil")
    house.send(signed(house.claims(door="evil"), kid="e" * 32, key=house.key))
    house.desk.close()
    assert "evil" not in " ".join(house.rows())


def test_summary_of_refusals_is_no_second_row_within_a_minute() -> None:
    """The timer that writes down the last ones of a flood comes while the next row is not due."""
    refusals = Refusals()
    assert refusals.add(RemoteRefusal.FORM, "", 0.0) == "form: 1"
    assert refusals.add(RemoteRefusal.FORM, "", 1.0) == ""
    assert refusals.add(RemoteRefusal.FORM, "", 60.5) == "form: 2"
    assert refusals.add(RemoteRefusal.FORM, "", 60.9) == ""
    assert (refusals.due(61.0), refusals.left_s(61.0)) == ("", 59.5)
    assert refusals.due(120.5) == "form: 1"


def test_store_keeps_no_more_than_a_minute_of_nonces(house: House) -> None:
    for _ in range(30):
        assert house.send(house.token()) == "release main"
        house.clock.sleep(11)
    with house.store.session() as session:
        kept = len(session.rows("SELECT nonce FROM remote_used"))
    assert kept == 6


def test_same_key_is_no_second_client(house: House) -> None:
    public = key_text(house.key.public_key())
    said = why_not(lambda: house.office.add_key(Wanted("again", ALL), public))
    assert said == "Another client has this key."


@pytest.mark.parametrize("key", ["", "x", "A" * 42, "ssh-ed25519 AAAA", "é" * 43])
def test_what_is_not_a_key_is_refused(house: House, key: str) -> None:
    assert why_not(lambda: house.office.add_key(Wanted("other", ALL), key)).startswith("Not a public key: ")


def test_revocation_is_on_the_list_that_wins_over_restores(house: House) -> None:
    house.office.revoke(RemoteKind.KEY, "gate")
    last = house.store.withdrawn()[-1]
    assert (last.kind, last.uid) == ("remote", house.kid)


def test_audit_tells_what_a_client_may(house: House) -> None:
    house.office.revoke(RemoteKind.KEY, "gate")
    assert house.rows() == [
        "remote-client-added: client gate: lockdown, release, secure at all doors",
        "remote-client-revoked: client gate",
    ]


def test_no_row_has_a_key(house: House) -> None:
    house.send(house.token())
    with house.store.audit() as audit:
        said = json.dumps([str(row) for row in audit])
    assert key_text(house.key.public_key()) not in said


@settings(max_examples=12)
@given(st.lists(st.tuples(st.sampled_from(["send", "replay", "step", "restart"]), st.integers(-90, 90)), max_size=15))
def test_no_token_is_an_order_twice(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]) -> None:
    house = House(tmp_path_factory.mktemp("house"))
    ordered: list[str] = []
    sent: list[str] = []
    for what, number in steps:
        house.clock.passed_s += abs(number)
        if what == "send":
            sent.append(house.token())
        elif what == "step":
            house.clock.now += timedelta(seconds=number)
        elif what == "restart":
            house.restart()
        tried = {"send": sent[-1:], "replay": sent}.get(what, [])
        ordered.extend(token for token in tried if house.send(token) == "release main")
    house.close()
    assert len(ordered) == len(set(ordered))


def test_world_begins_when_it_says() -> None:
    assert SetClock().utc() == START
