"""The table of settings: defaults, limits, meaning, and files that are wrong."""

from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from device.cli.config import toml_lines
from device.config import (
    DoorSettings,
    FormatSettings,
    InputSettings,
    OutputSettings,
    ReaderSettings,
    Settings,
    StoreSettings,
    changed_settings,
    load_settings,
    state_dir,
)
from device.errors import ConfigError
from device.settings_table import setting_meanings

HOUSE = Settings(door=DoorSettings(pin=22, active_high=False), store=StoreSettings(state_dir="/srv/door"))
Write = Callable[[str | bytes], Path]
LISTED = {
    "more_doors": DoorSettings,
    "more_readers": ReaderSettings,
    "inputs": InputSettings,
    "outputs": OutputSettings,
    "formats": FormatSettings,
}
TABLES = {field.name: LISTED.get(field.name, field.type) for field in msgspec.structs.fields(Settings)}
NAMES = [(group, field.name) for group, table in TABLES.items() for field in msgspec.structs.fields(table)]
WRONG = {
    "unknown setting": ("[door]\npni = 17", "unknown field `pni`"),
    "unknown group": ("[dor]\npin = 17", "unknown field `dor`"),
    "group that is none": ("door = 17", "`$.door`"),
    "pin too high": ("[door]\npin = 28", "`$.door.pin`"),
    "pin below zero": ("[door]\npin = -1", "`$.door.pin`"),
    "pin that is no whole number": ("[door]\npin = 17.5", "`$.door.pin`"),
    "pin that is true": ("[door]\npin = true", "`$.door.pin`"),
    "pin that is text": ('[door]\npin = "17"', "`$.door.pin`"),
    "strike time that never ends": ("[door]\nstrike_time_s = inf", "`$.door.strike_time_s`"),
    "strike time that is no number": ("[door]\nstrike_time_s = nan", "`$.door.strike_time_s`"),
    "strike time of nothing": ("[door]\nstrike_time_s = 0", "`$.door.strike_time_s`"),
    "strike time too long": ("[door]\nstrike_time_s = 10.1", "`$.door.strike_time_s`"),
    "frames too old to be evidence": ("[camera]\nmax_age_s = 0.6", "`$.camera.max_age_s`"),
    "no camera": ('[camera]\nsource = ""', "`$.camera.source`"),
    "no reader": ('[reader]\nsource = ""', "`$.reader.source`"),
    "zero byte in a path": ('[store]\nstate_dir = "a\\u0000b"', "`$.store.state_dir`"),
    "escape sequence in a path": ('[camera]\nsource = "\\u001b[2J"', "`$.camera.source`"),
    "face larger than any": ("[vision]\nmin_face_px = inf", "`$.vision.min_face_px`"),
    "blur below all": ("[vision]\nmax_blur = inf", "`$.vision.max_blur`"),
    "turn that is no number": ("[vision]\nmax_turn = nan", "`$.vision.max_turn`"),
    "input without a signal": ("[[inputs]]\npin = 4", "missing required field `signal`"),
    "input that is none": ('[[inputs]]\nsignal = "bell"\npin = 4', "`$.inputs[0].signal`"),
    "list that is a table": ("[inputs]\npin = 4", "`$.inputs`"),
    "door without a proper name": ('[door]\nname = "Front door"', "`$.door.name`"),
    "layout of other letters": ('[[formats]]\nname = "mine"\nlayout = "ABCDEFGH"', "`$.formats[0].layout`"),
    "no TOML": ("door.pin 17", "wrong"),
    "twice the same": ("[door]\npin = 1\npin = 2", "wrong"),
    "too deep": ("a = " + "[" * 100_000, "wrong"),
    "too many digits": ("[door]\npin = " + "9" * 5000, "wrong"),
}


def setting_strategy(kind: inspect.Type) -> st.SearchStrategy[object]:
    """Any value within the limits of a setting's type."""
    match kind:
        case inspect.Metadata():
            return setting_strategy(kind.type)
        case inspect.UnionType():
            return st.one_of([setting_strategy(member) for member in kind.types])
        case inspect.VarTupleType():
            return st.lists(setting_strategy(kind.item_type), max_size=2).map(tuple)
        case inspect.StructType():
            return st.builds(kind.cls, **{field.name: setting_strategy(field.type) for field in kind.fields})
    return single_strategy(kind)


def single_strategy(kind: inspect.Type) -> st.SearchStrategy[object]:
    match kind:
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.EnumType():
            return st.sampled_from(list(kind.cls))
        case inspect.IntType():
            return st.integers(kind.ge, kind.le)
        case inspect.FloatType():
            low, high = (kind.gt if kind.ge is None else kind.ge), kind.le
            return st.floats(low, high, exclude_min=kind.ge is None, allow_nan=False)
        case inspect.StrType():
            return text_strategy(kind)
    raise AssertionError(kind)


