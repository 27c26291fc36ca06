"""A file of the layout before `[[doors]]` means what it meant, and can be replaced by what it is in today's."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given

import device
from device.errors import ConfigError
from device.settings.loading import load_settings, settings_in
from device.settings.old_layout import doors_of, is_old
from device.settings.old_tables import OldSettings
from device.settings.writing import toml_lines
from tests.device.settings.old_files import OldFile, Said, meaning, meaning_of_old, old_files, valid_old_files

Write = Callable[[str], Path]
FILES = old_files()
MORE = '[[more_doors]]\nname = "back"\npin = 4\n[[more_readers]]\nname = "second"\ndoor = "back"\ncamera = "1"\n'
WRONG = {
    "setting": ("[door]\npni = 17", "unknown field `pni` - at `door`"),
    "value": ("[door]\npin = 28", "`door.pin`"),
    "value in a list": (MORE + "baud_rate = 1", "`more_readers[0].baud_rate`"),
    "value that is none of a few": (MORE + 'kind = "nfc"', "expected one of lines, osdp, pn532, rdm6300"),
    "signal that is none": ('[[inputs]]\nsignal = "bell"\npin = 4', "expected one of rex, dps, strike-feedback"),
    "table that is none": ("reader = 3", "`reader`"),
    "list that is none": ("more_doors = 3", "`more_doors`"),
    "setting of today": ('[door]\npad = "off"', "unknown field `pad` - at `door`"),
    "relay on one pin with a reader": (
        MORE + "led_pin = 17",
        "by the relay of door main (`door.pin`) and by led_pin of reader second (`more_readers[0].led_pin`)",
    ),
    "inputs on one channel": (
        '[[inputs]]\nsignal = "rex"\nchannel = 0\n[[inputs]]\nsignal = "dps"\nchannel = 0',
        "by input rex of door main (`inputs[0].channel`) and by input dps of door main (`inputs[1].channel`)",
    ),
    "doors of one name": (
        "[[more_doors]]\npin = 4\n[[more_readers]]\nname = 'b'",
        "`door.name` and `more_doors[0].name`",
    ),
    "readers of one name": ("[[more_readers]]", "`reader.name` and `more_readers[0].name`"),
    "reader of no door": ('[reader]\ndoor = "back"', "there is no door 'back', but main - at `reader.door`"),
    "wire of no door": ('[[outputs]]\nsignal = "led"\npin = 4\ndoor = "b"', "at `outputs[0].door`"),
    "door without a reader": ('[[more_doors]]\nname = "back"\npin = 4', "the door 'back' has no reader"),
    "one camera at two doors": (
        MORE.replace('camera = "1"', 'camera = "/dev/video0"'),
        "the camera 'main' is at two doors, main (`reader`) and back (`more_readers[0]`)",
    ),
    "old frames": ("[camera]\nmax_age_s = 0.6", "`camera.max_age_s`"),
}
MIXED = {
    "doors": "[door]\n[[doors]]",
    "cameras": "[camera]\n[[cameras]]",
    "reader and camera": "[reader]\n[[cameras]]",
    "wires": '[[doors]]\n[[inputs]]\nsignal = "dps"\npin = 4',
    "age of frames": "[camera]\n[access]\nmax_frame_age_s = 0.3",
}


def test_there_are_files_of_that_time() -> None:
    assert len(FILES) == 37


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.where)
def test_old_file_loads_as_its_new_form_does(write: Write, file: OldFile) -> None:
    warnings: list[str] = []
    before = load_settings(write(file.old), warnings.append)
    assert len(warnings) == 1
    assert load_settings(write(file.new), warnings.append) == before
    assert len(warnings) == 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.where)
def test_old_file_means_what_it_meant(file: OldFile) -> None:
    meant = meaning_of_old(msgspec.toml.decode(file.old, type=OldSettings))
    assert meaning(settings_in(msgspec.toml.decode(file.old)).settings) == meant


@given(valid_old_files())
def test_any_old_file_means_what_it_meant(said: Said) -> None:
    loaded = settings_in(said)
    assert loaded.was_old
    assert meaning(loaded.settings) == meaning_of_old(msgspec.convert(said, OldSettings))


@given(valid_old_files())
def test_any_migrated_file_loads_to_the_same(said: Said) -> None:
    loaded = settings_in(said)
    again = settings_in(msgspec.toml.decode("\n".join(toml_lines(loaded.said))))
    assert not again.was_old
    assert again.settings == loaded.settings


@given(valid_old_files())
def test_migrated_file_says_of_each_relay_what_was_said(said: Said) -> None:
    """What secures a door takes the file's word on polarity, never a default."""
    polarity = ("pin", "active_high", "fail_safe")
    before = [{name: door[name] for name in polarity if name in door} for door in doors_of(said)]
    after = [{name: door[name] for name in polarity if name in door} for door in doors_of(settings_in(said).said)]
    assert after == before


@pytest.mark.parametrize(("content", "said"), WRONG.values(), ids=WRONG.keys())
def test_wrong_old_file_is_refused_with_its_own_place(write: Write, content: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(write(content))
    assert said in refused.value.message


@pytest.mark.parametrize("content", MIXED.values(), ids=MIXED.keys())
def test_file_of_both_layouts_is_refused(write: Write, content: str) -> None:
    with pytest.raises(
        ConfigError, match=r"belongs to the old layout and `.*` to the new one, expected one layout per file"
    ):
        load_settings(write(content))


def test_that_layout_is_known_in_two_files_alone() -> None:
    """What recognizes it, without which no door is secured, and its tables."""
    room = Path(device.__file__).parent
    files = {path.name for path in room.rglob("*.py") if re.search("more_doors|more_readers", path.read_text())}
    assert files == {"old_layout.py", "old_tables.py"}


def test_file_that_says_nothing_of_doors_has_no_layout() -> None:
    assert not is_old({"vision": {"threads": 1}, "store": {"state_dir": "/srv/door"}})


def test_camera_named_by_a_link_is_opened_by_that_link(tmp_path: Path) -> None:
    """udev's link stays with a camera whose number changes when it is plugged in again; the number does not."""
    link = tmp_path / "by-id-door"
    link.symlink_to("/dev/video0")
    loaded = settings_in({"reader": {"camera": str(link)}, "camera": {"width": 1280}})
    assert [(camera.source, camera.width) for camera in loaded.settings.cameras] == [(str(link), 1280)]
