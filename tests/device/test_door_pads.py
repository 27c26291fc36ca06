"""What a door does against presentation attacks, from its settings, the owner's network and its own threshold."""

import shutil
from pathlib import Path

import msgspec
import pytest

from device import probing
from device.door_pads import DoorPad, load_analyzer_at, open_network, pad_at
from device.errors import ModelError
from device.own_threshold import OwnThreshold, path_of, write_own_threshold
from device.policy.modes import Pad
from device.records import DoorOutput, PadMode
from device.settings.tables import DoorSettings, OutputSettings, PadSettings, Settings, StoreSettings, VisionSettings
from device.vision.faces import load_analyzer
from device.vision.manifest import read_manifest, write_manifest
from device.vision.models import load_model, shipped_models_dir
from tests.device.networks import passive_pair

LAMPS = (OutputSettings(signal=DoorOutput.TURN_LEFT, pin=5), OutputSettings(signal=DoorOutput.TURN_RIGHT, pin=6))


def house(folder: Path, pad: PadMode | None = None, *, network: str = "mine", lamps: bool = True) -> Settings:
    door = DoorSettings(pad=pad, outputs=LAMPS if lamps else ())
    store = StoreSettings(state_dir=str(folder))
    return Settings(doors=(door,), pad=PadSettings(network=network), store=store)


def pad_in(settings: Settings) -> DoorPad:
    return pad_at(settings, settings.doors[0])


def calibrate(folder: Path, sha256: str, threshold: float = 0.4, shown_in: str = "") -> Path:
    return write_own_threshold(
        folder,
        OwnThreshold(
            door="main",
            threshold=threshold,
            network_sha256=sha256,
            set_at="2026-11-30T12:00:00Z",
            live_presentations=20,
            live_people=3,
            live_refused=0,
            attacks=60,
            shown_in=shown_in,
        ),
    )


@pytest.mark.parametrize(
    ("lamps", "expected"), [(True, Pad(PadMode.TURN, can_prompt=True)), (False, Pad(PadMode.PASSIVE))]
)
def test_door_without_a_network_has_the_rule_of_its_wires(tmp_path: Path, lamps: bool, expected: Pad) -> None:
    assert pad_in(house(tmp_path, network="", lamps=lamps)) == DoorPad(expected)


def test_network_brings_its_threshold(tmp_path: Path) -> None:
    sha256 = passive_pair(tmp_path / "models", threshold=0.6)
    assert pad_in(house(tmp_path)) == DoorPad(Pad(PadMode.TURN, can_prompt=True, live_threshold=0.6), sha256)


def test_network_lies_where_the_settings_say(tmp_path: Path) -> None:
    passive_pair(tmp_path / "elsewhere", threshold=0.6)
    settings = msgspec.structs.replace(
        house(tmp_path), pad=PadSettings(network="mine", models_dir=str(tmp_path / "elsewhere"))
    )
    assert pad_in(settings).pad.live_threshold == 0.6
    assert probing.network(settings).name == f"mine in {tmp_path / 'elsewhere'}"


def test_threshold_of_this_door_comes_before_the_networks(tmp_path: Path) -> None:
    calibrate(tmp_path, passive_pair(tmp_path / "models"))
    assert pad_in(house(tmp_path)).pad == Pad(PadMode.TURN, can_prompt=True, live_threshold=0.4, is_calibrated=True)


def test_turn_in_doubt_alone_needs_a_threshold_of_this_door(tmp_path: Path) -> None:
    sha256 = passive_pair(tmp_path / "models")
    asked_each_time = pad_in(house(tmp_path, PadMode.TURN_IN_DOUBT))
    assert asked_each_time.pad.mode is PadMode.TURN
    assert "record presentations with `lintel pad record`" in asked_each_time.trouble
    calibrate(tmp_path, sha256)
    in_doubt = pad_in(house(tmp_path, PadMode.TURN_IN_DOUBT))
    assert (in_doubt.pad.mode, in_doubt.trouble) == (PadMode.TURN_IN_DOUBT, "")


def test_threshold_for_another_network_is_none_of_this_door(tmp_path: Path) -> None:
    passive_pair(tmp_path / "models")
    calibrate(tmp_path, "0" * 64)
    assert pad_in(house(tmp_path, PadMode.TURN_IN_DOUBT)).pad.mode is PadMode.TURN


