"""The files of a page, each with its type: a fixed table, so that no path leads anywhere else."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
FIRST = "index.html"
FOLDER = Path(str(files("device.web"))) / "static"


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file as it is sent."""

    content: bytes
    media_type: str
    tag: str
    """Changes with the content."""


def page_files(folder: Path = FOLDER) -> dict[str, PageFile]:
    """All files of a folder by the paths they are asked for; `/` is the first page. Leaves out any of unknown type."""
    found = {
        f"/{path.relative_to(folder).as_posix()}": _file(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in TYPES and path.is_file() and not path.is_symlink()
    }
    if f"/{FIRST}" in found:
        found["/"] = found[f"/{FIRST}"]
    return found


def page_routes(pages: Mapping[str, PageFile] | None = None) -> list[Route]:
    """What answers with the files of a page."""
    pages = page_files() if pages is None else pages
    return [Route(path, _answering(page), methods=["GET"]) for path, page in pages.items()]


def _file(path: Path) -> PageFile:
    content = path.read_bytes()
    return PageFile(content, TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def _answering(page: PageFile) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        headers = {"etag": page.tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == page.tag:
            return Response(status_code=304, headers=headers)
        return Response(page.content, media_type=page.media_type, headers=headers)

    return answer
