"""Which camera sees whom: a face must be seen at the door that it opens."""

import os
import re
from pathlib import Path

from device.redaction import is_redacted
from device.settings import places
from device.settings.tables import CameraSettings, DoorSettings, ReaderSettings, Settings

ROW_PX = 64
"""A CSI camera's rows are padded to a multiple of this; a width that is none would shift each row."""
MEMORY = "/dev/shm/"  # noqa: S108 - nothing is written there
RELAYED = "rtsp:"
_RELAY = re.compile(r"rtsp:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}")
"""The name is part of a path and of a unit's name."""
RELAY_USER = "lintel-rtsp"
RELAYS_DIR = Path("/run/lintel-rtsp")
RELAY_SOCKET = "frames"


def is_device(source: str) -> bool:
    """Whether a camera's source is a V4L2 device; what lies in memory, at /dev/shm, is a file."""
    return source.isdecimal() or (source.startswith("/dev/") and not source.startswith(MEMORY))


def is_csi(source: str) -> bool:
    """Whether a camera's source is a CSI camera of the Pi, whatever its number."""
    return source.startswith("csi:")


def csi_number(source: str) -> int:
    """The number of a CSI camera, as `rpicam-hello --list-cameras` counts them. Raises `ValueError`."""
    digits = source.removeprefix("csi:")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 2):
        raise ValueError(f'{source!r} names no CSI camera - expected "csi:0" for the first, "csi:1" for the second')
    return int(digits)


def is_file(source: str) -> bool:
    """Whether a camera's source is a file or a folder, which is played; all else sees the present."""
    return not (is_device(source) or is_csi(source) or is_relayed(source))


def is_relayed(source: str) -> bool:
    """Whether a camera's source is a relay, the unit lintel-rtsp@NAME.service."""
    return _RELAY.fullmatch(source) is not None


def relay_unit(source: str) -> str:
    """The unit of a relay that a camera's source names."""
    return f"{RELAY_USER}@{source.removeprefix(RELAYED)}"


def relay_dir(source: str) -> Path:
    """The folder of a relay that a camera's source names; its socket is in it."""
    return RELAYS_DIR / source.removeprefix(RELAYED)


def device_path(source: str) -> Path:
    """The path that a camera's source names: of a number /dev/videoN."""
    return Path(f"/dev/video{int(source)}" if source.isdecimal() else source)


def camera_path(source: str) -> Path:
    """What a camera's source leads to: of a link its end, there or not."""
    if is_csi(source):
        return Path(f"csi:{source.removeprefix('csi:').lstrip('0') or '0'}")
    return Path(os.path.realpath(device_path(source)))


def refuse_cameras(settings: Settings) -> None:
    """Raises `ValueError` for a camera that is not there, is there twice, is used by nothing, or is at two doors, and
    for an address that was copied from where its password is hidden.

    A badge alone opens the way out, so that readers there have no camera.
    """
    _refuse_addresses(settings)
    _refuse_hidden_passwords(settings)
    _refuse_csi_sizes(settings)
    _refuse_cameras_twice(settings)
    _refuse_metering(settings)
    _refuse_driver_settings_of_files(settings)
    at_door: dict[str, tuple[str, str]] = {}
    for place, door, reader in places.readers(settings):
        if reader.direction == "exit":
            _refuse_camera_at_way_out(place, reader)
            continue
        camera = _camera_of(settings, place, door, reader)
        first, first_place = at_door.setdefault(camera.name, (door.name, place))
        if first != door.name:
            raise ValueError(
                f"the camera {camera.name!r} is at two doors, {first} (`{first_place}`) and {door.name} (`{place}`) - "
                "give each door or reader the `camera` at its own door"
            )
    _refuse_unused_cameras(settings, frozenset(at_door))


def _refuse_unused_cameras(settings: Settings, used: frozenset[str]) -> None:
    """A setting that does nothing is a mistake. The first camera is for `lintel enroll --camera` as well."""
    for number, unused in enumerate(settings.cameras[1:], 1):
        if unused.name not in used:
            raise ValueError(
                f"no entry reader uses the camera {unused.name!r}, `cameras[{number}]` - "
                f'name it with `camera = "{unused.name}"` at a door or a reader, or remove it'
            )
    for place, door in places.doors(settings):
        looks = any(reader.direction == "entry" and reader.camera is None for reader in door.readers)
        if not looks and door.camera != DoorSettings().camera:
            raise ValueError(
                f"no entry reader of the door {door.name!r} uses its camera {door.camera!r} - "
                f"remove `{place}.camera`, or the `camera` of a reader"
            )


