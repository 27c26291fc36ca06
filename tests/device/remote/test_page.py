"""docs/remote-commands.md says what the code does: its words, its limits, its example in Python."""

import re
from typing import Any

import pytest

from device.records.remote import REFUSAL_MEANINGS, RemoteRefusal
from device.remote.tokens import MAX_TOKEN
from tests.conftest import ROOT
from tests.device.remote.site import LiveClock
from tests.device.remote.world import House

PAGE = (ROOT / "docs" / "remote-commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("why", RemoteRefusal)
def test_each_refusal_is_explained(why: RemoteRefusal) -> None:
    assert f"| `{why}` | {REFUSAL_MEANINGS[why]} |" in PAGE


def test_longest_token_is_that_of_the_page() -> None:
    assert (MAX_TOKEN, "a token of more than 800 letters" in PAGE) == (800, True)


def test_pythons_example_makes_a_token_that_counts(house: House) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    house.clock = LiveClock()
    house.desk = house.new_desk()
    said: dict[str, Any] = {"private_key": house.key, "client_id": house.kid}
    exec(code, said)
    assert house.send(said["token"]) == "release main"
