"""A face must be seen at the door that it opens: which camera a door and a reader name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device.errors import ConfigError
from device.settings.loading import load_settings

Write = Callable[[str], Path]


def cameras(first: str, second: str) -> str:
    """Two doors with a camera each."""
    return (
        '[[doors]]\n[[doors]]\nname = "back"\npin = 4\ncamera = "back"\n[[doors.readers]]\nname = "second"\n'
        f'[[cameras]]\nsource = "{first}"\n[[cameras]]\nname = "back"\nsource = "{second}"\n'
    )


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        load_settings(path)
    return refused.value.message


@pytest.fixture
def by_path(tmp_path: Path) -> str:
    """A link to the first camera, as in /dev/v4l/by-path."""
    link = tmp_path / "platform-xhci-usb-0:1:1.0-video-index0"
    link.symlink_to("/dev/video0")
    return str(link)


@pytest.mark.parametrize(
    ("first", "second"), [("0", "/dev/video0"), ("/dev/video0", "0"), ("0", "00"), ("1", "/dev/../dev/video1")]
)
def test_one_device_is_not_two_cameras(write: Write, first: str, second: str) -> None:
    """A person at one door would open the other."""
    said = f"'{first}' and '{second}' are the same camera, at `cameras[0].source` and `cameras[1].source`"
    assert said in refusal(write(cameras(first, second)))


@pytest.mark.parametrize("other", ["0", "/dev/video0"])
def test_link_to_a_camera_is_that_camera(write: Write, by_path: str, other: str) -> None:
    for first, second in ((by_path, other), (other, by_path)):
        assert f"'{first}' and '{second}' are the same camera" in refusal(write(cameras(first, second)))


@pytest.mark.parametrize(
    ("first", "second"), [("0", "1"), ("/dev/video0", "/dev/video2"), ("clips/a.mp4", "clips/b.mp4")]
)
def test_different_cameras_at_two_doors_are_fine(write: Write, first: str, second: str) -> None:
    settings = load_settings(write(cameras(first, second)))
    seen = [settings.camera_at(door, door.readers[0]).source for door in settings.doors]
    assert seen == [first, second]


def test_camera_of_a_reader_comes_before_that_of_its_door(write: Write) -> None:
    readers = '[[doors.readers]]\n[[doors.readers]]\nname = "gate"\ncamera = "gate"\n'
    settings = load_settings(write(f'[[doors]]\n{readers}[[cameras]]\n[[cameras]]\nname = "gate"\nsource = "1"\n'))
    (door,) = settings.doors
    assert [settings.camera_at(door, reader).name for reader in door.readers] == ["main", "gate"]


def test_one_camera_at_two_doors_is_refused(write: Write) -> None:
    both = '[[doors]]\n[[doors]]\nname = "back"\npin = 4\n[[doors.readers]]\nname = "second"\n'
    said = "the camera 'main' is at two doors, main (`doors[0].readers[0]`) and back (`doors[1].readers[0]`)"
    assert said in refusal(write(both))


def test_readers_of_one_door_share_its_camera(write: Write) -> None:
    settings = load_settings(write('[[doors]]\n[[doors.readers]]\n[[doors.readers]]\nname = "second"\n'))
    assert len(settings.readers) == 2


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('[[doors]]\ncamera = "hall"', "doors[0].camera"),
        ('[[doors]]\n[[doors.readers]]\ncamera = "hall"', "doors[0].readers[0].camera"),
        ('[[cameras]]\nname = "porch"', "doors[0].camera"),
    ],
)
def test_camera_that_is_not_described_is_refused(write: Write, content: str, place: str) -> None:
    message = refusal(write(content))
    assert "unknown camera '" in message
    assert f"at `{place}`" in message


def test_camera_that_sees_no_reader_is_refused(write: Write) -> None:
    """A setting that does nothing is a mistake. The first is for `lintel enroll` as well."""
    said = "no entry reader uses the camera 'hall', `cameras[1]`"
    assert said in refusal(write('[[cameras]]\n[[cameras]]\nname = "hall"\nsource = "1"'))


@pytest.mark.parametrize(
    "readers",
    ['[[doors.readers]]\ncamera = "hall"\n', '[[doors.readers]]\ndirection = "exit"\n'],
    ids=["readers with their own", "no way in"],
)
def test_camera_of_a_door_that_sees_no_reader_is_refused(write: Write, readers: str) -> None:
    hall = '[[cameras]]\nname = "hall"\n'
    assert "remove `doors[0].camera`" in refusal(write(f'[[doors]]\ncamera = "hall"\n{readers}{hall}'))


def test_camera_at_a_way_out_is_refused(write: Write) -> None:
    reader = '[[doors]]\n[[doors.readers]]\nname = "out"\ndirection = "exit"\ncamera = "main"'
    assert "remove `doors[0].readers[0].camera`" in refusal(write(reader))


def test_readers_at_the_way_out_look_at_no_camera(write: Write) -> None:
    more = '[[doors]]\nname = "side"\npin = 5\n[[doors.readers]]\nname = "out"\ndirection = "exit"\n'
    assert len(load_settings(write(cameras("0", "1") + more)).readers) == 3


def test_link_that_leads_to_itself_is_not_a_bug(write: Write, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert load_settings(write(f'[[cameras]]\nsource = "{tmp_path / "loop"}"\n')).cameras[0].source
