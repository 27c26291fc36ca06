"""Where state is kept if no setting says so: absolute paths alone, and a sentence where there is no home."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device import user_folders
from device.door.lasting import Lasting, Mode, Order
from device.door.mode import ModeFile
from device.door.securing.evacuated import evacuated_doors
from device.errors import ConfigError
from device.files import runtime_dir
from device.settings.loading import state_dir
from device.settings.tables import Settings, StoreSettings
from tests.device.commands import Lintel
from tests.device.test_state_folder import Account

NAMES = ("HOME", "XDG_STATE_HOME", "STATE_DIRECTORY")
FOUND = [
    ({"HOME": "/home/ada"}, "/home/ada/.local/state/lintel"),
    ({"HOME": "/home/ada", "XDG_STATE_HOME": "/srv/state"}, "/srv/state/lintel"),
    ({"HOME": "/home/ada", "XDG_STATE_HOME": "/srv/state/"}, "/srv/state/lintel"),
    ({"HOME": "/home/ada", "XDG_STATE_HOME": ""}, "/home/ada/.local/state/lintel"),
    ({"HOME": "/home/ada", "XDG_STATE_HOME": "state"}, "/home/ada/.local/state/lintel"),
    ({"HOME": "/home/ada", "XDG_STATE_HOME": "./state"}, "/home/ada/.local/state/lintel"),
    ({"HOME": "/home/ada", "XDG_STATE_HOME": "../state"}, "/home/ada/.local/state/lintel"),
    ({"HOME": "/home/ada", "XDG_STATE_HOME": "~/state"}, "/home/ada/.local/state/lintel"),
    ({"HOME": "/home/ada", "XDG_STATE_HOME": "~"}, "/home/ada/.local/state/lintel"),
    ({"HOME": "/home/ada", "XDG_STATE_HOME": "$HOME/state"}, "/home/ada/.local/state/lintel"),
    ({"HOME": "", "XDG_STATE_HOME": ""}, "/home/of-the-list/.local/state/lintel"),
    ({"HOME": "ada"}, "/home/of-the-list/.local/state/lintel"),
    ({"HOME": "~"}, "/home/of-the-list/.local/state/lintel"),
    ({}, "/home/of-the-list/.local/state/lintel"),
    ({"XDG_STATE_HOME": "/srv/state"}, "/srv/state/lintel"),
    ({"STATE_DIRECTORY": "/var/lib/lintel", "HOME": "/home/ada"}, "/var/lib/lintel"),
    ({"STATE_DIRECTORY": "/var/lib/lintel:/var/lib/other"}, "/var/lib/lintel"),
    ({"STATE_DIRECTORY": "", "HOME": "/home/ada"}, "/home/ada/.local/state/lintel"),
]
TYPED = [
    ("/srv/door", "/srv/door"),
    ("~", "/home/ada"),
    ("~/door", "/home/ada/door"),
    ("~/", "/home/ada"),
    ("~root/door", "/home/of-the-list/door"),
    ("door", "{here}/door"),
    ("./door", "{here}/door"),
    ("./~", "{here}/~"),
    ("door~", "{here}/door~"),
    ("/srv/~/door", "/srv/~/door"),
    ("  /srv/door ", "/srv/door"),
]


class Listed:
    """A user in the system's list."""

    pw_dir = "/home/of-the-list"
    pw_name = "ada"


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Sets these, and none of the others."""

    def put(said: dict[str, str]) -> None:
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        for name, value in said.items():
            monkeypatch.setenv(name, value)

    monkeypatch.setattr("pwd.getpwuid", lambda _uid: Listed)
    return put


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch, variables: Callable[[dict[str, str]], None]) -> None:
    """A user without HOME whom the system's list doesn't have, as in a container."""
    variables({})
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)


@pytest.mark.parametrize(("said", "folder"), FOUND)
def test_state_is_kept_at_an_absolute_path(
    variables: Callable[[dict[str, str]], None], said: dict[str, str], folder: str
) -> None:
    variables(said)
    assert state_dir(Settings()) == Path(folder)


@pytest.mark.parametrize("value", ["lintel", "~/lintel", "./lintel", "../lintel", "~", "a:/var/lib/lintel"])
def test_relative_state_directory_is_refused(variables: Callable[[dict[str, str]], None], value: str) -> None:
    variables({"STATE_DIRECTORY": value, "HOME": "/home/ada"})
    with pytest.raises(ConfigError, match=r"STATE_DIRECTORY is '.*', expected an absolute path"):
        state_dir(Settings())


def test_setting_comes_before_every_variable(variables: Callable[[dict[str, str]], None]) -> None:
    variables({"STATE_DIRECTORY": "relative", "XDG_STATE_HOME": "/srv", "HOME": "/home/ada"})
    assert state_dir(Settings(store=StoreSettings(state_dir="/srv/door"))) == Path("/srv/door")


@pytest.mark.usefixtures("homeless")
def test_user_without_a_home_gets_a_sentence() -> None:
    with pytest.raises(ConfigError, match="this user has no home folder") as refused:
        state_dir(Settings())
    assert "--state-dir" in refused.value.hint


@pytest.mark.usefixtures("homeless")
@pytest.mark.parametrize(
    "line",
    ["people list", "badges list", "audit list", "people find Ada", "badges revoke 17:1", "people remove Ada --yes"],
)
def test_command_without_a_home_ends_with_a_sentence(lintel: Lintel, line: str) -> None:
    ended = lintel(*line.split())
    assert (ended.exit_code, "no home folder" in ended.err) == (3, True)


@pytest.mark.usefixtures("homeless")
@pytest.mark.parametrize("line", ["config", "config --json", "config --changed", "--version", "--help", "readers list"])
def test_command_that_needs_no_home_works_without(lintel: Lintel, line: str) -> None:
    assert lintel(*line.split()).exit_code == 0


@pytest.mark.usefixtures("homeless")
def test_settings_without_a_home_say_that_no_folder_is_in_force(lintel: Lintel) -> None:
    assert "# in force: none; No folder for the database: this user has no home folder." in lintel("config").out


@pytest.mark.parametrize(("typed", "folder"), TYPED)
def test_folder_that_is_typed_means_what_it_says(
    lintel: Lintel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: str, folder: str
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setattr("pwd.getpwnam", {"root": Listed}.__getitem__)
    monkeypatch.chdir(tmp_path)
    ended = lintel("--state-dir", typed, "config", "--json")
    assert ended.json["store"]["state_dir"] == folder.format(here=tmp_path)


@pytest.mark.parametrize("typed", ["~/a.toml", "~//a.toml", "~/./a.toml"])
@pytest.mark.parametrize("by_variable", [False, True])
def test_settings_file_may_be_named_below_the_home(
    lintel: Lintel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: str, *, by_variable: bool
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.toml").write_text("[[doors]]\npin = 5\n")
    if by_variable:
        monkeypatch.setenv("LINTEL_CONFIG", typed)
    ended = lintel(*([] if by_variable else [f"--config={typed}"]), "config", "--json")
    assert ended.json["doors"][0]["pin"] == 5


@pytest.mark.parametrize("where", ["/proc/none", "/dev/null", "/sys", "/proc/self/mem"])
def test_home_that_cannot_be_written_is_named(lintel: Lintel, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", where)
    ended = lintel("people", "list")
    assert (ended.exit_code, f"Cannot make the folder {where}/.local/state/lintel" in ended.err) == (8, True)


@pytest.mark.parametrize("typed", ["~nobody-of-this-name/door", "~nobody-of-this-name", " ", "/srv/\x1b[2J", "/\u202e"])
def test_folder_that_means_nothing_is_wrong_use(lintel: Lintel, typed: str) -> None:
    assert lintel("--state-dir", typed, "config").exit_code == 2


@pytest.mark.parametrize("name", ["XDG_STATE_HOME", "HOME"])
def test_variable_that_is_ignored_is_noted(
    lintel: Lintel, variables: Callable[[dict[str, str]], None], tmp_path: Path, name: str
) -> None:
    variables({"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), name: "~/state"})
    assert f"Note: {name} is ignored, as '~/state' is not an absolute path." in lintel("people", "list").err


@pytest.mark.parametrize(("variable", "below"), [("STATE_DIRECTORY", ""), ("XDG_STATE_HOME", "lintel")])
def test_evacuated_door_is_looked_for_in_the_same_folder(
    variables: Callable[[dict[str, str]], None], tmp_path: Path, variable: str, below: str
) -> None:
    variables({variable: str(tmp_path)})
    assert state_dir(Settings()) == tmp_path / below
    ModeFile(tmp_path / below, "main").write(Lasting(Mode(ordered=Order.EVACUATION)))
    assert evacuated_doors(None, ["main", "back"]) == frozenset({"main"})


@pytest.mark.parametrize(
    ("value", "folder"),
    [
        ("/run/lintel", "/run/lintel"),
        ("/run/a:/run/b", "/run/a"),
        ("lintel", None),
        ("~/run", None),
        ("./run", None),
        (":/run/b", None),
        ("", None),
    ],
)
def test_runtime_folder_is_an_absolute_path(monkeypatch: pytest.MonkeyPatch, value: str, folder: str | None) -> None:
    monkeypatch.setattr("device.files.RUNTIME_DIR", Path("/none"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", value)
    assert runtime_dir() == (folder and Path(folder))


@pytest.mark.usefixtures("homeless")
def test_door_is_secured_without_a_home() -> None:
    assert evacuated_doors(None, ["main"]) == frozenset()


def test_home_of_the_list_is_used_only_if_it_is_absolute(
    variables: Callable[[dict[str, str]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Elsewhere(Account):
        pw_dir = ""

    variables({})
    monkeypatch.setattr("pwd.getpwuid", lambda _uid: Elsewhere)
    assert user_folders.home() is None
