"""`lintel doctor` as it is called."""

import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from device.cli import forwarding
from tests.device.commands import Lintel

LIGHTS = {"green", "amber", "red"}


def lights(page: object) -> dict[str, str]:
    assert isinstance(page, dict)
    return {line["code"]: line["light"] for line in page["lines"]}


def test_a_machine_without_a_store_is_examined(lintel: Lintel, state: Path) -> None:
    ended = lintel("doctor", "--json")
    assert (ended.exit_code, lights(ended.json)["store"], state.exists()) == (0, "amber", False)


def test_a_store_is_examined(lintel: Lintel, state: Path) -> None:  # noqa: ARG001 - where it is
    lintel("keys", "init")
    seen = lights(lintel("doctor", "--json").json)
    assert [seen[code] for code in ("store", "device-key", "clock", "chain", "database", "models")] == [
        "green",
        "amber",
        "green",
        "green",
        "green",
        "green",
    ]


def test_a_broken_store_is_red(lintel: Lintel, state: Path) -> None:
    state.mkdir()
    (state / "lintel.db").write_bytes(b"not a database at all" * 100)
    ended = lintel("doctor", "--json")
    assert (ended.exit_code, lights(ended.json)["store"], ended.json["light"]) == (15, "red", "red")


def test_a_key_that_is_gone_is_red(lintel: Lintel, state: Path) -> None:
    lintel("keys", "init")
    (key,) = (state.parent / f"{state.name}-keys").glob("device.key")
    key.unlink()
    ended = lintel("doctor", "--json")
    assert (ended.exit_code, lights(ended.json)["device-key"]) == (15, "red")


def test_each_line_begins_with_its_light(lintel: Lintel, state: Path) -> None:  # noqa: ARG001 - none is there
    ended = lintel("doctor")
    words = {line.split()[0] for line in ended.out.splitlines() if line and not line.startswith(" ")}
    assert words <= {*LIGHTS, "amber:"}


def test_service_that_talks_nonsense_is_a_red_line_of_the_page(
    lintel: Lintel, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that hangs is the same after its time."""
    lintel("keys", "init")
    assert state.is_dir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "control.sock"))
        listener.listen()

        def answer() -> None:
            with suppress(OSError):
                while True:
                    with listener.accept()[0] as connection:
                        connection.sendall(b"?\n")

        thread = threading.Thread(target=answer)
        thread.start()
        ended = lintel("doctor", "--json")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert (ended.exit_code, lights(ended.json)["service"], lights(ended.json)["store"]) == (15, "red", "green")


def test_service_that_hangs_is_asked_once_and_not_for_long(
    lintel: Lintel, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert forwarding.ASKED_S <= 5.0
    lintel("keys", "init")
    assert state.is_dir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(forwarding, "ASKED_S", 0.1)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "control.sock"))
        listener.listen()
        ended = lintel("doctor", "--json")
        listener.setblocking(False)
        listener.accept()[0].close()
        with pytest.raises(BlockingIOError):
            listener.accept()
    (line,) = (line for line in ended.json["lines"] if line["code"] == "service")
    assert (ended.exit_code, line["light"], lights(ended.json)["store"]) == (15, "red", "green")
    assert line["hint"].startswith("It may hang: `sudo systemctl restart lintel`")


def test_wrong_settings_are_a_red_line_of_the_page(
    lintel: Lintel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text("nonsense = 1\n")
    monkeypatch.setenv("LINTEL_CONFIG", str(file))
    ended = lintel("doctor", "--json")
    seen = lights(ended.json)
    assert (ended.exit_code, seen["settings"], ended.json["lines"][0]["code"]) == (15, "red", "settings")
    assert "nonsense" in ended.json["lines"][0]["what"]
    assert {"machine", "service", "system"} <= set(seen)
    assert {"store", "camera", "pins", "defaults"}.isdisjoint(seen)
