"""The page about the operators' socket, and its schema, are those of the code."""

import json

import control_page

from device.control.messages import Code
from device.control.protocol import VERBS, Lane
from device.records import Role


def test_the_page_is_that_of_the_code() -> None:
    assert control_page.TARGET.read_text(encoding="utf-8") == control_page.page(), "run `make docs`"


def test_the_schema_is_that_of_the_code() -> None:
    assert control_page.SCHEMA.read_text(encoding="utf-8") == control_page.schema(), "run `make docs`"


def test_every_lane_role_and_code_is_explained() -> None:
    page = control_page.page()
    assert [one for one in (*Lane, *Role, *Code) if f"| {one} |" not in page and f"| `{one}` |" not in page] == []


def test_every_verb_is_in_the_schema() -> None:
    requests, _ = json.loads(control_page.schema())["oneOf"]
    named = [one["$ref"].rpartition("/")[2] for one in requests["oneOf"]]
    assert named == [verb.request.__name__ for verb in VERBS.values()]


def test_fields_have_the_names_that_are_sent() -> None:
    assert set(json.loads(control_page.schema())["$defs"]["Subscribe"]["properties"]) == {
        "verb",
        "from",
        "last",
        "v",
        "id",
    }
