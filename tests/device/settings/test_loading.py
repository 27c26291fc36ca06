"""Settings files: what is left out, and what is refused with its place."""

from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import ConfigError
from device.settings.loading import load_settings, state_dir
from device.settings.tables import DoorSettings, Settings, StoreSettings

Write = Callable[[str | bytes], Path]
HOUSE = Settings(doors=(DoorSettings(pin=22, active_high=False),), store=StoreSettings(state_dir="/srv/door"))
TWO_READERS = "[[doors]]\n[[doors.readers]]\n[[doors.readers]]\nname = 'inside'\n"
WRONG = {
    "unknown setting": ("[[doors]]\npni = 17", "unknown field `pni` - at `doors[0]`"),
    "unknown group": ("[dor]\npin = 17", "unknown field `dor`"),
    "group that is none": ("doors = 17", "Expected `array`, got `int` - at `doors`"),
    "one table where a list is": ("[doors]\npin = 17", "expected `[[doors]]`, in two brackets"),
    "reader without its door": (
        "[[doors.readers]]\nname = 'front'",
        "above the tables that belong to it, received one",
    ),
    "no door at all": ("doors = []", "`doors`"),
    "door without readers": ("[[doors]]\nreaders = []", "`doors[0].readers`"),
    "pin too high": ("[[doors]]\npin = 28", "`doors[0].pin`"),
    "pin below zero": ("[[doors]]\npin = -1", "`doors[0].pin`"),
    "pin that is no whole number": ("[[doors]]\npin = 17.5", "`doors[0].pin`"),
    "pin that is true": ("[[doors]]\npin = true", "`doors[0].pin`"),
    "pin that is text": ('[[doors]]\npin = "17"', "`doors[0].pin`"),
    "pin of the second reader": (TWO_READERS + "led_pin = 28", "`doors[0].readers[1].led_pin`"),
    "strike time that never ends": ("[[doors]]\nstrike_time_s = inf", "`doors[0].strike_time_s`"),
    "strike time that is no number": ("[[doors]]\nstrike_time_s = nan", "`doors[0].strike_time_s`"),
    "strike time of nothing": ("[[doors]]\nstrike_time_s = 0", "`doors[0].strike_time_s`"),
    "strike time too long": ("[[doors]]\nstrike_time_s = 10.1", "`doors[0].strike_time_s`"),
    "frames too old to be evidence": ("[access]\nmax_frame_age_s = 0.6", "`access.max_frame_age_s`"),
    "no camera": ('[[cameras]]\nsource = ""', "`cameras[0].source`"),
    "camera that is no name": ('[[doors]]\ncamera = "/dev/video0"', "`doors[0].camera`"),
    "no reader": ('[[doors]]\n[[doors.readers]]\nsource = ""', "`doors[0].readers[0].source`"),
    "unknown kind": ('[[doors]]\n[[doors.readers]]\nkind = "nfc"', "expected one of lines, osdp, pn532, rdm6300"),
    "zero byte in a path": ('[store]\nstate_dir = "a\\u0000b"', "`store.state_dir`"),
    "escape sequence in a path": ('[[cameras]]\nsource = "\\u001b[2J"', "`cameras[0].source`"),
    "face larger than any": ("[vision]\nmin_face_px = inf", "`vision.min_face_px`"),
    "blur below all": ("[vision]\nmax_blur = inf", "`vision.max_blur`"),
    "turn that is no number": ("[vision]\nmax_turn = nan", "`vision.max_turn`"),
    "input without a signal": (
        "[[doors]]\n[[doors.inputs]]\npin = 4",
        "required field `signal` - at `doors[0].inputs[0]`",
    ),
    "input that is none": ('[[doors]]\n[[doors.inputs]]\nsignal = "bell"\npin = 4', "`doors[0].inputs[0].signal`"),
    "list that is a table": ("[[doors]]\n[doors.inputs]\npin = 4", "`doors[0].inputs`"),
    "door without a proper name": ('[[doors]]\nname = "Front door"', "`doors[0].name`"),
    "layout of other letters": ('[[formats]]\nname = "mine"\nlayout = "ABCDEFGH"', "`formats[0].layout`"),
    "rate that no one in a thousand is": ("[[doors]]\ntarget_fmr = 2e-3", "`doors[0].target_fmr`"),
    "rate that no data supports": ("[[doors]]\ntarget_fmr = 9e-7", "`doors[0].target_fmr`"),
    "badge alone that was not accepted": ('[[doors]]\nmode = "badge"', "`i_accept_badge_only = true` if that"),
    "badge alone while a part is missing": ('[[doors]]\nwhen_missing = "badge"', "`doors[0].when_missing`"),
    "part that is missing for a moment": ("[[doors]]\nmissing_after_s = 59", "`doors[0].missing_after_s`"),
    "way out that is shut": ('[[doors]]\negress = "controlled"', "`doors[0].free_exit`"),
    "another way out of a free one": ('[[doors]]\nfree_exit = "handle"', "`doors[0].free_exit`"),
    "no TOML": ("doors.pin 17", "wrong"),
    "twice the same": ("[[doors]]\npin = 1\npin = 2", "wrong"),
    "too deep": ("a = " + "[" * 100_000, "wrong"),
    "too many digits": ("[[doors]]\npin = " + "9" * 5000, "wrong"),
}
ONE_VALUE_SO_FAR = {
    'schedule = "office"': 'only "always" is accepted: schedules are rules, `lintel policy apply`',
}


