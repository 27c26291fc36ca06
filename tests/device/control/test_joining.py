"""The hint for a user who may not speak to the service, and that no page or message asks for another way."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from device.control.joining import join_hint

ROOT = Path(__file__).parents[3]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("systemd/*.md")} - {ROOT / "CHANGELOG.md"})
SOURCES = sorted(ROOT.glob("device/**/*.py"))


def _user(monkeypatch: pytest.MonkeyPatch, members: list[str]) -> None:
    monkeypatch.setattr("device.control.joining.pwd.getpwuid", lambda _uid: SimpleNamespace(pw_name="anna"))
    monkeypatch.setattr("device.control.joining.grp.getgrnam", lambda _name: SimpleNamespace(gr_mem=members))


def test_a_stranger_hears_group_command_and_login(monkeypatch: pytest.MonkeyPatch) -> None:
    _user(monkeypatch, ["bob"])
    assert "`sudo usermod -aG lintel anna`, then log out and in again" in join_hint()
    assert "docs/operators.md" in join_hint()


def test_a_member_since_this_login_hears_to_log_in_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _user(monkeypatch, ["anna"])
    assert join_hint() == "You are in the group lintel, but not since this login began: log out and in again."


def test_without_a_name_there_is_a_hint_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.control.joining._name", lambda: "1234")
    assert "usermod -aG lintel 1234" in join_hint()


@pytest.mark.parametrize("pages", [PAGES, SOURCES], ids=["pages", "sources"])
def test_no_text_asks_for_the_service_s_user(pages: list[Path]) -> None:
    """Nor for the path of its store, where operators are spoken to."""
    asks = re.compile(r"sudo (?:-u|--user)|sudo lintel --state-dir|runuser|su -s")
    found = [str(page.relative_to(ROOT)) for page in pages if asks.search(page.read_text(encoding="utf-8"))]
    assert [name for name in found if name != "DECISIONS.md"] == []
