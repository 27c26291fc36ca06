"""The link's settings file."""

from pathlib import Path

import pytest

from device.errors import ConfigError
from device.link.settings.loading import link_settings_in, load_link, shown
from device.link.settings.tables import LinkSettings


def test_an_empty_file_asks_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "link.toml").write_text("")
    assert load_link(tmp_path / "link.toml") == LinkSettings()


@pytest.mark.parametrize("text", ["[link", "[lynk]", "[link]\nmqqt = 1", "link = 3", "[[link]]"])
def test_a_wrong_file_is_an_error_of_settings(tmp_path: Path, text: str) -> None:
    (tmp_path / "link.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"link\.toml is wrong"):
        load_link(tmp_path / "link.toml")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Cannot read the settings file"):
        load_link(tmp_path / "link.toml")


def test_the_place_of_a_mistake_is_named() -> None:
    with pytest.raises(ValueError, match="at `link`"):
        link_settings_in("[link]\nmqqt = 1")


def test_what_an_address_holds_of_secrets_is_hidden() -> None:
    settings = LinkSettings(state_dir="/x/https://bot:tr0ub4dor@house.example/")
    assert "tr0ub4dor" not in str(shown(settings))