def test_empty_file_gives_the_defaults(write: Write) -> None:
    assert load_settings(write("")) == Settings()


def test_without_a_file_the_defaults_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("device.settings.loading.DEFAULT_FILE", tmp_path / "none.toml")
    assert load_settings() == Settings()


def test_without_a_named_file_that_of_the_machine_holds(monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    monkeypatch.setattr("device.settings.loading.DEFAULT_FILE", write("[[doors]]\npin = 4"))
    assert load_settings().doors[0].pin == 4


def test_file_overrides_the_defaults_it_names(write: Write) -> None:
    settings = load_settings(write('[[doors]]\npin = 22\nactive_high = false\n[store]\nstate_dir = "/srv/door"'))
    assert settings == HOUSE


def test_file_of_todays_layout_is_no_reason_for_a_warning(write: Write) -> None:
    warnings: list[str] = []
    load_settings(write("[[doors]]\n[[cameras]]\n[vision]\n[access]\n[store]\n[gpio]\n"), warnings.append)
    assert warnings == []


@pytest.mark.parametrize(("content", "said"), WRONG.values(), ids=WRONG.keys())
def test_wrong_file_is_refused_with_the_place(write: Write, content: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(write(content))
    assert said in refused.value.message


@pytest.mark.parametrize(("setting", "said"), ONE_VALUE_SO_FAR.items())
def test_value_that_is_not_available_yet_is_refused(write: Write, setting: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(write(f"[[doors]]\n[[doors]]\n{setting}"))
    assert said in refused.value.message
    assert f" - at `doors[1].{setting.partition(' ')[0]}`" in refused.value.message


def test_what_a_door_does_today_can_be_said(write: Write) -> None:
    said = 'pad = "off"\ntarget_fmr = 1e-4\nwhen_missing = "deny"\nschedule = "always"'
    (door,) = load_settings(write(f"[[doors]]\n{said}")).doors
    assert (door.pad, door.target_fmr, door.when_missing, door.schedule) == ("off", 0.0001, "deny", "always")


HOUSE_IN_TOML = "[[doors]]\npin = 22\nactive_high = false\n[store]\nstate_dir = '/srv/door'\n"
OTHER_ENCODINGS = {
    "UTF-16 with a mark": (HOUSE_IN_TOML.encode("utf-16"), "is saved as UTF-16, expected UTF-8"),
    "UTF-16 little endian": (HOUSE_IN_TOML.encode("utf-16-le"), "is saved as UTF-16, expected UTF-8"),
    "UTF-16 big endian": (HOUSE_IN_TOML.encode("utf-16-be"), "is saved as UTF-16, expected UTF-8"),
    "UTF-16 of three bytes": (b"\xff\xfe[", "is saved as UTF-16, expected UTF-8"),
    "UTF-32 with a mark": (HOUSE_IN_TOML.encode("utf-32"), "is saved as UTF-32, expected UTF-8"),
    "Latin-1": ("[[doors]]\n# café".encode("latin-1"), "byte 0xe9 in line 2 is not UTF-8"),
    "cp1252": ("# 5 € \n[[doors]]".encode("cp1252"), "byte 0x80 in line 1 is not UTF-8"),
    "Mac OS Roman": ("\n\n# é".encode("mac-roman"), "byte 0x8e in line 3 is not UTF-8"),
    "Shift JIS": ("# 正面".encode("shift-jis"), "in line 1 is not UTF-8"),
    "cut in a letter": ("# é".encode()[:-1], "byte 0xc3 in line 1 is not UTF-8"),
}


@pytest.mark.parametrize(("content", "said"), OTHER_ENCODINGS.values(), ids=OTHER_ENCODINGS.keys())
def test_file_in_another_encoding_is_named(write: Write, content: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_settings(write(content))


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_file_of_an_editor_for_windows_loads(write: Write, mark: str, end: str) -> None:
    assert load_settings(write((mark + HOUSE_IN_TOML.replace("\n", end)).encode())) == HOUSE


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
