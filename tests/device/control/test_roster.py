"""Who has which role, by the settings and this machine's users."""

import os
import pwd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.control.peers import Credentials
from device.control.roles import VERB_ROLES, may
from device.control.roster import Roster, listed
from device.records import Operator, Role
from device.settings.loading import settings_in
from device.settings.operators import OperatorSettings

DAEMON = pwd.getpwnam("daemon")
ROLE = st.sampled_from(Role)


def roster(*operators: OperatorSettings) -> Roster:
    made = Roster(operators)
    made.look_up()
    return made


def test_user_of_the_settings_has_the_role() -> None:
    found = roster(OperatorSettings(login="daemon", role=Role.ENROLLER)).operator(Credentials(DAEMON.pw_uid))
    assert (sorted(found.roles), found.name) == ([Role.ENROLLER], "daemon")


def test_several_tables_give_several_roles() -> None:
    operators = (OperatorSettings(login="daemon", role=Role.GUARD), OperatorSettings(group="daemon", role=Role.AUDITOR))
    found = roster(*operators).operator(Credentials(DAEMON.pw_uid, frozenset({DAEMON.pw_gid})))
    assert found.roles == {Role.GUARD, Role.AUDITOR}


def test_without_operators_all_who_may_connect_are_guards() -> None:
    assert Roster().operator(Credentials(4001)).roles == {Role.GUARD}


def test_guards_may_what_all_could_before_there_were_roles() -> None:
    before = {"status", "secure", "lockdown", "evacuate", "clear", "release", "subscribe"}
    guard = Operator(4001, frozenset({Role.GUARD}))
    assert {verb for verb, roles in VERB_ROLES.items() if may(guard, roles)} >= before


@pytest.mark.parametrize(
    ("operators", "roles"),
    [
        ((), {Role.LINK}),
        ((OperatorSettings(group="daemon", role=Role.GUARD),), {Role.LINK}),
        ((OperatorSettings(login="daemon", role=Role.AUDITOR),), {Role.LINK, Role.AUDITOR}),
    ],
)
def test_the_links_user_is_no_guard(
    monkeypatch: pytest.MonkeyPatch, operators: tuple[OperatorSettings, ...], roles: set[Role]
) -> None:
    """Also where all others are who may connect, and where its group is; only a table of its own gives it more."""
    monkeypatch.setattr("device.control.roster.LINK_USER", "daemon")
    found = roster(*operators).operator(Credentials(DAEMON.pw_uid, frozenset({DAEMON.pw_gid})))
    assert found.roles == roles


def test_the_links_user_is_no_guard_before_names_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.control.roster.LINK_USER", "daemon")
    assert Roster().operator(Credentials(DAEMON.pw_uid)).roles == {Role.LINK}


def test_the_link_may_watch_and_pass_commands_on() -> None:
    link = Operator(4001, frozenset({Role.LINK}))
    assert {verb for verb, roles in VERB_ROLES.items() if may(link, roles)} == {
        "status",
        "subscribe",
        "signed-command",
        "coded-command",
    }


def test_with_operators_others_have_no_role() -> None:
    assert roster(OperatorSettings(login="daemon", role=Role.GUARD)).operator(Credentials(4001)).roles == frozenset()


@pytest.mark.parametrize("service", [0, 1000])
def test_root_and_the_services_user_are_admins(monkeypatch: pytest.MonkeyPatch, service: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: service)
    known = roster(OperatorSettings(login="daemon", role=Role.GUARD))
    assert [known.operator(Credentials(uid)).roles for uid in (0, service)] == [{Role.ADMIN}] * 2


def test_user_whom_the_kernel_does_not_know_has_no_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    known = roster(OperatorSettings(login="nobody", role=Role.ADMIN))
    assert known.operator(Credentials(65534)).roles == frozenset()


def test_names_that_the_system_does_not_have_are_told() -> None:
    found = listed((OperatorSettings(login="no-such-user", role=Role.GUARD),))
    assert (found.unknown, found.users) == (("no-such-user",), {})


def test_names_are_looked_up_in_the_background() -> None:
    made = Roster((OperatorSettings(login="daemon", role=Role.GUARD),))
    made.begin(30.0)
    made.close()
    assert made.operator(Credentials(DAEMON.pw_uid)).roles == {Role.GUARD}


@pytest.mark.parametrize(
    "table",
    [
        {"role": "guard"},
        {"login": "a", "group": "b", "role": "guard"},
        {"login": "a"},
        {"login": "a\nb", "role": "guard"},
    ],
)
def test_table_that_names_no_one_or_two_is_refused(table: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="operators"):
        settings_in({"operators": [table]})


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        (Operator(1000, name="anna", login_uid=1000), "anna"),
        (Operator(0, login_uid=1000, login="anna"), "root (login anna)"),
        (Operator(0), "root (no login)"),
        (Operator(1000, login_uid=1001), "user 1000 (login user 1001)"),
    ],
)
def test_operators_in_words(operator: Operator, words: str) -> None:
    assert operator.words == words


@given(held=st.frozensets(ROLE), wanted=st.frozensets(ROLE), more=ROLE)
def test_more_roles_never_take_a_right_away(held: frozenset[Role], wanted: frozenset[Role], more: Role) -> None:
    before = may(Operator(1, held), wanted)
    assert may(Operator(1, held | {more}), wanted) or not before


@given(held=st.frozensets(ROLE.filter(lambda role: role is not Role.ADMIN)), verb=st.sampled_from(sorted(VERB_ROLES)))
def test_only_the_verbs_own_roles_may_ask(held: frozenset[Role], verb: str) -> None:
    assert may(Operator(1, held), VERB_ROLES[verb]) is bool(held & VERB_ROLES[verb])


@pytest.mark.parametrize(
    "operators",
    [(), (OperatorSettings(group="daemon", role=Role.GUARD),), (OperatorSettings(login="daemon", role=Role.ADMIN),)],
)
def test_the_monitors_user_looks_alone(
    monkeypatch: pytest.MonkeyPatch, operators: tuple[OperatorSettings, ...]
) -> None:
    """Whatever a table says: a page in a browser must not become an operator by a line in the settings."""
    monkeypatch.setattr("device.control.roster.WATCH_USER", "daemon")
    found = roster(*operators).operator(Credentials(DAEMON.pw_uid, frozenset({DAEMON.pw_gid})))
    assert found.roles == {Role.WATCH}


def test_the_monitor_may_watch_alone() -> None:
    monitor = Operator(4001, frozenset({Role.WATCH}))
    assert {verb for verb, roles in VERB_ROLES.items() if may(monitor, roles)} == {"status", "subscribe"}
