"""A scenario whose [settings] have the layout before `[[doors]]` is played as before, with a note."""

from pathlib import Path

import pytest

from device.errors import ScenarioError
from device.settings.tables import Settings
from device.simulation.scenario import read_scenario

STEP = '[[step]]\ntitle = "Nobody comes"\n'
OLD = (
    '[settings.door]\nname = "outer"\n[settings.reader]\ndoor = "outer"\n'
    '[[settings.more_doors]]\nname = "inner"\npin = 22\n'
    '[[settings.more_readers]]\nname = "inside"\ndoor = "inner"\ncamera = "1"\n'
)
NEW = (
    '[[settings.doors]]\nname = "outer"\n'
    '[[settings.doors]]\nname = "inner"\npin = 22\n[[settings.doors.readers]]\nname = "inside"\ncamera = "camera-2"\n'
    '[[settings.cameras]]\n[[settings.cameras]]\nname = "camera-2"\nsource = "1"\n'
)


def settings_of(folder: Path, settings: str, warnings: list[str]) -> Settings | None:
    """The settings of a scenario that has these."""
    (folder / "scenario.toml").write_text(f'title = "Night"\n{STEP}{settings}')
    return read_scenario(folder / "scenario.toml", warnings.append).settings


def test_old_settings_are_those_of_today_and_noted(tmp_path: Path) -> None:
    warnings: list[str] = []
    before = settings_of(tmp_path, OLD, warnings)
    assert len(warnings) == 1
    assert "[settings] in the scenario" in warnings[0]
    assert before is not None
    assert settings_of(tmp_path, NEW, warnings) == before
    assert len(warnings) == 1


def test_scenario_without_settings_has_none(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "", []) is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[settings.door]\npin = 28\n", "at `door.pin` - in [settings]"),
        ("[settings.door]\n[[settings.doors]]\n", "expected one layout per file"),
        ("settings = 3\n", "Expected `object`, got `int` - in [settings]"),
        ("[settings]\ndoors = 3\n", "at `doors` - in [settings]"),
    ],
)
def test_wrong_settings_are_refused_with_their_place(tmp_path: Path, settings: str, said: str) -> None:
    (tmp_path / "scenario.toml").write_text(f'title = "Night"\n{settings}{STEP}')
    with pytest.raises(ScenarioError) as refused:
        read_scenario(tmp_path / "scenario.toml")
    assert said in refused.value.message
