"""The files of a page: each with its type, and no path that leads to any other file."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from device.web.pages import FOLDER, TYPES, page_files, page_routes
from tests.device.web.asked import Answer, request

SECRET = "a secret beside the page"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.html").write_text(SECRET)
    static = outside / "static"
    (static / "parts").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    (static / "app.js").write_text("export {}")
    (static / "parts" / "door.svg").write_text("<svg/>")
    (static / "notes.txt").write_text(SECRET)
    (static / "link.html").symlink_to(outside / "secret.html")
    return static


def get(folder: Path, path: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return request(Starlette(routes=page_routes(page_files(folder))), path, headers=named)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/parts/door.svg", "image/svg+xml"),
        ("/?scenario=front-door&step=5", "text/html; charset=utf-8"),
    ],
)
def test_file_comes_with_its_type(folder: Path, path: str, kind: str) -> None:
    answer = get(folder, path)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.html",
        "/..%2fsecret.html",
        "/%2e%2e/secret.html",
        "/%252e%252e%252fsecret.html",
        "/parts/../../secret.html",
        "/index.html\0.js",
        "/index.html%00",
        "//secret.html",
        "/notes.txt",
        "/link.html",
        "/parts",
        "/parts/",
        "/static/index.html",
        "\\..\\secret.html",
    ],
)
def test_path_leads_to_no_other_file(folder: Path, path: str) -> None:
    answer = get(folder, path)
    assert (answer.status, SECRET.encode() in answer.body) == (404, False)


@given(st.text(max_size=40))
def test_no_path_reaches_what_is_outside(folder: Path, path: str) -> None:
    found = page_files(folder)
    assert SECRET.encode() not in getattr(found.get("/" + path), "content", b"")


def test_unchanged_file_is_not_sent_again(folder: Path) -> None:
    first = get(folder, "/app.js")
    again = get(folder, "/app.js", if_none_match=first.headers["etag"])
    assert (again.status, again.body, first.headers["cache-control"]) == (304, b"", "no-cache")


def test_every_file_of_the_page_is_served() -> None:
    present = {path for path in FOLDER.rglob("*") if path.is_file()}
    assert {path.suffix for path in present} <= set(TYPES)
    assert len(page_files()) == len(present) + 1


def test_page_asks_no_other_host() -> None:
    """Its own address space of names in SVG is not asked."""
    for path, page in page_files().items():
        if page.media_type.startswith(("text/", "application/json")):
            found = set(re.findall(r"https?://[\w.-]+", page.content.decode()))
            assert found <= {"http://www.w3.org"}, path