def _refuse_hidden_passwords(settings: Settings) -> None:
    for number, camera in enumerate(settings.cameras):
        if is_redacted(camera.source):
            raise ValueError(
                f"the camera {camera.name!r} has the address {camera.source}, whose password was hidden where it was "
                f"copied from - write the password in place of the *** at `cameras[{number}].source`"
            )


def _refuse_addresses(settings: Settings) -> None:
    """It may hold a password, and is not repeated."""
    for number, camera in enumerate(settings.cameras):
        if re.match(r"rtsps?:", camera.source, re.IGNORECASE) and not is_relayed(camera.source):
            raise ValueError(
                f'the camera {camera.name!r} is a network camera, expected `source = "{RELAYED}NAME"` with a NAME of '
                f"at most 32 letters, digits, `_`, `.` and `-`; its address goes into the credential of "
                f"{RELAY_USER}@NAME.service - at `cameras[{number}].source`"
            )


def _refuse_cameras_twice(settings: Settings) -> None:
    """A device that is opened twice is busy the second time, and one at two doors would open the wrong one."""
    seen: dict[Path, int] = {}
    for number, camera in enumerate(settings.cameras):
        first = seen.setdefault(camera_path(camera.source), number)
        if first != number:
            raise ValueError(
                f"{settings.cameras[first].source!r} and {camera.source!r} are the same camera, at "
                f"`cameras[{first}].source` and `cameras[{number}].source` - describe it once"
            )


def _refuse_csi_sizes(settings: Settings) -> None:
    for number, camera in enumerate(settings.cameras):
        if is_csi(camera.source) and (complaint := csi_complaint(camera)):
            raise ValueError(f"{complaint} - in `cameras[{number}]`")


def csi_complaint(camera: CameraSettings) -> str:
    """Why a CSI camera can't be used as its settings ask, "" if it can. Rows of another length are padded, by a number
    of bytes that its program doesn't say.
    """
    try:
        csi_number(camera.source)
    except ValueError as error:
        return str(error)
    if camera.width % ROW_PX:
        near = camera.width // ROW_PX * ROW_PX
        return (
            f"a CSI camera's `width` is a multiple of {ROW_PX}, such as {near} or {near + ROW_PX}, not {camera.width}"
        )
    return f"a CSI camera's `height` is even, not {camera.height}" if camera.height % 2 else ""


def _refuse_metering(settings: Settings) -> None:
    for number, camera in enumerate(settings.cameras):
        if camera.metering != "camera" and not is_csi(camera.source):
            raise ValueError(
                f"the camera {camera.name!r} has no setting for where it measures the light ({camera.metering}) - "
                f"only a CSI camera has one; remove `cameras[{number}].metering`"
            )


def _refuse_driver_settings_of_files(settings: Settings) -> None:
    """A clip has its own rate, and nothing to expose; a network camera's exposure is set where its own settings are."""
    for number, camera in enumerate(settings.cameras):
        for name in ("rate", "exposure"):
            if getattr(camera, name) is None:
                continue
            if is_file(camera.source):
                raise ValueError(
                    f"the camera {camera.name!r} plays {camera.source!r}, which has no {name} to set - "
                    f"remove `cameras[{number}].{name}`"
                )
            if name == "exposure" and is_relayed(camera.source):
                raise ValueError(
                    f"the camera {camera.name!r} comes through {relay_unit(camera.source)}, which can't set the "
                    f"exposure - remove `cameras[{number}].exposure`, and set it in the camera's own settings"
                )


def _refuse_camera_at_way_out(place: str, reader: ReaderSettings) -> None:
    if reader.camera is not None:
        raise ValueError(
            f"the reader {reader.name!r} is an exit reader, which needs no camera - remove `{place}.camera`"
        )


def _camera_of(settings: Settings, place: str, door: DoorSettings, reader: ReaderSettings) -> CameraSettings:
    try:
        return settings.camera_at(door, reader)
    except KeyError:
        door_place = place.partition(".readers")[0]
        where = f"{place}.camera" if reader.camera else f"{door_place}.camera"
        known = ", ".join(camera.name for camera in settings.cameras)
        raise ValueError(
            f"unknown camera {reader.camera or door.camera!r} at the reader {reader.name!r}, expected one of {known} - "
            f"at `{where}`"
        ) from None
