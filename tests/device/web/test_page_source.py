"""The page's files, read as text: nothing from elsewhere, nothing inline, a label on every control."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from device.web.pages import FOLDER, page_files

FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
TEXT = [path for path in FILES if path.suffix in {".html", ".js", ".css", ".svg", ".json"}]
MODULES = [path for path in FILES if path.suffix == ".js"]
NODE = shutil.which("node")
NAMESPACES = {"http://www.w3.org/2000/svg"}


class Page(HTMLParser):
    """What a page consists of: each element with its attributes, and what it is in."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.unlabeled: list[str] = []
        self._labels = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element, and whether a person who can't see it is told what it is."""
        given = dict(attrs)
        self.elements.append((tag, given))
        self._labels += tag == "label"
        has_name = bool({"data-label", "data-text", "aria-label", "aria-hidden"} & given.keys()) or self._labels > 0
        if tag in {"button", "select", "input", "progress", "canvas"} and not has_name:
            self.unlabeled.append(f"{tag} {given.get('id')}")

    def handle_endtag(self, tag: str) -> None:
        """Leaves a label."""
        self._labels -= tag == "label"


@pytest.fixture(scope="module")
def page() -> Page:
    """The first page, taken apart."""
    parsed = Page()
    parsed.feed((FOLDER / "index.html").read_text(encoding="utf-8"))
    return parsed


@pytest.mark.parametrize("path", TEXT, ids=lambda path: path.name)
def test_file_names_no_other_host(path: object) -> None:
    source = (FOLDER / str(path)).read_text(encoding="utf-8")
    assert set(re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[\w/.-]*", source)) <= NAMESPACES


def test_nothing_is_inline(page: Page) -> None:
    inline = [(tag, name) for tag, given in page.elements for name in given if name == "style" or name.startswith("on")]
    assert inline == []


def test_no_script_or_style_is_in_the_page(page: Page) -> None:
    tags = [(tag, "src" in given) for tag, given in page.elements if tag in {"script", "style"}]
    assert tags == [("script", True)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_module_puts_in_no_html_and_no_code(path: object) -> None:
    source = (FOLDER / str(path)).read_text(encoding="utf-8")
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|cssText", source)
        == []
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_module_sets_no_style_attribute(path: object) -> None:
    source = (FOLDER / str(path)).read_text(encoding="utf-8")
    assert re.findall(r'setAttribute\("style|\bstyle: ', source) == []


def test_every_control_has_a_label(page: Page) -> None:
    assert page.unlabeled == []


def test_every_id_is_there_once(page: Page) -> None:
    ids = [given["id"] for _, given in page.elements if "id" in given]
    assert [name for name in ids if ids.count(name) > 1] == []


def test_ids_for_tests_are_the_ids(page: Page) -> None:
    odd = [given for _, given in page.elements if "data-testid" in given and given["data-testid"] != given.get("id")]
    assert odd == []


def test_every_id_that_a_module_looks_for_exists(page: Page) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in MODULES)
    known = {given["id"] for _, given in page.elements if "id" in given} | set(re.findall(r'\bid: "([\w-]+)"', sources))
    assert sorted(set(re.findall(r'byId\("([\w-]+)"\)', sources)) - known) == []


def test_every_import_exists() -> None:
    names = {name for path in MODULES for name in re.findall(r'from "\./([\w.-]+)"', path.read_text(encoding="utf-8"))}
    assert names <= {path.name for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_module_uses_all_it_imports(path: object) -> None:
    source = (FOLDER / str(path)).read_text(encoding="utf-8")
    names = [name.strip() for group in re.findall(r"import \{([^}]+)\}", source) for name in group.split(",")]
    assert [name for name in names if len(re.findall(rf"\b{name}\b", source)) < 2] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_module_is_short(path: object) -> None:
    assert len((FOLDER / str(path)).read_text(encoding="utf-8").splitlines()) < 300


def test_page_is_small() -> None:
    assert sum(path.stat().st_size for path in FILES) < 200_000


def test_every_file_is_served() -> None:
    assert {f"/{path.relative_to(FOLDER).as_posix()}" for path in FILES} == page_files().keys() - {"/"}


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_module_parses(path: object) -> None:
    done = subprocess.run([str(NODE), "--check", str(FOLDER / str(path))], capture_output=True, check=False, timeout=30)
    assert done.stderr == b""