def test_damaged_threshold_of_the_door_is_a_trouble(tmp_path: Path) -> None:
    sha256 = passive_pair(tmp_path / "models", threshold=0.6)
    calibrate(tmp_path, sha256)
    path_of(tmp_path, "main").write_bytes(b"{")
    found = pad_in(house(tmp_path, PadMode.TURN_IN_DOUBT))
    assert found.pad == Pad(PadMode.TURN, can_prompt=True, live_threshold=0.6)
    assert "is damaged" in found.trouble


def test_missing_network_leaves_a_strict_rule_and_opens_nothing(tmp_path: Path) -> None:
    settings = house(tmp_path, PadMode.PASSIVE)
    found = pad_in(settings)
    assert found.pad == Pad(PadMode.PASSIVE, can_prompt=True, live_threshold=0.7)
    with pytest.raises(ModelError, match=r"mine\.json"):
        open_network(settings, found)
    assert "mine.json" in probing.network(settings).trouble


def test_network_that_came_after_the_start_needs_a_restart(tmp_path: Path) -> None:
    settings = house(tmp_path)
    before = pad_in(settings)
    sha256 = passive_pair(tmp_path / "models")
    with pytest.raises(ModelError, match="came, or was replaced, after the start") as refused:
        open_network(settings, before)
    assert "systemctl restart lintel" in str(refused.value.hint)
    assert open_network(settings, pad_in(settings)).model_sha256 == sha256


def test_altered_network_is_refused(tmp_path: Path) -> None:
    passive_pair(tmp_path / "models")
    with (tmp_path / "models" / "mine.tflite").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match="has been altered"):
        open_network(house(tmp_path), pad_in(house(tmp_path)))


def test_door_that_is_off_asks_for_no_network(tmp_path: Path) -> None:
    settings = house(tmp_path, PadMode.OFF)
    assert pad_in(settings) == DoorPad(Pad(PadMode.OFF, can_prompt=True))
    assert [one.part for one in probing.parts(settings)].count("presentation attacks") == 0


def test_four_models_are_read_once(tmp_path: Path) -> None:
    """The three of a door and the owner's: each comes in turn, for each door, and none is read again."""
    passive_pair(tmp_path / "models")
    first = [load_analyzer_and_network(tmp_path) for _ in range(2)]
    assert first[0] is first[1]


def load_analyzer_and_network(folder: Path) -> bytes:
    load_analyzer(Settings().vision)
    return load_model("mine", folder / "models", task="presentation-attack").content


def unmeasured(folder: Path, settings: Settings) -> Settings:
    """The same house with a network for faces of which no one knows how well it knows turned ones."""
    shutil.copytree(shipped_models_dir(), folder, ignore=shutil.ignore_patterns("card", "portraits"))
    path = folder / "face-embedding.json"
    write_manifest(msgspec.structs.replace(read_manifest(path), turned=None), path)
    return msgspec.structs.replace(settings, vision=VisionSettings(models_dir=str(folder), threads=1))


def test_a_door_that_could_ask_for_turns_stays_passive_if_unmeasured(tmp_path: Path) -> None:
    """An upgrade finds lamps and an older network: a turn would keep everybody out."""
    found = pad_in(unmeasured(tmp_path / "own", house(tmp_path, network="")))
    assert found.pad == Pad(PadMode.PASSIVE, can_prompt=True)
    assert "was not measured. No turn is asked for, so a print is not stopped" in found.trouble


def test_a_turn_that_is_demanded_is_refused_if_unmeasured(tmp_path: Path) -> None:
    settings = unmeasured(tmp_path / "own", house(tmp_path, PadMode.TURN, network=""))
    with pytest.raises(ModelError, match="was not measured") as caught:
        load_analyzer_at(settings, settings.doors[0], pad_in(settings))
    assert "lintel-convert turned" in caught.value.hint
    assert "was not measured" in probing.models(settings).trouble


def test_the_network_lintel_comes_with_was_measured() -> None:
    settings = Settings(doors=(DoorSettings(pad=PadMode.TURN, outputs=LAMPS),))
    assert probing.models(settings).trouble == ""


@pytest.mark.parametrize(("shown_in", "is_shown"), [("turn", True), ("passive", False), ("", False)])
def test_door_has_shown_only_what_its_own_mode_was_tried_in(tmp_path: Path, shown_in: str, is_shown: bool) -> None:
    calibrate(tmp_path, passive_pair(tmp_path / "models"), shown_in=shown_in)
    assert pad_in(house(tmp_path)).pad.is_shown is is_shown
