"""`lintel link`: what its commands print, and what their exit codes mean."""

import json
import time
from pathlib import Path

import pytest

from device.control.client import FILE_NAME
from device.errors import LinkError
from device.link import integrations as made_by
from device.link.health import Condition, Report, write_report
from device.link.settings.tables import LinkSettings
from device.link.wires import Integration
from tests.device.commands import Lintel
from tests.device.control.ledger import Ledger, serving
from tests.device.link.wires import NotedWire

WELL = Condition("mqtt", connected=True, row=40, behind=2, delivered=7)
FAILED = Condition("mqtt", row=40, error="The broker refuses.", hint="Check the password.")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "link.toml"
    path.write_text(f'[link]\nsocket = "{tmp_path / FILE_NAME}"\nstate_dir = "{tmp_path}"\n')
    return path


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> NotedWire:
    """The one integration that there is."""
    noted = NotedWire()

    def maker(_settings: LinkSettings) -> tuple[Integration, ...]:
        return (Integration("noted", noted),)

    monkeypatch.setattr(made_by, "MAKERS", (maker,))
    return noted


@pytest.mark.parametrize(
    ("one", "service", "code"),
    [(WELL, "", 0), (FAILED, "", 1), (WELL, "It is gone.", 1)],
    ids=["well", "failed", "lost"],
)
def test_the_exit_code_says_whether_all_is_well(
    lintel: Lintel, settings: Path, one: Condition, service: str, code: int
) -> None:
    write_report(settings.parent, Report(time.monotonic(), service, (one,)))
    assert lintel("link", "status", "--config", settings).exit_code == code


def test_status_says_what_failed_and_what_to_do(lintel: Lintel, settings: Path) -> None:
    write_report(settings.parent, Report(time.monotonic(), "", (WELL, FAILED)))
    assert lintel("link", "status", "--config", settings).out.splitlines() == [
        "mqtt: connected, at row 40, 2 behind, 7 sent since the start",
        "mqtt: not connected, at row 40, 0 sent since the start",
        "  The broker refuses.",
        "  What to do: Check the password.",
    ]


def test_status_says_once_that_the_service_is_gone(lintel: Lintel, settings: Path) -> None:
    """The words are a sentence of their own."""
    gone = "The door's service can't be reached: it isn't running."
    write_report(settings.parent, Report(time.monotonic(), gone, (WELL,)))
    assert lintel("link", "status", "--config", settings).out.splitlines()[0] == gone


def test_each_user_may_ask_how_the_link_is(settings: Path) -> None:
    """The unit's folder lets them in; no event is in the file."""
    write_report(settings.parent, Report(time.monotonic(), "", (WELL,)))
    assert (settings.parent / "status.json").stat().st_mode & 0o777 == 0o644


def test_status_is_json_for_machines(lintel: Lintel, settings: Path) -> None:
    write_report(settings.parent, Report(time.monotonic(), "", (WELL,)))
    (one,) = json.loads(lintel("link", "status", "--config", settings, "--json").out)["integrations"]
    assert (one["name"], one["connected"], one["row"], one["behind"]) == ("mqtt", True, 40, 2)


@pytest.mark.parametrize("age_s", [31.0, -5.0])
def test_a_word_that_is_old_says_that_no_link_runs(lintel: Lintel, settings: Path, age_s: float) -> None:
    """Also one of before the machine was started."""
    write_report(settings.parent, Report(time.monotonic() - age_s, "", (WELL,)))
    ended = lintel("link", "status", "--config", settings)
    assert (ended.exit_code, "isn't running" in ended.err) == (14, True)


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"at_s": "x"}'])
def test_without_a_word_no_link_runs(lintel: Lintel, settings: Path, content: bytes | None) -> None:
    if content is not None:
        (settings.parent / "status.json").write_bytes(content)
    assert lintel("link", "status", "--config", settings).exit_code == 14


def test_check_proves_service_and_integration(lintel: Lintel, settings: Path, wire: NotedWire) -> None:
    service = serving(settings.parent / FILE_NAME, Ledger())
    ended = lintel("link", "check", "--config", settings)
    service.close()
    assert (ended.exit_code, ended.out.splitlines()) == (
        0,
        ["service: proved. It answers; doors: main.", "noted: proved. It was read back."],
    )
    assert (wire.events, wire.shown) == ([], [])


def test_check_says_what_to_do_about_each_failure(lintel: Lintel, settings: Path, wire: NotedWire) -> None:
    wire.failures["check"] = 1
    wire.error = LinkError("The broker refuses.", hint="Check the password.")
    ended = lintel("link", "check", "--config", settings, "--json")
    assert (ended.exit_code, [(one["is_proved"], one["hint"]) for one in json.loads(ended.out)]) == (
        1,
        [(False, "Start it: `sudo systemctl start lintel`."), (False, "Check the password.")],
    )


@pytest.mark.parametrize("command", ["run", "check"])
def test_without_integrations_there_is_nothing_to_do(lintel: Lintel, settings: Path, command: str) -> None:
    assert lintel("link", command, "--config", settings).exit_code == 3


def test_config_is_a_file_to_start_from(lintel: Lintel, tmp_path: Path) -> None:
    (tmp_path / "link.toml").write_text(lintel("link", "config", "--defaults").out)
    shown = lintel("link", "config", "--config", tmp_path / "link.toml", "--json")
    assert (shown.exit_code, json.loads(shown.out)["link"]["socket"]) == (0, "/run/lintel/control.sock")


@pytest.mark.parametrize("text", ["[link", "[link]\nsocket = 3", '[link]\nsocket = "relative"'])
def test_a_wrong_file_is_an_error_of_settings(lintel: Lintel, tmp_path: Path, text: str) -> None:
    (tmp_path / "link.toml").write_text(text)
    assert lintel("link", "config", "--config", tmp_path / "link.toml").exit_code == 3
