"""Which relay is secured, on which chip and at which level, when the settings and the last run say different things."""

from pathlib import Path

import pytest

from device.door.securing.driven import DrivenOutput, remember
from device.door.securing.relays import Known, known_wires
from device.door.securing.secure import secure_all
from device.door.wires.chip import Chip
from device.errors import DoorError
from device.records import DoorOutput
from device.settings.lock import LockSettings
from device.settings.tables import DoorSettings, OutputSettings
from tests.device.lgpio import Lgpio

FRONT = LockSettings(name="front", pin=17)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lintel.toml"


def known(file: Path, content: str, warnings: list[str] | None = None) -> Known:
    file.write_text(content)
    return known_wires(file, ([] if warnings is None else warnings).append)


class TestLevels:
    @pytest.mark.parametrize(
        ("active_high", "fail_safe", "secure"), [(True, False, 0), (False, False, 1), (True, True, 1), (False, True, 0)]
    )
    def test_relay_is_secured_at_its_level(self, lgpio: Lgpio, active_high: bool, fail_safe: bool, secure: int) -> None:
        secure_all([LockSettings(pin=17, active_high=active_high, fail_safe=fail_safe)])
        assert lgpio.levels(17) == [secure]

    def test_relay_of_an_evacuated_door_is_released(self, lgpio: Lgpio) -> None:
        secure_all([FRONT, LockSettings(name="back", pin=18)], evacuated={"back"})
        assert (lgpio.levels(17), lgpio.levels(18)) == ([0], [1])

    @pytest.mark.parametrize(("active_high", "off"), [(True, 0), (False, 1)])
    def test_output_is_switched_off(self, lgpio: Lgpio, active_high: bool, off: int) -> None:
        secure_all([FRONT], [DrivenOutput("front", "siren", 22, active_high)])
        assert lgpio.levels(22) == [off]

    def test_one_that_fails_keeps_none_from_being_secured(self, lgpio: Lgpio) -> None:
        lgpio.refused.add(("output", 17))
        with pytest.raises(DoorError, match="GPIO 17, the relay of door front"):
            secure_all([FRONT, LockSettings(name="back", pin=18)])
        assert lgpio.levels(18) == [0]


@pytest.mark.usefixtures("runtime")
class TestPolarity:
    def test_polarity_that_was_driven_counts_where_the_settings_say_none(self, file: Path) -> None:
        remember([DoorSettings(name="front", pin=17, active_high=False, fail_safe=True)])
        found = known(file, '[[doors]]\nname = "front"\npin = 17\n')
        assert found.relays == (LockSettings(name="front", pin=17, active_high=False, fail_safe=True),)

    def test_polarity_of_the_settings_counts_where_they_say_one(self, file: Path) -> None:
        remember([DoorSettings(name="front", pin=17, active_high=False)])
        found = known(file, '[[doors]]\nname = "front"\npin = 17\nactive_high = true\n')
        assert found.relays == (LockSettings(name="front", pin=17),)

    def test_default_pin_is_not_secured_beside_one_that_was_driven(self, file: Path) -> None:
        remember([DoorSettings(name="front", pin=5)])
        assert [relay.pin for relay in known(file, '[[doors]]\nname = "front"\n').relays] == [5]

    def test_default_pin_is_secured_where_none_was_driven(self, file: Path) -> None:
        assert [relay.pin for relay in known(file, '[[doors]]\nname = "front"\n').relays] == [17]

    def test_settings_nobody_wrote_have_the_default_relay(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("device.door.securing.relays.DEFAULT_FILE", file)
        assert [relay.pin for relay in known_wires(None, pytest.fail).relays] == [17]

    def test_settings_that_are_named_and_not_there_are_an_error(self, file: Path) -> None:
        with pytest.raises(DoorError, match="No such file"):
            known_wires(file, pytest.fail)

    def test_output_on_a_pin_that_is_a_relay_now_is_left_to_it(self, file: Path) -> None:
        siren = OutputSettings(signal=DoorOutput.SIREN, pin=18)
        remember([DoorSettings(name="front", pin=17, outputs=(siren,))])
        found = known(file, '[[doors]]\npin = 17\n[[doors]]\nname = "back"\npin = 18\n')
        assert ([relay.pin for relay in found.relays], found.outputs) == ([17, 18], ())

    def test_one_door_alone_is_secured(self, file: Path) -> None:
        found = known(file, '[[doors]]\nname = "front"\npin = 17\n[[doors]]\nname = "back"\npin = 18\n')
        counts = [len(found.at(door).relays) for door in ("front", "back", "none", None)]
        assert counts == [1, 1, 0, 2]


@pytest.mark.usefixtures("runtime")
class TestChip:
    """The last relays were on gpiochip0, labeled a; another chip is there."""

    LAST = Chip("a", "/dev/gpiochip0", 54)

    @pytest.mark.parametrize(
        ("stated", "is_same"),
        [("", True), ("a", True), ("b", False), ("/dev/gpiochip0", True), ("/dev/gpiochip1", False)],
    )
    def test_chip_of_the_settings_is_the_one_of_the_last_run(
        self, dev: Path, file: Path, stated: str, is_same: bool
    ) -> None:
        (dev / "gpiochip1").touch()
        remember([DoorSettings(name="front", pin=5)], self.LAST)
        warnings: list[str] = []
        found = known(file, f'[[doors]]\npin = 6\n[gpio]\nchip = "{stated}"\n', warnings)
        pins = {relay.pin for relay in found.relays}
        assert (found.chip, pins, len(warnings)) == (self.LAST, {5, 6} if is_same else {5}, int(not is_same))

    def test_chip_that_is_gone_is_not_looked_for(self, dev: Path, file: Path) -> None:
        remember([DoorSettings(name="front", pin=5)], Chip("a", "/dev/gpiochip7", 54))
        assert not (dev / "gpiochip7").exists()
        found = known(file, '[[doors]]\npin = 6\n[gpio]\nchip = "b"\n')
        assert (found.chip, [relay.pin for relay in found.relays]) == ("b", [6])