def text_strategy(kind: inspect.StrType) -> st.SearchStrategy[str]:
    if kind.pattern and not kind.pattern.startswith("^[^"):
        return st.from_regex(kind.pattern, fullmatch=True).filter(str.isprintable)
    printable = st.characters(codec="utf-8", exclude_categories=("Cc",))
    return st.text(printable, min_size=kind.min_length or 0)


any_settings = setting_strategy(inspect.type_info(Settings))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes) -> Path:
        path = tmp_path / "lintel.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def test_empty_file_gives_the_defaults(write: Write) -> None:
    assert load_settings(write("")) == Settings()


def test_without_a_file_the_defaults_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("device.config.DEFAULT_FILE", tmp_path / "none.toml")
    assert load_settings() == Settings()


def test_without_a_named_file_that_of_the_machine_holds(monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    monkeypatch.setattr("device.config.DEFAULT_FILE", write("[door]\npin = 4"))
    assert load_settings().door.pin == 4


def test_file_overrides_the_defaults_it_names(write: Write) -> None:
    settings = load_settings(write('[door]\npin = 22\nactive_high = false\n[store]\nstate_dir = "/srv/door"'))
    assert settings == HOUSE


@pytest.mark.parametrize(("content", "said"), WRONG.values(), ids=WRONG.keys())
def test_wrong_file_is_refused_with_the_place(write: Write, content: str | bytes, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(write(content))
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[vision]\nmin_brightness = 206.0", "`vision.min_brightness` is 206.0, above `vision.max_brightness`, 205.0"),
        ("[vision]\nmax_brightness = 39", "`vision.min_brightness` is 40.0, above `vision.max_brightness`, 39.0"),
        ('[store]\nstate_dir = "lintel"', "expected an absolute path, received 'lintel'"),
        ('[store]\nstate_dir = "~/lintel"', "expected an absolute path, received '~/lintel'"),
        ("[[more_doors]]\npin = 4", "two doors are called 'main'"),
        (
            '[[more_doors]]\nname = "back"',
            "GPIO 17 is used twice, by the relay of door main and by the relay of door back",
        ),
        ("[[more_readers]]", "two readers are called 'reader'"),
        ('[reader]\ndoor = "back"', "there is no door 'back', but main"),
        ('[[inputs]]\nsignal = "dps"', "the input dps needs a `pin` or a `channel`, one of them"),
        ('[[inputs]]\nsignal = "dps"\npin = 4\nchannel = 0', "the input dps needs a `pin` or a `channel`, one of them"),
        ('[[inputs]]\nsignal = "rex"\npin = 17', "GPIO 17 is used twice, by the relay of door main and by input rex"),
        ('[[outputs]]\nsignal = "siren"\npin = 17', "by the relay of door main and by output siren of door main"),
        (
            '[door]\npin = 8\n[[inputs]]\nsignal = "rex"\nchannel = 0',
            "GPIO 8 is used twice, by the relay of door main and by the SPI bus of supervised inputs",
        ),
        (
            '[[inputs]]\nsignal = "rex"\nchannel = 0\n[[inputs]]\nsignal = "dps"\nchannel = 0',
            "channel 0 is used twice, by input rex of door main and by input dps of door main",
        ),
        (
            '[[more_doors]]\nname = "back"\npin = 4\n[[more_readers]]\nname = "back"\ndoor = "back"',
            "the camera '0' is at two doors",
        ),
        ('[[more_doors]]\nname = "back"\npin = 4', "the door 'back' has no reader"),
        ("[access]\ninterlock = true", "needs two doors or more, each with an input `dps`, and there is none at main"),
        (
            '[access]\ninterlock = true\n[[inputs]]\nsignal = "dps"\npin = 4',
            "needs two doors or more, each with an input `dps`, and there is one door",
        ),
        ("[reader]\ndata0_pin = 5\ndata1_pin = 5", "by data0_pin of reader reader and by data1_pin of reader reader"),
    ],
)
def test_contradiction_is_refused(write: Write, content: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(write(content))
    assert said in refused.value.message


def doors_with_cameras(first: str, second: str, *, more: str = "", door: str = "back") -> str:
    return (
        f'[camera]\nsource = "{first}"\n[[more_doors]]\nname = "back"\npin = 4\n'
        f'[[more_readers]]\nname = "second"\ndoor = "{door}"\ncamera = "{second}"\n{more}'
    )


@pytest.fixture
def by_path(tmp_path: Path) -> str:
    """A link to the first camera, as in /dev/v4l/by-path."""
    link = tmp_path / "platform-xhci-usb-0:1:1.0-video-index0"
    link.symlink_to("/dev/video0")
    return str(link)


@pytest.mark.parametrize(
    ("first", "second"), [("0", "/dev/video0"), ("/dev/video0", "0"), ("0", "00"), ("1", "/dev/../dev/video1")]
)
def test_camera_of_two_names_at_two_doors_is_refused(write: Write, first: str, second: str) -> None:
    """A person at one door would open the other."""
    with pytest.raises(ConfigError, match="is at two doors, main and back"):
        load_settings(write(doors_with_cameras(first, second)))


@pytest.mark.parametrize("other", ["0", "/dev/video0"])
def test_link_to_a_camera_is_that_camera(write: Write, by_path: str, other: str) -> None:
    for first, second in ((by_path, other), (other, by_path)):
        with pytest.raises(ConfigError, match=f"called '{first}' and '{second}', is at two doors"):
            load_settings(write(doors_with_cameras(first, second)))


def test_camera_of_two_names_at_one_door_is_refused(write: Write) -> None:
    """It would be opened twice, and the second time it is busy."""
    back = '[[more_readers]]\nname = "third"\ndoor = "back"\ncamera = "7"\n'
    with pytest.raises(ConfigError, match="'0' and '/dev/video0' are the same camera"):
        load_settings(write(doors_with_cameras("0", "/dev/video0", door="main", more=back)))


@pytest.mark.parametrize(
    ("first", "second"), [("0", "1"), ("/dev/video0", "/dev/video2"), ("clips/a.mp4", "clips/b.mp4")]
)
def test_different_cameras_at_two_doors_are_fine(write: Write, first: str, second: str) -> None:
    assert len(load_settings(write(doors_with_cameras(first, second))).doors) == 2


def test_readers_at_the_way_out_look_at_no_camera(write: Write) -> None:
    more = '[[more_readers]]\nname = "out"\ndoor = "back"\ndirection = "exit"\n'
    assert len(load_settings(write(doors_with_cameras("0", "1", more=more))).readers) == 3


def test_link_that_leads_to_itself_is_no_camera_and_no_bug(write: Write, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert load_settings(write(f'[camera]\nsource = "{tmp_path / "loop"}"\n')).camera.source


@pytest.mark.parametrize("content", [b"\xff\xfe[\x00d\x00", b"[door]\n# caf\xe9"], ids=["UTF-16", "Latin-1"])
def test_file_that_is_not_utf_8_is_refused(write: Write, content: str | bytes) -> None:
    with pytest.raises(ConfigError, match="wrong: 'utf-8' codec"):
        load_settings(write(content))


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: No such file"):
        load_settings(tmp_path / "none.toml")


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        load_settings(tmp_path)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_file_gives_settings_or_is_refused(content: bytes) -> None:
    with NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        try:
            loaded: Settings | None = load_settings(Path(file.name))
        except ConfigError:
            loaded = None
    assert loaded is None or isinstance(loaded, Settings)


@pytest.mark.parametrize("setting", NAMES, ids=".".join)
def test_setting_has_a_meaning(setting: tuple[str, str]) -> None:
    assert len(setting_meanings()[setting]) > 10


def test_nothing_but_settings_has_a_meaning() -> None:
    assert list(setting_meanings()) == NAMES


def test_defaults_differ_in_nothing() -> None:
    assert changed_settings(Settings()) == {}


def test_changed_settings_are_what_differs() -> None:
    assert changed_settings(HOUSE) == {"door": {"pin": 22, "active_high": False}, "store": {"state_dir": "/srv/door"}}


@given(any_settings)
def test_changed_settings_are_enough_to_come_back(settings: Settings) -> None:
    assert msgspec.convert(changed_settings(settings), Settings) == settings


@given(any_settings)
def test_printed_settings_read_back_the_same(settings: Settings) -> None:
    printed = "\n".join(toml_lines(msgspec.to_builtins(settings)))
    assert msgspec.toml.decode(printed, type=Settings) == settings


@pytest.mark.parametrize(
    ("setting", "environment", "expected"),
    [
        ("/srv/door", {"STATE_DIRECTORY": "/var/lib/lintel"}, "/srv/door"),
        ("", {"STATE_DIRECTORY": "/var/lib/lintel"}, "/var/lib/lintel"),
        ("", {"XDG_STATE_HOME": "/home/lou/state"}, "/home/lou/state/lintel"),
        ("", {"XDG_STATE_HOME": "", "HOME": "/home/lou"}, "/home/lou/.local/state/lintel"),
    ],
)
def test_state_folder(
    monkeypatch: pytest.MonkeyPatch, setting: str, environment: dict[str, str], expected: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert state_dir(Settings(store=StoreSettings(state_dir=setting))) == Path(expected)
