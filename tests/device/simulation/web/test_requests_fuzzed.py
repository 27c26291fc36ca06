"""Requests by their schema, and whatever else comes: no answer is a failure, and without the token nothing happens."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.records import Image
from device.simulation.web.requests import ROUTES, Answered
from device.vision.faces import FaceAnalyzer
from tests.device.simulation.web.staged import ADDRESS, JSON, SHOWN, TOKEN, Staged, staged
from tests.waiting import until

ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
BODIES = {one.path: one.takes for one in ROUTES if one.takes is not None}
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ALLOWED = {200, 204, 400, 404, 405, 408, 409, 413, 415, 429}


@pytest.fixture(scope="module")
def page(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> Iterator[Staged]:
    with staged(analyzer, portraits) as served:
        yield served


def openapi() -> dict[str, Any]:
    """The page's requests for machines, out of the types that it decodes."""
    kinds = [one.takes for one in ROUTES if one.takes]
    _, parts = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    paths: dict[str, Any] = {}
    for one in ROUTES:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "The page of a simulation", "version": "0"},
        "servers": [{"url": ADDRESS}],
        "paths": paths,
        "components": {"schemas": parts},
    }


def _operation(one: Answered) -> dict[str, Any]:
    said: dict[str, Any] = {"responses": {"default": {"description": one.what}}}
    names = [part[1:-1] for part in one.path.split("/") if part.startswith("{")]
    said["parameters"] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    if one.takes is not None:
        schema = {"$ref": f"#/components/schemas/{one.takes.__name__}"}
        said["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return said


def test_schema_has_every_request() -> None:
    assert {(path, method.upper()) for path, methods in openapi()["paths"].items() for method in methods} == {
        (one.path, one.method) for one in ROUTES
    }


@pytest.mark.slow(small="test_any_body_has_an_answer")
def test_schemathesis_finds_no_failure(page: Staged) -> None:
    """Each request by its schema, and in each way against it."""
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    operations = [found.ok() for found in schemathesis.openapi.from_dict(openapi()).get_all_operations()]
    assert len(operations) == len(ROUTES)
    for operation in operations:

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            sent = case.as_transport_kwargs(base_url=ADDRESS)
            wanted = {"params": sent.get("params"), "json": sent.get("json")}
            path = sent["url"]
            refused = page.client.request(sent["method"], path, **wanted)
            assert refused.status_code in (401, 404, 413)
            answer = page.client.request(sent["method"], path, headers=SHOWN, **wanted)
            assert answer.status_code in ALLOWED

        ask()


@pytest.mark.parametrize("path", sorted(BODIES))
def test_any_body_has_an_answer(page: Staged, path: str) -> None:
    kind = BODIES[path]

    @FEW
    @given(st.binary(max_size=200) | ANYTHING.map(msgspec.json.encode) | _nearly(kind).map(msgspec.json.encode))
    def ask(body: bytes) -> None:
        answer = page.client.post(path, content=body, headers=JSON)
        assert answer.status_code in ALLOWED

    ask()


def _nearly(kind: type) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies with the right names and, now and then, the right values."""
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    words = st.sampled_from(
        ["issue", "revoke", "start", "cancel", "seek", "17:1001", "Eileen Collins", "lockdown", "1"]
    )
    return st.dictionaries(st.sampled_from(names), words | ANYTHING, max_size=4)


@FEW
@given(path=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="?#"), max_size=30))
def test_any_path_has_an_answer(page: Staged, path: str) -> None:
    from urllib.parse import quote

    answer = page.client.get(f"/api/explain/{quote(path, safe='')}", headers=SHOWN)
    assert answer.status_code in ALLOWED
    assert page.client.get(f"/api/{quote(path)}", headers=SHOWN).status_code in ALLOWED


FRAMES = st.lists(st.binary(max_size=100) | st.text(max_size=60), max_size=6)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.text(max_size=60) | st.binary(max_size=60), frames=FRAMES)
def test_stream_without_the_token_takes_nothing(page: Staged, first: str | bytes, frames: list[str | bytes]) -> None:
    before = len(page.world.live), len(page.world.acts)
    with page.client.websocket_connect("/api/stream", headers={"host": "127.0.0.1:8123"}) as stream:
        for said in (first, *frames):
            stream.send_text(said) if isinstance(said, str) else stream.send_bytes(said)
        assert stream.receive()["type"] == "websocket.close"
    assert (len(page.world.live), len(page.world.acts)) == before


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=FRAMES)
def test_stream_survives_any_message(page: Staged, frames: list[str | bytes]) -> None:
    with page.client.websocket_connect("/api/stream", headers={"host": "127.0.0.1:8123"}) as stream:
        stream.send_text(f'{{"token": "{TOKEN}"}}')
        for said in frames:
            stream.send_text(said) if isinstance(said, str) else stream.send_bytes(said)
    assert page.client.get("/api/world", headers=SHOWN).status_code == 200


def test_flood_of_garbage_keeps_no_other_page_waiting(page: Staged) -> None:
    with page.client.websocket_connect("/api/stream", headers={"host": "127.0.0.1:8123"}) as stream:
        stream.send_text(f'{{"token": "{TOKEN}"}}')
        for _ in range(300):
            stream.send_bytes(b"garbage" * 1000)
        assert page.post("/api/act", {"command": "lockdown"}) == 204
    until(lambda: page.page.stream.listeners == 0)
